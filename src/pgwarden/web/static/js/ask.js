// A conversation: each question becomes a turn with its reading, its SQL, its rows and what can be asked next.
import { events } from "./events.js";
import { colour, setSql, sqlOf } from "./editor.js";
import { button, element, problem } from "./elements.js";
import { say } from "./page.js";
import { planTree } from "./plan.js";
import { rows } from "./rows.js";

const form = document.getElementById("ask");
const steps = document.getElementById("steps");
const stop = document.getElementById("stop");
const conversation = document.getElementById("conversation");
const token = document.querySelector("meta[name=csrf]").content;
const session = `web-${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
const LARGE = "PGW025"; // a read that is expected to be larger than what runs without asking
let running = null;

form.addEventListener("submit", (event) => { event.preventDefault(); ask(form.question.value); });
stop.addEventListener("click", () => running?.abort());
document.addEventListener("keydown", (event) => { if (event.key === "Escape") running?.abort(); });
if (form.dataset.saved) open(form.dataset.saved);
else if (form.dataset.now) ask(form.question.value);

async function ask(question, confirmed = false) {
  if (running || !question.trim()) return;
  running = new AbortController();
  stop.hidden = false;
  steps.replaceChildren();
  try {
    const answer = await fetch("/api/v1/ask/stream", { method: "POST", headers, signal: running.signal, body: JSON.stringify({ question, session, confirmed, database: form.database.value }) });
    if (!answer.ok) { trouble(question, await answer.json()); return; }
    for await (const [name, data] of events(answer.body)) {
      if (name === "step") { if (data.state !== "finished") step(data.words); }
      else if (name === "answer") { turn(data); form.question.value = ""; }
      else { trouble(question, data); }
    }
  } catch (error) {
    trouble(question, stopped(error));
  } finally {
    running = null;
    stop.hidden = true;
    steps.replaceChildren();
    form.question.focus();
  }
}

function step(what) { steps.append(element("li", what)); }

function blank(question) {
  const made = document.getElementById("turn").content.firstElementChild.cloneNode(true);
  made.querySelector(".question").textContent = question;
  conversation.prepend(made);
  return made;
}

function trouble(question, told) {
  const made = blank(question), shown = problem(told);
  made.querySelector(".how").hidden = true;
  made.querySelector(".reading").replaceWith(shown);
  if (told.code === LARGE) shown.append(button("Run it all the same", () => { made.remove(); ask(question, true); }));
}

function turn(answer) {
  const made = blank(answer.question);
  made.querySelector(".reading").textContent = answer.explanation ? `Read as: ${answer.explanation}` : "";
  doubt(made, answer);
  editor(made, answer);
  for (const each of answer.plan?.steps ?? []) made.querySelector(".plan").append(element("li", `${each.agent}: ${each.why || each.name}`));
  for (const text of [...answer.notes, ...answer.warnings]) made.querySelector(".doubt").append(element("p", text, "hint"));
  if (answer.result) rows(made, { ...answer.result, liked: answer.preferences }, reading(made, answer.database));
  for (const option of answer.options) made.querySelector(".doubt").append(button(option.label, () => run(made, option.sql, answer.database), "quiet"));
  if (answer.undo) takenBack(made, answer.undo);
  else if (answer.status === "awaiting_approval") request(made, answer);
  if (answer.status === "refused") made.querySelector(".doubt").append(problem({ what: "Refused.", why: answer.reasons.map((each) => each.message).join("; ") }));
  for (const text of answer.follow_ups) made.querySelector(".follow").append(button(text, () => ask(text)));
  if (answer.turn && answer.sql) feedback(made, answer);
  if (answer.result) keep(made, answer.question, answer.database);
  say(answer.result ? `${answer.result.row_count} rows.` : answer.status.replace("_", " "));
}

function doubt(made, answer) {
  const place = made.querySelector(".doubt");
  if (!answer.clarification) return;
  place.append(element("p", answer.clarification.message));
  const row = element("p", "", "row");
  for (const option of answer.clarification.options) row.append(button(option.label, (event) => choose(made, answer, option, event.target)));
  place.append(row);
}

// A statement is run here, for its question is the one that was not understood; a question is asked; words go on in the box.
function choose(made, answer, option, pressed) {
  if (!option.sql && option.question) { ask(option.question); return; }
  if (!option.sql) { form.question.value = `${answer.question} ${option.label}`; form.question.focus(); return; }
  for (const other of pressed.parentElement.children) other.setAttribute("aria-pressed", String(other === pressed));
  run(made, option.sql, answer.database);
}

function editor(made, answer) {
  const how = made.querySelector(".how"), edit = made.querySelector(".edit"), verdict = made.querySelector(".verdict");
  how.hidden = !answer.sql;
  setSql(edit, answer.sql ?? "");
  let later;
  edit.addEventListener("input", () => { colour(edit); clearTimeout(later); later = setTimeout(judge, 400); });
  how.addEventListener("toggle", () => { if (how.open && !verdict.textContent) judge(); });
  async function judge() {
    const sql = sqlOf(edit);
    const told = await (await fetch("/api/v1/verdicts", { method: "POST", headers, body: JSON.stringify({ sql: sql || " ", database: answer.database }) })).json();
    if (sqlOf(edit) !== sql) return; // a later one is under way
    verdict.textContent = told.decision ? [told.decision.replace("_", " "), ...told.reasons.map((each) => each.message), told.estimated_cost == null ? "" : `estimated cost ${Math.round(told.estimated_cost)}`].filter(Boolean).join(" · ") : told.what;
    made.querySelector(".tree-place").replaceChildren(...[planTree(told.plan)].filter(Boolean));
  }
  made.querySelector(".run").addEventListener("click", () => run(made, sqlOf(edit), answer.database));
}

// Runs the SQL of a turn; Stop closes the connection, which cancels the query on the server.
async function run(made, sql, database = form.database.value, chart = {}, confirmed = false) {
  if (running) return;
  running = new AbortController();
  stop.hidden = false;
  setSql(made.querySelector(".edit"), sql);
  made.querySelector(".how").hidden = false;
  const place = made.querySelector(".rows");
  try {
    const answer = await fetch("/api/v1/reads/stream", { method: "POST", headers, signal: running.signal, body: JSON.stringify({ sql, database, confirmed }) });
    if (!answer.ok) { place.replaceChildren(problem(await answer.json())); return; }
    for await (const [name, data] of events(answer.body)) {
      if (name === "answer") { rows(made, { ...data, liked: { chart: form.dataset.chart } }, reading(made, database), chart); keep(made, made.querySelector(".question").textContent, database); }
      else {
        const shown = problem(data);
        if (data.code === LARGE) shown.append(button("Run it all the same", () => run(made, sql, database, chart, true)));
        place.replaceChildren(shown);
      }
    }
  } catch (error) {
    place.replaceChildren(problem(stopped(error)));
  } finally {
    running = null;
    stop.hidden = true;
  }
}

function stopped(error) {
  return { what: error.name === "AbortError" ? "Stopped; the query was cancelled on the server." : "The connection was lost.", next_step: "Ask again." };
}

// What the rows of a turn were read with, for a file of them.
function reading(made, database) { return { sql: sqlOf(made.querySelector(".edit")), database, headers }; }

async function open(id) {
  const told = await fetch(`/api/v1/questions/${encodeURIComponent(id)}`, { headers });
  const kept = await told.json();
  if (!told.ok) { trouble("A saved question", kept); return; }
  const made = blank(kept.name);
  form.database.value = kept.database;
  made.querySelector(".reading").textContent = [kept.question, kept.own ? "" : `Saved by ${kept.owner}; run with your rights.`].filter(Boolean).join(" · ");
  editor(made, kept);
  await run(made, kept.sql, kept.database, kept.chart);
}

function keep(made, question, database) {
  const place = made.querySelector(".keep"), asked = place.querySelector("form");
  place.hidden = !asked;
  if (!asked) return; // it is kept already
  if (!asked.name_.value) asked.name_.value = question.slice(0, 200);
  asked.onsubmit = async (event) => {
    event.preventDefault();
    const wanted = { name: asked.name_.value, sql: sqlOf(made.querySelector(".edit")), question, database, shared_with: asked.shared_with.value, chart: made.chosen ?? {} };
    const told = await fetch("/api/v1/questions", { method: "POST", headers, body: JSON.stringify(wanted) });
    const body = await told.json();
    place.querySelector(".problem")?.remove();
    if (!told.ok) { asked.after(problem(body)); return; }
    const link = element("a", `Kept as “${body.name}”.`);
    link.href = `/questions/${encodeURIComponent(body.id)}`;
    asked.replaceWith(link);
    link.focus();
    say(link.textContent);
  };
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
    const link = element("a", `Ticket ${body.id} is ${body.status}; ${body.asked.length ? `asked to decide: ${body.asked.join(", ")}` : "nobody is asked"}.`);
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
