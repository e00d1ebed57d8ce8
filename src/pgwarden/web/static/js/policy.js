// The policy is judged while it is typed; the difference to the file stands below it.

const form = document.getElementById("policy");
const verdict = document.getElementById("verdict");
const difference = document.getElementById("difference");
const headers = { "Content-Type": "application/json", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
const signs = { before: "-", after: "+", place: "" };
let later, asked = 0;

form?.text.addEventListener("input", () => { clearTimeout(later); later = setTimeout(judge, 400); });

async function judge() {
  const mine = ++asked;
  const answer = await fetch("/api/v1/admin/policy/verdict", { method: "POST", headers, body: JSON.stringify({ text: form.text.value }) });
  const told = await answer.json();
  if (mine !== asked) return;
  const trouble = answer.ok ? told.trouble : told;
  verdict.textContent = trouble ? `${trouble.what} ${trouble.why}` : told.difference.length ? "It can be followed." : "It is as the file is.";
  verdict.className = trouble ? "error" : "hint";
  difference.hidden = !told.difference?.length;
  difference.replaceChildren(...(told.difference ?? []).map((line) => {
    const made = document.createElement("span");
    made.className = line.side;
    made.textContent = `${signs[line.side] ?? " "}${line.text}\n`;
    return made;
  }));
}
