// What every page does: moments in the reader's own time, SQL in colours, no form sent twice.
const words = /\b(select|from|where|join|left|right|full|inner|outer|on|group|by|order|having|limit|offset|insert|into|values|update|set|delete|using|with|as|and|or|not|in|exists|is|null|case|when|then|else|end|distinct|union|all|except|intersect|between|like|ilike|asc|desc|returning|merge|interval|cast|over|partition|filter|lateral|true|false)\b/i;
const parts = /('(?:[^']|'')*')|(--[^\n]*)|(\b\d+(?:\.\d+)?\b)|([A-Za-z_][\w$]*)|([^A-Za-z_'\d-]+|.)/g;

// The words, texts, numbers and comments of SQL, each with its kind and its place.
export function* tokens(sql) {
  let at = 0;
  for (const [all, string, comment, number, word] of sql.matchAll(parts)) {
    const kind = string ? "str" : comment ? "com" : number ? "num" : word && words.test(word) && words.exec(word)[0] === word ? "kw" : "";
    if (kind) yield [kind, at, at + all.length];
    at += all.length;
  }
}

export function highlight(code) {
  const text = code.textContent;
  code.replaceChildren();
  let done = 0;
  for (const [kind, start, end] of tokens(text)) {
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text.slice(start, end);
    code.append(text.slice(done, start), span);
    done = end;
  }
  code.append(text.slice(done));
}

export function say(text) { document.getElementById("live").textContent = text; }

for (const code of document.querySelectorAll("code[data-sql]")) highlight(code);
for (const time of document.querySelectorAll("time:not([data-relative])")) {
  time.title = time.textContent;
  time.textContent = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  event.target.dataset.sent = "yes";
  say("Sent; waiting for the answer.");
});
window.addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });
