// A conversation: each question becomes a turn with its reading, its SQL, its rows and what can be asked next.
import { events } from "./events.js";
import { say } from "./page.js";

const form = document.getElementById("ask");
const steps = document.getElementById("steps");
const stop = document.getElementById("stop");
const conversation = document.getElementById("conversation");
const token = document.querySelector("meta[name=csrf]").content;
const session = `web-${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
const PAGE = 50;
let running = null;

form.addEventListener("submit", (event) => { event.preventDefault(); ask(form.question.value); });
stop.addEventListener("click", () => running?.abort());
document.addEventListener("keydown", (event) => { if (event.key === "Escape") running?.abort(); });
if (form.dataset.now) ask(form.question.value);

async function ask(question) {
  if (running || !question.trim()) return;
  running = new AbortController();
  stop.hidden = false;
  steps.replaceChildren();
  try {
    const answer = await fetch("/api/v1/ask/stream", { method: "POST", headers, signal: running.signal, body: JSON.stringify({ question, session, database: form.database.value }) });
    if (!answer.ok) { trouble(question, await answer.json()); return; }
    for await (const [name, data] of events(answer.body)) {
      if (name === "step") { if (data.state !== "finished") step(data.words); }
      else if (name === "answer") { turn(data); form.question.value = ""; }
      else { trouble(question, data); }
    }
  } catch (error) {
    trouble(question, { what: error.name === "AbortError" ? "Stopped; the query was cancelled on the server." : "The connection was lost.", next_step: "Ask again." });
  } finally {
    running = null;
    stop.hidden = true;
    steps.replaceChildren();
    form.question.focus();
  }
}

function step(what) { steps.append(element("li", what)); }

function element(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function button(text, work, kind = "") {
  const made = element("button", text, kind);
  made.type = "button";
  made.addEventListener("click", work);
  return made;
}

function blank(question) {
  const made = document.getElementById("turn").content.firstElementChild.cloneNode(true);
  made.querySelector(".question").textContent = question;
  conversation.prepend(made);
  return made;
}

function problem(told) {
  const made = element("section", "", "problem");
  made.setAttribute("role", "alert");
  made.append(element("h3", told.what));
  for (const text of [told.why, told.not_done, told.next_step]) if (text) made.append(element("p", text));
  return made;
}

function trouble(question, told) {
  const made = blank(question);
  made.querySelector(".how").hidden = true;
  made.querySelector(".reading").replaceWith(problem(told));
}

function turn(answer) {
  const made = blank(answer.question);
  made.querySelector(".reading").textContent = answer.explanation ? `Read as: ${answer.explanation}` : "";
  doubt(made, answer);
  editor(made, answer);
  for (const each of answer.plan?.steps ?? []) made.querySelector(".plan").append(element("li", `${each.agent}: ${each.why || each.name}`));
  for (const text of [...answer.notes, ...answer.warnings]) made.querySelector(".doubt").append(element("p", text, "hint"));
  if (answer.result) rows(made, { ...answer.result, liked: answer.preferences });
  for (const option of answer.options) made.querySelector(".doubt").append(button(option.label, () => run(made, option.sql, answer.database), "quiet"));
  if (answer.undo) takenBack(made, answer.undo);
  else if (answer.status === "awaiting_approval") request(made, answer);
  if (answer.status === "refused") made.querySelector(".doubt").append(problem({ what: "Refused.", why: answer.reasons.map((each) => each.message).join("; ") }));
  for (const text of answer.follow_ups) made.querySelector(".follow").append(button(text, () => ask(text)));
  if (answer.turn && answer.sql) feedback(made, answer);
  say(answer.result ? `${answer.result.row_count} rows.` : answer.status.replace("_", " "));
}

function doubt(made, answer) {
  const place = made.querySelector(".doubt");
  if (!answer.clarification) return;
  place.append(element("p", answer.clarification.message));
  const row = element("p", "", "row");
  for (const option of answer.clarification.options) row.append(button(option.label, () => (option.question ? ask(option.question) : run(made, option.sql))));
  place.append(row);
}

function editor(made, answer) {
  const how = made.querySelector(".how"), edit = made.querySelector(".edit"), verdict = made.querySelector(".verdict");
  how.hidden = !answer.sql;
  edit.value = answer.sql ?? "";
  let later;
  edit.addEventListener("input", () => { clearTimeout(later); later = setTimeout(judge, 400); });
  async function judge() {
    const told = await (await fetch("/api/v1/verdicts", { method: "POST", headers, body: JSON.stringify({ sql: edit.value || " ", database: answer.database }) })).json();
    verdict.textContent = told.decision ? [told.decision.replace("_", " "), ...told.reasons.map((each) => each.message), told.estimated_cost == null ? "" : `estimated cost ${Math.round(told.estimated_cost)}`].filter(Boolean).join(" · ") : told.what;
  }
  made.querySelector(".run").addEventListener("click", () => run(made, edit.value, answer.database));
}

async function run(made, sql, database = form.database.value) {
  const told = await fetch("/api/v1/reads", { method: "POST", headers, body: JSON.stringify({ sql, database }) });
  const body = await told.json();
  made.querySelector(".edit").value = sql;
  made.querySelector(".how").hidden = false;
  if (told.ok) rows(made, body); else made.querySelector(".rows").replaceChildren(problem(body));
}

function rows(made, result) {
  const place = made.querySelector(".rows");
  let shown = result.rows, order = null, page = 0;
  const written = new Map(result.rows.map((row, at) => [row, result.shown?.[at]])); // as the reader's preferences have it
  const words = element("input");
  words.type = "search";
  words.placeholder = "Filter these rows";
  words.setAttribute("aria-label", "Filter these rows");
  const scroll = element("div", "", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Rows");
  const pages = element("p", "", "row");
  const told = element("p", [`${result.row_count.toLocaleString()} row${result.row_count === 1 ? "" : "s"}`, `${Math.round(result.milliseconds)} ms`, result.cached ? "from the cache" : "", result.more].filter(Boolean).join(" · "), "hint");
  place.replaceChildren(...(result.rows.length > 10 ? [words] : []), scroll, pages, told);
  words.addEventListener("input", () => {
    const wanted = words.value.toLowerCase();
    shown = result.rows.filter((row) => row.some((value) => String(value).toLowerCase().includes(wanted)));
    page = 0;
    draw();
  });
  function sort(at) {
    const down = order && order.at === at && !order.down;
    order = { at, down };
    const number = (value) => (value === null || value === "" ? NaN : Number(value));
    shown = [...shown].sort((a, b) => {
      const [x, y] = [number(a[at]), number(b[at])];
      const way = Number.isNaN(x) || Number.isNaN(y) ? String(a[at]).localeCompare(String(b[at])) : x - y;
      return down ? -way : way;
    });
    page = 0;
    draw();
  }
  function draw() {
    const table = element("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    result.columns.forEach((column, at) => {
      const th = element("th");
      th.scope = "col";
      if (order?.at === at) th.ariaSort = order.down ? "descending" : "ascending";
      th.append(button(column.name + (column.masked ? " (masked)" : ""), () => sort(at)));
      head.append(th);
    });
    for (const row of shown.slice(page * PAGE, (page + 1) * PAGE)) {
      const tr = body.insertRow();
      row.forEach((value, at) => {
        const td = tr.insertCell();
        if (value === null) td.append(element("span", "null", "null"));
        else if (written.get(row)?.[at] != null) td.textContent = written.get(row)[at];
        else td.textContent = typeof value === "object" ? JSON.stringify(value) : String(value);
        if (typeof value === "number") td.className = "num";
      });
    }
    scroll.replaceChildren(table);
    const last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
    pages.replaceChildren();
    if (last) pages.append(button("Back", () => { page = Math.max(0, page - 1); draw(); }), element("span", `Page ${page + 1} of ${last + 1}`), button("On", () => { page = Math.min(last, page + 1); draw(); }));
  }
  draw();
  chart(made.querySelector(".chart"), result);
  tools(made.querySelector(".tools"), result);
}

// Bars for one label and one number a row: the shape that most business questions come back in.
function chart(place, result) {
  place.replaceChildren();
  if (result.liked?.chart === "none") return;
  const numeric = (at) => result.rows.every((row) => row[at] !== null && row[at] !== "" && Number.isFinite(Number(row[at])));
  if (result.columns.length !== 2 || result.rows.length < 2 || result.rows.length > 40 || !numeric(1) || (numeric(0) && typeof result.rows[0][0] === "number" && result.rows.length > 31)) return;
  const svg = (name, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const values = result.rows.map((row) => Number(row[1])), most = Math.max(...values.map(Math.abs)) || 1;
  const picture = svg("svg", { viewBox: `0 0 640 ${result.rows.length * 22}`, width: 640, role: "img", "aria-label": `Bars of ${result.columns[1].name} by ${result.columns[0].name}` });
  if (result.liked?.chart === "line" && values.length > 1) {
    const across = (at) => 20 + (at * 600) / (values.length - 1), up = (value) => 90 - (Math.abs(value) / most) * 80;
    picture.setAttribute("viewBox", "0 0 640 120");
    picture.setAttribute("aria-label", `A line of ${result.columns[1].name} by ${result.columns[0].name}`);
    picture.append(svg("polyline", { class: "line", points: values.map((value, at) => `${across(at)},${up(value)}`).join(" "), fill: "none", stroke: "currentColor", "stroke-width": 2 }));
    for (const at of [0, values.length - 1]) picture.append(svg("text", { x: across(at), y: 112, "text-anchor": at ? "end" : "start" }, String(result.rows[at][0] ?? "null").slice(0, 24)));
    place.append(picture);
    return;
  }
  result.rows.forEach((row, at) => {
    const wide = (Math.abs(values[at]) / most) * 330;
    picture.append(svg("text", { x: 170, y: at * 22 + 15, "text-anchor": "end" }, String(row[0] ?? "null").slice(0, 24)), svg("rect", { class: "mark", x: 180, y: at * 22 + 3, width: Math.max(1, wide), height: 16, rx: 2 }), svg("text", { x: 186 + wide, y: at * 22 + 15 }, String(row[1])));
  });
  place.append(picture);
}

function tools(place, result) {
  const names = result.columns.map((column) => column.name);
  const cell = (value) => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
  // A leading sign would make a spreadsheet run the text as a formula.
  const quoted = (value) => { const text = cell(value), safe = typeof value === "string" && /^[=+@\t\r-]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text; return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe; };
  const csv = () => [names, ...result.rows].map((row) => row.map(quoted).join(",")).join("\r\n");
  const json = () => JSON.stringify(result.rows.map((row) => Object.fromEntries(row.map((value, at) => [names[at], value]))), null, 2);
  const save = (text, type, ending) => {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `rows.${ending}`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  place.replaceChildren(
    button("Copy", async () => { await navigator.clipboard.writeText([names, ...result.rows].map((row) => row.map(cell).join("\t")).join("\n")); say("Copied."); }),
    button("CSV", () => save(csv(), "text/csv", "csv")),
    button("JSON", () => save(json(), "application/json", "json")),
  );
}

function takenBack(made, undo) {
  const place = made.querySelector(".doubt"), steps = element("ol"), next = element("p", undo.next);
  for (const text of undo.steps) steps.append(element("li", text));
  place.append(element("p", "Taking it back would do this. Nothing was changed yet."), steps, next);
  if (!undo.ticket) return;
  const link = element("a", `Ticket ${undo.ticket}`);
  link.href = `/tickets/${encodeURIComponent(undo.ticket)}`;
  next.append(" ", link);
}

function request(made, answer) {
  const place = made.querySelector(".doubt"), impact = answer.assessment?.impact, risk = answer.assessment?.risk;
  place.append(element("p", "This needs a person's approval. Nothing was run."));
  if (risk) place.append(element("p", `Risk ${risk.level}`, `badge ${risk.level.toLowerCase()}`));
  const list = element("ul");
  for (const finding of risk?.findings ?? []) list.append(element("li", finding.message));
  for (const table of impact?.tables ?? []) list.append(element("li", `${table.table}: ${["inserted", "updated", "deleted"].filter((kind) => table[kind].rows).map((kind) => `${table[kind].rows.toLocaleString()} ${kind}`).join(", ") || "no rows"}`));
  const asked = element("form", "", "row"), label = element("label", "Why it is wanted; whoever decides reads it", "grow"), reason = element("input"), send = element("button", "Ask for approval", "primary");
  reason.required = true;
  label.append(reason);
  asked.append(label, send);
  asked.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    const told = await fetch("/api/v1/tickets", { method: "POST", headers, body: JSON.stringify({ sql: answer.sql, database: answer.database, reason: reason.value }) });
    const body = await told.json();
    if (!told.ok) { asked.after(problem(body)); send.disabled = false; return; }
    const link = element("a", `Ticket ${body.id} is ${body.status}; ${body.asked.length ? `${body.asked.join(", ")} decide` : "nobody is asked"}.`);
    link.href = `/tickets/${encodeURIComponent(body.id)}`;
    asked.replaceWith(link);
    say(link.textContent);
  });
  place.append(list, asked);
}

function feedback(made, answer) {
  const send = async (right) => {
    const told = await fetch(`/api/v1/turns/${encodeURIComponent(answer.turn)}/feedback`, { method: "POST", headers, body: JSON.stringify({ right }) });
    say(told.ok ? "Remembered: it changes the next answer." : (await told.json()).what);
  };
  const share = button("Copy a link to it", async () => { await navigator.clipboard.writeText(`${location.origin}/ask?${new URLSearchParams({ database: answer.database, q: answer.question })}`); say("Copied."); });
  made.querySelector(".follow").append(button("That is right", () => send(true), "quiet"), button("That is wrong", () => send(false), "quiet"), share);
}
