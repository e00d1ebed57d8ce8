// An execution while it runs: what the server tells of it, until it has ended. Without scripts the page shows one look.
import { events } from "./events.js";
import { say } from "./page.js";

const token = document.querySelector("meta[name=csrf]").content;
const SPOKEN = 5000; // milliseconds between two sentences for those who listen; what changes in kind is told at once
const LOST = 2000;

export async function watch(panel) {
  const look = panel.querySelector("[data-look]"), words = panel.querySelector("[data-words]");
  let spoken = 0, kind = "";
  const tell = (text, force) => {
    const now = Date.now(), found = text.replace(/[\d,.]+/g, "#");
    if (!force && found === kind && now - spoken < SPOKEN) return;
    [spoken, kind] = [now, found];
    words.textContent = text;
  };
  for (;;) {
    try {
      const answer = await fetch(panel.dataset.running, { headers: { accept: "text/event-stream" } });
      if (!answer.ok) return;
      for await (const [name, data] of events(answer.body)) {
        if (name === "look") { panel.hidden = false; look.innerHTML = data.html; tell(data.words); }
        if (name === "ended") { over(panel, data, tell); return; }
        if (name === "problem") { tell(data.what, true); return; }
      }
    } catch { tell("The connection was lost; trying again.", true); }
    await new Promise((again) => setTimeout(again, LOST));
  }
}

function over(panel, data, tell) {
  if (panel.hidden) return;
  panel.querySelector("form")?.remove();
  panel.querySelector("h2").textContent = data.execution ? `Done: ${data.ticket}` : `Ended: ${data.ticket}`;
  const link = document.createElement("a"), line = document.createElement("p");
  link.href = data.next;
  link.textContent = data.execution ? "Its proof" : "The ticket";
  line.append(data.words, ". ", link);
  panel.querySelector("[data-look]").replaceChildren(line);
  panel.dispatchEvent(new CustomEvent("ended", { detail: data, bubbles: true }));
  tell(data.words, true);
}

for (const panel of document.querySelectorAll("[data-running]")) watch(panel);

// Whoever runs it stays on the page and sees how far it is; without scripts the answer is the proof itself.
const form = document.querySelector("form[data-runs]");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button"), trouble = document.getElementById("trouble");
  button.disabled = true;
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
