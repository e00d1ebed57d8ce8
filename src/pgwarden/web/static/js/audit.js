// The walk of the chain tells how far it is; without scripts the form's own button walks it, too.
import { events } from "./events.js";
import { say } from "./page.js";

const form = document.getElementById("verify");
const bar = document.getElementById("progress");
const found = document.getElementById("found");
const token = document.querySelector("meta[name=csrf]").content;

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  bar.hidden = false;
  found.replaceChildren();
  try {
    const answer = await fetch("/api/v1/audit/verification/stream", { method: "POST", headers: { "X-CSRF-Token": token } });
    if (!answer.ok) { told("problem", (await answer.json()).what, []); return; }
    for await (const [name, data] of events(answer.body)) {
      if (name === "progress") { bar.max = Math.max(data.of, 1); bar.value = data.entries; bar.textContent = `${data.entries} of ${data.of}`; }
      else if (name === "answer") told(data.intact ? "good" : "problem", data.intact ? "The chain is whole" : "The chain is broken", [`${data.entries.toLocaleString()} entries walked; ${data.covered.toLocaleString()} of them as a checkpoint signed them. The last hash is ${data.hash}`, ...data.findings]);
      else told("problem", data.what, [data.why, data.next_step]);
    }
  } catch {
    told("problem", "The connection was lost.", ["Verify again."]);
  } finally {
    button.disabled = false;
    bar.hidden = true;
  }
});

function told(kind, title, lines) {
  const made = document.createElement("section"), head = document.createElement("h2");
  made.className = kind;
  head.textContent = title;
  made.append(head);
  for (const line of lines.filter(Boolean)) { const each = document.createElement("p"); each.textContent = line; made.append(each); }
  found.replaceChildren(made);
  say(title);
}
