// A chart of rows by Vega-Lite: chosen for their shape, changed by their reader. Expressions are interpreted, never
// compiled, so the page's policy needs no 'unsafe-eval'; nothing is loaded from elsewhere.
import { element } from "./elements.js";

const MARKS = { bars: "bar", line: "line", area: "area", points: "point" };
const NUMBER = /^(smallint|integer|bigint|numeric|decimal|real|double precision|money|int[248]?|float[48]?)\b/;
export const isNumber = (type) => NUMBER.test(type);
const MOMENT = /^(date|timestamp)/;
const ORDINAL = /(^|_)(year|quarter|month|week|day|hour|dow)$/i;
const IDENTIFIER = /(^|_)(id|no|nr|number|code|zip)$/i;
const MOST_BARS = 60;
const MOST_COLOURS = 12;
let parts = null;

// Where the scripts are fetched: once, when a first chart is drawn.
function vega() {
  parts ??= (async () => {
    for (const name of ["vega.min.js", "vega-lite.min.js"]) await script(new URL(`../vendor/${name}`, import.meta.url).href);
    const { expressionInterpreter } = await import("../vendor/vega-interpreter.js");
    return { ...globalThis, expressionInterpreter };
  })();
  return parts;
}

function script(address) {
  return new Promise((done, failed) => {
    const made = document.createElement("script");
    made.src = address;
    made.onload = done;
    made.onerror = () => failed(new Error("the chart's script did not come"));
    document.head.append(made);
  });
}

// What each column can be in a chart: number, moment, ordinal or label.
export function roles(result) {
  return result.columns.map((column, at) => {
    if (column.masked) return "masked";
    if (MOMENT.test(column.type)) return "moment";
    if (!isNumber(column.type)) return typeof result.rows[0]?.[at] === "object" && result.rows[0][at] !== null ? "other" : "label";
    if (ORDINAL.test(column.name)) return "ordinal";
    return IDENTIFIER.test(column.name) ? "identifier" : "number";
  });
}

// The chart that fits the rows' shape; kind "none" where none does.
export function fitting(result) {
  const known = roles(result), name = (at) => (at < 0 ? "" : result.columns[at].name);
  const first = (...wanted) => known.findIndex((role) => wanted.includes(role));
  const distinct = (at) => new Set(result.rows.map((row) => row[at])).size;
  const number = first("number"), moment = first("moment", "ordinal"), label = first("label");
  if (result.rows.length < 2 || number < 0) return { kind: "none", x: "", y: "", colour: "" };
  const apart = label >= 0 && distinct(label) <= MOST_COLOURS ? name(label) : "";
  if (moment >= 0) return { kind: "line", x: name(moment), y: name(number), colour: distinct(moment) < result.rows.length ? apart : "" };
  if (label >= 0) {
    const second = known.findIndex((role, at) => role === "label" && at !== label && distinct(at) <= MOST_COLOURS);
    const fits = result.rows.length <= MOST_BARS;
    return { kind: fits ? "bars" : "none", x: name(label), y: name(number), colour: distinct(label) < result.rows.length ? name(second) : "" };
  }
  const other = known.findIndex((role, at) => role === "number" && at !== number);
  if (other >= 0) return { kind: "points", x: name(number), y: name(other), colour: "" };
  return { kind: "none", x: name(first("identifier")), y: name(number), colour: "" };
}

// Draws the chart of a turn, with what changes it; ``wanted`` is what somebody chose before.
export function chart(made, result, wanted = {}) {
  const place = made.querySelector(".chart");
  place.replaceChildren();
  made.chosen = null;
  const fits = fitting(result);
  if (result.rows.length < 2 || !roles(result).includes("number")) return;
  const liked = { bars: "bars", line: "line", none: "none" }[result.liked?.chart];
  const asked = wanted.kind && wanted.kind !== "auto" ? wanted.kind : fits.kind === "none" ? "none" : liked ?? fits.kind;
  const known = (name, otherwise) => (result.columns.some((column) => column.name === name) ? name : otherwise);
  const chosen = { kind: asked, x: known(wanted.x, fits.x), y: known(wanted.y, fits.y), colour: known(wanted.colour, fits.colour) };
  const picture = element("div", "", "picture"), told = element("p", "", "hint");
  picture.setAttribute("role", "img");
  const change = element("details"), controls = element("p", "", "row");
  change.append(element("summary", "Change the chart"), controls);
  const names = result.columns.filter((column) => !column.masked).map((column) => column.name);
  const numbers = result.columns.filter((_, at) => ["number", "ordinal", "identifier"].includes(roles(result)[at])).map((column) => column.name);
  for (const [key, title, options] of [["kind", "Chart", ["none", ...Object.keys(MARKS)]], ["x", "Along", names], ["y", "Value", numbers], ["colour", "Colour", ["", ...names]]]) {
    const label = element("label", title), select = element("select");
    for (const option of options) select.append(new Option(option || "one", option, false, option === chosen[key]));
    select.addEventListener("change", () => { chosen[key] = select.value; made.chosen = { ...chosen }; draw(); });
    label.append(select);
    controls.append(label);
  }
  place.append(picture, told, change);
  if (wanted.kind) made.chosen = { ...chosen };
  let view = null;
  async function draw() {
    view?.finalize();
    view = null;
    picture.replaceChildren();
    picture.hidden = told.hidden = chosen.kind === "none" || !chosen.x || !chosen.y;
    if (picture.hidden) return;
    told.textContent = words(result, chosen);
    picture.setAttribute("aria-label", told.textContent);
    try {
      const { vega: engine, vegaLite, expressionInterpreter } = await vega();
      const whole = vegaLite.compile(specification(result, chosen, picture), { logger: engine.logger(engine.Error) }).spec;
      const none = () => Promise.reject(new Error("nothing is loaded into a chart"));
      view = new engine.View(engine.parse(whole, null, { ast: true }), { expr: expressionInterpreter, renderer: "svg", hover: false, loader: { load: none, sanitize: none }, logLevel: engine.Error });
      const drawn = element("div"); // Vega gives its container a role of its own; ours has the words
      drawn.setAttribute("aria-hidden", "true");
      picture.append(drawn);
      await view.initialize(drawn).runAsync();
    } catch (error) {
      picture.replaceChildren(element("p", `No chart could be drawn: ${error.message}.`, "hint"));
    }
  }
  draw();
}

function specification(result, chosen, picture) {
  const at = (name) => result.columns.findIndex((column) => column.name === name);
  const known = roles(result), style = getComputedStyle(document.body), ink = style.getPropertyValue("--ink").trim() || style.color;
  const values = result.rows.map((row) => ({ x: row[at(chosen.x)], y: row[at(chosen.y)] === null ? null : Number(row[at(chosen.y)]), ...(chosen.colour ? { colour: String(row[at(chosen.colour)]) } : {}) }));
  const kind = known[at(chosen.x)], type = { moment: "temporal", number: "quantitative" }[kind] ?? "nominal";
  const bars = chosen.kind === "bars", across = bars && type === "nominal" && kind === "label";
  const along = { field: "x", type: bars && type === "quantitative" ? "ordinal" : type, title: chosen.x, ...(type === "nominal" ? { sort: null } : {}), axis: { labelLimit: 180, labelAngle: type === "nominal" && !across && values.length > 12 ? -45 : 0 } };
  const whole = values.every(({ y }) => Number.isInteger(y)); // there is no half a customer
  const value = { field: "y", type: "quantitative", title: chosen.y, scale: { zero: bars || chosen.kind === "area" }, axis: whole ? { tickMinStep: 1, format: ",d" } : {} };
  const accent = style.getPropertyValue("--accent").trim();
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values },
    width: Math.max(200, picture.clientWidth - 30 || 600),
    ...(across ? { height: { step: 20 } } : { height: 240 }),
    autosize: { type: "fit-x", contains: "padding" },
    mark: { type: MARKS[chosen.kind], aria: false, ...(chosen.kind === "line" ? { point: values.length <= 60 } : {}) },
    encoding: {
      [across ? "y" : "x"]: along,
      [across ? "x" : "y"]: value,
      ...(chosen.colour ? { color: { field: "colour", type: "nominal", title: chosen.colour, scale: { scheme: "tableau20" } } } : { color: { value: accent } }),
    },
    background: "transparent",
    config: { aria: false, view: { stroke: null }, axis: { labelColor: ink, titleColor: ink, gridOpacity: 0.25, domainColor: ink, tickColor: ink, labelFontSize: 12, titleFontSize: 12 }, legend: { labelColor: ink, titleColor: ink } },
  };
}

// The chart in words, for who cannot see it; the table has every value.
function words(result, { kind, x, y, colour }) {
  const at = (name) => result.columns.findIndex((column) => column.name === name);
  const found = result.rows.filter((row) => row[at(y)] !== null).map((row) => [Number(row[at(y)]), row[at(x)]]);
  const title = { bars: "Bars", line: "A line", area: "An area", points: "Points" }[kind];
  if (!found.length) return `${title} of ${y} by ${x}; there is no value.`;
  const least = found.reduce((a, b) => (b[0] < a[0] ? b : a)), most = found.reduce((a, b) => (b[0] > a[0] ? b : a));
  const about = `${title} of ${y} by ${x}${colour ? `, coloured by ${colour}` : ""}: ${found.length} values`;
  if (least[0] === most[0]) return `${about}, each ${least[0].toLocaleString()}.`;
  return `${about}, from ${least[0].toLocaleString()} (${least[1] ?? "null"}) to ${most[0].toLocaleString()} (${most[1] ?? "null"}).`;
}
