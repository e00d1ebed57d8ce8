// SQL that is edited: plain text in colours. The colours are highlights over the text (no element is put into it), and
// a browser without them has the same text without colours.
import { tokens } from "./page.js";

const KINDS = ["kw", "str", "num", "com"];
const drawn = new Map();
if (globalThis.Highlight) for (const kind of KINDS) CSS.highlights.set(kind, new Highlight());

export function sqlOf(edit) { return edit.textContent; }

export function setSql(edit, sql) {
  edit.textContent = sql;
  colour(edit);
}

export function colour(edit) {
  if (!globalThis.Highlight) return;
  for (const [kind, range] of drawn.get(edit) ?? []) CSS.highlights.get(kind).delete(range);
  edit.normalize();
  const node = edit.firstChild, found = [];
  if (node?.nodeType === Node.TEXT_NODE) {
    for (const [kind, start, end] of tokens(node.data)) {
      const range = new StaticRange({ startContainer: node, startOffset: start, endContainer: node, endOffset: end });
      CSS.highlights.get(kind).add(range);
      found.push([kind, range]);
    }
  }
  drawn.set(edit, found);
}
