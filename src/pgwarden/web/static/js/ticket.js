// An open ticket follows what happens to it: its status, a banner with what changed, and the execution while it runs.
import { followed } from "./events.js";
import { watch } from "./running.js";

const banner = document.querySelector("[data-news]"), panel = document.querySelector("[data-running]");

async function follow() {
  for await (const [name, data] of followed(banner.dataset.news)) {
    if (name === "problem") return;
    if (name !== "news") continue;
    status(data.status);
    if (data.events.length) told(data);
    if (data.status === "EXECUTING") watch(panel);
  }
}

function status(text) {
  const badge = document.querySelector("[data-status] .badge");
  badge.textContent = text;
  badge.className = `badge ${text.toLowerCase()}`;
}

function told(data) {
  const head = document.createElement("p"), list = document.createElement("ul"), link = document.createElement("a");
  head.append("This ticket changed since you opened it:");
  for (const text of data.events) { const line = document.createElement("li"); line.textContent = text; list.append(line); }
  link.href = location.pathname;
  link.className = "button";
  link.textContent = "Show it as it is now";
  banner.replaceChildren(head, list, link);
  for (const hint of document.querySelectorAll("[data-stale]")) hint.hidden = false;
}

follow();
