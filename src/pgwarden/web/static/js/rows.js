import { chart, isNumber } from "./chart.js";
import { button, element, problem } from "./elements.js";
import { say } from "./page.js";

const PAGE = 50;

// The rows of a turn: sorted, filtered, a page at a time; with a chart, and as files.
export function rows(made, result, read, chosen = {}) {
  const place = made.querySelector(".rows");
  let shown = result.rows, order = null, page = 0;
  const kinds = result.columns.map((column) => (isNumber(column.type) ? "num" : "")); // exact numbers come as text
  const written = new Map(result.rows.map((row, at) => [row, result.shown?.[at]])); // as the reader's preferences have it
  const words = element("input", "", "filter");
  words.type = "search";
  words.placeholder = "Filter these rows";
  words.setAttribute("aria-label", "Filter these rows");
  const scroll = element("div", "", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Rows");
  const pages = element("p", "", "row pages");
  const told = element("p", [`${result.row_count.toLocaleString()} row${result.row_count === 1 ? "" : "s"}`, `${Math.round(result.milliseconds)} ms`, result.estimated_cost == null ? "" : `expected: cost ${Math.round(result.estimated_cost).toLocaleString()}, about ${Math.round(result.estimated_rows).toLocaleString()} rows`, result.cached ? "from the cache" : "", result.more].filter(Boolean).join(" · "), "hint");
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
      th.className = kinds[at];
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
        td.className = kinds[at];
      });
    }
    scroll.replaceChildren(table);
    const last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
    pages.replaceChildren();
    if (last) pages.append(button("Back", () => { page = Math.max(0, page - 1); draw(); }), element("span", `Page ${page + 1} of ${last + 1}`), button("On", () => { page = Math.min(last, page + 1); draw(); }));
  }
  draw();
  chart(made, result, chosen);
  tools(made.querySelector(".tools"), result, read);
}

function tools(place, result, read) {
  const names = result.columns.map((column) => column.name);
  const cell = (value) => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
  place.replaceChildren(
    button("Copy", async () => { await navigator.clipboard.writeText([names, ...result.rows].map((row) => row.map(cell).join("\t")).join("\n")); say("Copied."); }),
    ...[["CSV", "csv"], ["JSON", "json"], ["Excel", "xlsx"], ["Parquet", "parquet"]].map(([title, form]) => button(title, () => save(place, read, form))),
  );
}

// The rows are there, so running it was said yes to. The file is made on the server: masked like the page, bounded, harmless in a spreadsheet, and in the audit.
async function save(place, { sql, database, headers }, form) {
  place.parentElement.querySelector(".tools + .problem")?.remove();
  const told = await fetch("/api/v1/reads/file", { method: "POST", headers, body: JSON.stringify({ sql, database, form, confirmed: true }) });
  if (!told.ok) { place.after(problem(await told.json())); return; }
  const link = element("a");
  link.href = URL.createObjectURL(await told.blob());
  link.download = `rows.${form}`;
  link.click();
  URL.revokeObjectURL(link.href);
  say(`Saved rows.${form}.`);
}
