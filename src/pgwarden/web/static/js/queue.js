// The queue follows what happens to its tickets: they come, change and go in place. What is ticked, typed and focused stays.
import { followed } from "./events.js";

const queue = document.getElementById("queue"), list = queue.querySelector(".cards"), told = queue.querySelector("[data-told]");
const REACHED = "a, button, input:not([type=hidden])";
const MOST = 4; // sentences at a time
const given = new WeakMap(); // the markup of each piece as it came: what an extension of the browser adds to it is no news

function markup(piece) {
  if (!given.has(piece)) given.set(piece, piece.outerHTML);
  return given.get(piece);
}

async function follow() {
  for await (const [name] of followed(queue.dataset.news)) {
    if (name === "problem") return;
    if (name === "news") await refresh().catch(() => {}); // the connection was lost: the stream tells it again
  }
}

async function refresh() {
  const answer = await fetch(queue.dataset.address, { headers: { accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("queue");
  if (!fresh) return; // the login has ended
  const before = shown(), focused = document.activeElement, place = cards().indexOf(focused.closest?.("[data-ticket]"));
  for (const piece of queue.querySelectorAll("[data-piece]")) renewed(piece, fresh.querySelector(`[data-piece=${piece.dataset.piece}]`));
  merge([...fresh.querySelectorAll("[data-ticket]")]);
  if (focused.isConnected) focused.focus({ preventScroll: true }); // it may have been moved
  else if (place >= 0 && !list.contains(document.activeElement)) (cards()[place] ?? cards().at(-1) ?? queue).querySelector("a").focus();
  const news = sentences(before, shown());
  if (news.length > MOST) news.splice(MOST - 1, news.length, `${news.length - MOST + 1} more changed.`);
  if (news.length) told.textContent = news.join(" ");
}

function cards() { return [...list.children]; }

// The cards in the order of the fresh ones; those that are where they belong are not touched.
function merge(fresh) {
  const known = new Map(cards().map((card) => [card.dataset.ticket, card])), wanted = new Set(fresh.map((card) => card.dataset.ticket));
  for (const [id, card] of known) if (!wanted.has(id)) card.remove();
  let at = list.firstElementChild;
  for (const card of fresh) {
    markup(card);
    const old = known.get(card.dataset.ticket), kept = old ? renewed(old, card) : card;
    if (old === at && at) at = kept.nextElementSibling;
    else list.insertBefore(kept, at);
  }
}

// A piece as it is now, in the place of what was shown.
function renewed(old, fresh) {
  if (markup(old) === markup(fresh)) return old;
  const before = [...old.querySelectorAll("input[name]")], reached = [...old.querySelectorAll(REACHED)].indexOf(document.activeElement);
  for (const field of fresh.querySelectorAll("input[name]:not([type=hidden])")) {
    const same = before.find((each) => each.name === field.name && (field.type !== "checkbox" || each.value === field.value));
    if (same) [field.value, field.checked] = [same.value, same.checked];
  }
  old.replaceWith(fresh);
  if (reached >= 0) (fresh.querySelectorAll(REACHED)[reached] ?? fresh.querySelector(REACHED))?.focus({ preventScroll: true });
  return fresh;
}

function shown() {
  return new Map(cards().map((card) => [card.dataset.ticket, {
    status: card.dataset.status, html: markup(card), title: card.querySelector("h2").textContent, ticked: card.querySelector("input")?.checked,
  }]));
}

function sentences(before, after) {
  const said = [];
  for (const [id, now] of after) {
    const was = before.get(id);
    if (!was) said.push(`New: ${id}, ${now.title}.`);
    else if (was.html !== now.html) said.push(`${id} ${was.status === now.status ? "changed" : `is ${now.status} now`}.${was.ticked && !now.ticked ? " It is no longer ticked." : ""}`);
  }
  for (const id of before.keys()) if (!after.has(id)) said.push(`${id} is no longer among these.`);
  return said;
}

for (const piece of queue.querySelectorAll("[data-piece], [data-ticket]")) markup(piece);
follow();
