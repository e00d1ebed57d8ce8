// A map of tables on a canvas: from afar their places and how they hang together, nearer their names, nearer still
// their keys. Everything that is chosen is told in words below, and every step can be made by keyboard.
import { button, element, problem } from "./elements.js";
import { say } from "./page.js";

const canvas = document.getElementById("map"), told = document.getElementById("chosen"), form = document.getElementById("find");
const near = document.getElementById("near"), pen = canvas.getContext("2d");
const WIDE = 190, LINE = 16, STEPS = 60;
const AHEAD = [[1, -1], [1, 0], [1, 1], [0, 1]]; // each pair of cells once
const view = { x: 0, y: 0, zoom: 1 };
let map = { tables: [], edges: [] }, chosen = -1, waiting = false;

const answer = await fetch(`/api/v1/databases/${encodeURIComponent(canvas.dataset.database)}/map`);
if (!answer.ok) told.replaceChildren(problem(await answer.json()));
else {
  map = await answer.json();
  map.near = map.tables.map(() => new Map());
  for (const edge of map.edges) { map.near[edge.table].set(edge.foreign, edge); if (!map.near[edge.foreign].has(edge.table)) map.near[edge.foreign].set(edge.table, edge); }
  for (const table of map.tables) { table.high = 26 + LINE * table.keys.length; document.getElementById("tables").append(new Option(table.name)); }
  layOut();
  resize();
  whole();
  tell();
  canvas.dataset.drawn = map.tables.length;
}

// Springs between tables that refer to each other, distance between all that come near: the same picture each time.
function layOut() {
  const { tables, edges } = map, gap = 260;
  order().forEach((at, n) => { const far = gap * Math.sqrt(n), turn = n * 2.39996; tables[at].x = far * Math.cos(turn); tables[at].y = far * Math.sin(turn); });
  for (let step = 0; step < STEPS; step++) {
    const cold = 1 - step / STEPS, cells = new Map(), cell = gap * 1.5;
    for (const table of tables) { table.dx = 0; table.dy = 0; const key = `${Math.floor(table.x / cell)},${Math.floor(table.y / cell)}`; cells.has(key) ? cells.get(key).push(table) : cells.set(key, [table]); }
    for (const [key, here] of cells) {
      const [column, row] = key.split(",").map(Number);
      here.forEach((table, at) => { for (let next = at + 1; next < here.length; next++) apart(table, here[next], gap, cell); });
      for (const [i, j] of AHEAD) for (const other of cells.get(`${column + i},${row + j}`) ?? []) for (const table of here) apart(table, other, gap, cell);
    }
    for (const edge of edges) {
      const a = tables[edge.table], b = tables[edge.foreign], x = b.x - a.x, y = b.y - a.y, far = Math.hypot(x, y) || 1, pull = (0.25 * (far - gap)) / far;
      a.dx += x * pull; a.dy += y * pull; b.dx -= x * pull; b.dy -= y * pull;
    }
    for (const table of tables) { const far = Math.hypot(table.dx, table.dy) || 1, most = Math.min(far, gap * cold); table.x += (table.dx / far) * most - table.x * 0.003; table.y += (table.dy / far) * most - table.y * 0.003; }
  }
}

function apart(table, other, gap, cell) {
  const x = table.x - other.x || 0.1, y = table.y - other.y || 0.1, far = x * x + y * y;
  if (far > cell * cell) return;
  const push = (0.5 * gap * gap) / far;
  table.dx += x * push; table.dy += y * push; other.dx -= x * push; other.dy -= y * push;
}

// Neighbours one after the other, so that they begin near each other.
function order() {
  const found = [], seen = new Set();
  for (let start = 0; start < map.tables.length; start++) {
    const queue = seen.has(start) ? [] : [start];
    seen.add(start);
    for (let at; (at = queue.shift()) !== undefined;) { found.push(at); for (const next of map.near[at].keys()) if (!seen.has(next)) { seen.add(next); queue.push(next); } }
  }
  return found;
}

function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; paint(); });
}

function paint() {
  const scale = devicePixelRatio, style = getComputedStyle(document.body), of = (name) => style.getPropertyValue(name).trim();
  const wide = canvas.clientWidth, high = canvas.clientHeight;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.fillStyle = of("--paper");
  pen.fillRect(0, 0, wide, high);
  pen.setTransform(scale * view.zoom, 0, 0, scale * view.zoom, scale * (wide / 2 - view.x * view.zoom), scale * (high / 2 - view.y * view.zoom));
  const left = view.x - wide / 2 / view.zoom, top = view.y - high / 2 / view.zoom, right = left + wide / view.zoom, bottom = top + high / view.zoom;
  const some = near.checked && chosen >= 0, shown = (at) => !some || at === chosen || map.near[chosen].has(at);
  pen.lineWidth = 1 / view.zoom;
  for (const edge of map.edges) {
    if (!shown(edge.table) || !shown(edge.foreign)) continue;
    const a = map.tables[edge.table], b = map.tables[edge.foreign];
    if (Math.max(a.x, b.x) < left || Math.min(a.x, b.x) > right || Math.max(a.y, b.y) < top || Math.min(a.y, b.y) > bottom) continue;
    const mine = edge.table === chosen || edge.foreign === chosen;
    pen.strokeStyle = mine ? of("--accent") : of("--line");
    pen.lineWidth = (mine ? 2 : 1) / view.zoom;
    pen.setLineDash(edge.inferred ? [6 / view.zoom, 4 / view.zoom] : []);
    pen.beginPath();
    pen.moveTo(a.x, a.y);
    pen.lineTo(b.x, b.y);
    pen.stroke();
  }
  pen.setLineDash([]);
  map.tables.forEach((table, at) => {
    if (!shown(at) || table.x + WIDE < left || table.x - WIDE > right || table.y + 150 < top || table.y - 150 > bottom) return;
    box(table, at === chosen, chosen >= 0 && map.near[chosen].has(at), of);
  });
}

function box(table, is, beside, of) {
  const close = view.zoom > 0.75, high = close ? table.high : 26, x = table.x - WIDE / 2, y = table.y - high / 2;
  pen.fillStyle = is ? of("--accent") : of("--ground");
  pen.strokeStyle = is || beside ? of("--accent") : of("--soft");
  pen.lineWidth = (is || beside ? 2 : 1) / view.zoom;
  pen.fillRect(x, y, WIDE, high);
  pen.strokeRect(x, y, WIDE, high);
  if (view.zoom < 0.3 && !is) return;
  pen.fillStyle = is ? of("--on-accent") : of("--ink");
  pen.font = "600 13px sans-serif";
  pen.fillText(cut(table.name.replace(/^public\./, "")), x + 8, y + 18);
  if (!close) return;
  pen.font = "12px sans-serif";
  table.keys.forEach((key, n) => pen.fillText(cut(key), x + 8, y + 34 + n * LINE));
}

function cut(text) { return text.length > 25 ? `${text.slice(0, 24)}…` : text; }

function whole() {
  const xs = map.tables.map((table) => table.x), ys = map.tables.map((table) => table.y);
  if (!xs.length) return;
  const [left, right] = [Math.min(...xs) - WIDE, Math.max(...xs) + WIDE], [top, bottom] = [Math.min(...ys) - 100, Math.max(...ys) + 100];
  view.x = (left + right) / 2;
  view.y = (top + bottom) / 2;
  view.zoom = Math.min(canvas.clientWidth / (right - left), canvas.clientHeight / (bottom - top), 1.2);
  draw();
}

function choose(at) {
  chosen = at;
  if (at >= 0) { view.x = map.tables[at].x; view.y = map.tables[at].y; view.zoom = Math.max(view.zoom, 1); }
  tell();
  draw();
}

function tell() {
  told.replaceChildren();
  canvas.setAttribute("aria-label", chosen < 0 ? `A map of ${map.tables.length} tables with ${map.edges.length} references` : `The map at ${map.tables[chosen].name}`);
  if (chosen < 0) {
    told.append(element("p", `${map.tables.length.toLocaleString()} tables, ${map.edges.length.toLocaleString()} references${map.left_out ? `; ${map.left_out.toLocaleString()} more tables are not on it` : ""}.`));
    return;
  }
  const table = map.tables[chosen], link = element("a", "Look at the table"), list = element("ul", "", "lines");
  link.href = `/schema/${encodeURIComponent(map.database)}/${encodeURIComponent(table.name)}`;
  told.append(element("h2", table.name), element("p", `${table.columns} columns${table.rows >= 0 ? `, about ${Math.round(table.rows).toLocaleString()} rows` : ""}; keys: ${table.keys.join(", ") || "none"}.`), link, list);
  for (const [at, edge] of map.near[chosen]) {
    const item = element("li");
    item.append(button(map.tables[at].name, () => choose(at)), element("span", ` ${edge.table === chosen ? "is referred to by" : "refers here by"} ${edge.label}${edge.inferred ? ", which no key declares" : ""}`, "hint"));
    list.append(item);
  }
  if (!map.near[chosen].size) list.append(element("li", "No table belongs to it."));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = form.table.value.trim().toLowerCase(), names = map.tables.map((table) => table.name.toLowerCase());
  const at = [(name) => name === wanted, (name) => name.endsWith(`.${wanted}`), (name) => name.includes(wanted)].map((is) => names.findIndex(is)).find((found) => found >= 0) ?? -1;
  if (!wanted || at < 0) { say("There is no such table."); told.replaceChildren(element("p", "There is no such table.")); return; }
  choose(at);
  canvas.focus();
});
document.getElementById("whole").addEventListener("click", () => { chosen = -1; near.checked = false; tell(); whole(); });
near.addEventListener("change", draw);

function zoom(by, x = 0, y = 0) {
  const after = Math.min(3, Math.max(0.01, view.zoom * by));
  view.x += x / view.zoom - x / after;
  view.y += y / view.zoom - y / after;
  view.zoom = after;
  draw();
}

canvas.addEventListener("keydown", (event) => {
  const step = 80 / view.zoom, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (moves[event.key]) { view.x += moves[event.key][0]; view.y += moves[event.key][1]; draw(); }
  else if ("+=".includes(event.key)) zoom(1.25);
  else if ("-−".includes(event.key)) zoom(0.8);
  else if (event.key === "0") whole();
  else return;
  event.preventDefault();
});
const offset = (event) => { const place = canvas.getBoundingClientRect(); return [event.clientX - place.left - place.width / 2, event.clientY - place.top - place.height / 2]; };
canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.15 : 0.87, ...offset(event)); }, { passive: false });
const held = new Map();
let moved = 0;
canvas.addEventListener("pointerdown", (event) => { held.set(event.pointerId, event); moved = 0; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener("pointermove", (event) => {
  const before = held.get(event.pointerId);
  if (!before) return;
  const others = [...held.values()].filter((each) => each.pointerId !== event.pointerId);
  moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
  if (others.length) zoom(Math.hypot(event.clientX - others[0].clientX, event.clientY - others[0].clientY) / (Math.hypot(before.clientX - others[0].clientX, before.clientY - others[0].clientY) || 1));
  else { view.x -= (event.clientX - before.clientX) / view.zoom; view.y -= (event.clientY - before.clientY) / view.zoom; draw(); }
  held.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => {
  held.delete(event.pointerId);
  if (end !== "pointerup" || moved > 6) return;
  const [x, y] = offset(event), at = { x: view.x + x / view.zoom, y: view.y + y / view.zoom };
  const hit = map.tables.findIndex((table) => Math.abs(table.x - at.x) < WIDE / 2 && Math.abs(table.y - at.y) < (view.zoom > 0.75 ? table.high : 26) / 2);
  if (hit >= 0) choose(hit);
});

function resize() {
  canvas.width = canvas.clientWidth * devicePixelRatio;
  canvas.height = canvas.clientHeight * devicePixelRatio;
  draw();
}
new ResizeObserver(resize).observe(canvas);
