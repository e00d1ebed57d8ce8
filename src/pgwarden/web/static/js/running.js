// An execution while it runs: what the server tells of it, until it has ended. Without scripts the page shows one look.
import { followed } from "./events.js";
import { say } from "./page.js";

const token = document.querySelector("meta[name=csrf]").content;
const SPOKEN = 5000; // milliseconds between two sentences for those who listen; what changes in kind is told at once

export async function watch(panel) {
  if (panel.dataset.watched) return;
  panel.dataset.watched = "yes";
  try { await follow(panel); } finally { delete panel.dataset.watched; }
}

async function follow(panel) {
  const look = panel.querySelector("[data-look]"), words = panel.querySelector("[data-words]");
  let spoken = 0, kind = "";
  const tell = (text, force) => {
    const now = Date.now(), found = text.replace(/[\d,.]+/g, "#");
    if (!force && found === kind && now - spoken < SPOKEN) return;
    [spoken, kind] = [now, found];
    words.textContent = text;
  };
  for await (const [name, data] of followed(panel.dataset.running)) {
    if (name === "look") { panel.hidden = panel.querySelector("form").hidden = false; look.innerHTML = data.html; tell(data.words); }
    if (name === "lost") tell("The connection was lost; trying again.", true);
    if (name === "problem") { tell(data.what, true); return; }
    if (name === "ended") { over(panel, data, tell); return; }
  }
}

function over(panel, data, tell) {
  if (panel.hidden) return; // nobody ran it while it was watched
  panel.querySelector("form").hidden = true;
  panel.querySelector("h2").textContent = data.execution ? `Done: ${data.ticket}` : `Ended: ${data.ticket}`;
  const link = document.createElement("a"), line = document.createElement("p");
  link.href = data.next;
  link.textContent = data.execution ? "Its proof" : "The ticket";
  line.append(data.words, ". ", link);
  panel.querySelector("[data-look]").replaceChildren(line);
  tell(data.words, true);
}

for (const panel of document.querySelectorAll("[data-running]:not([hidden])")) watch(panel);

// Whoever runs it stays on the page and sees how far it is; without scripts the answer is the proof itself.
const form = document.querySelector("form[data-runs]");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button"), trouble = document.getElementById("trouble");
  button.disabled = true;
  watch(document.querySelector("[data-running]"));
  say("It is being run.");
  try {
    const answer = await fetch(form.dataset.runs, { method: "POST", headers: { "X-CSRF-Token": token } });
    const told = await answer.json();
    if (answer.ok) { location.assign(form.dataset.proof + encodeURIComponent(told.id)); return; }
    trouble.replaceChildren(...[told.what, told.why, told.not_done, told.next_step].filter(Boolean).map((text) => {
      const line = document.createElement("p");
      line.textContent = text;
      return line;
    }));
    trouble.hidden = false;
    trouble.focus();
  } catch { say("The connection was lost. Load the page again to see what became of it."); }
});
