// SQL that is edited: plain text in colours. The colours are highlights over the text (no element is put into it), and
// a browser without them has the same text without colours.
import { tokens } from "./page.js";

const KINDS = ["kw", "str", "num", "com"];
const drawn = new Map();
if (globalThis.Highlight) for (const kind of KINDS) CSS.highlights.set(kind, new Highlight());

// What stands in it; a browser may put a new line in as an element.
export function sqlOf(edit) { return parts(edit).map(([, text]) => text).join(""); }

export function setSql(edit, sql) {
  edit.textContent = sql;
  colour(edit);
}

function parts(edit) {
  const found = [], walk = document.createTreeWalker(edit, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (node.nodeType === Node.TEXT_NODE) found.push([node, node.data]);
    else if (node.nodeName === "BR" || (node.nodeName === "DIV" && found.length)) found.push([null, "\n"]);
  }
  return found;
}

export function colour(edit) {
  if (!globalThis.Highlight) return;
  for (const [kind, range] of drawn.get(edit) ?? []) CSS.highlights.get(kind).delete(range);
  const found = [], pieces = parts(edit);
  for (const [kind, start, end] of tokens(pieces.map(([, text]) => text).join(""))) {
    let at = 0;
    for (const [node, text] of pieces) {
      const from = Math.max(start - at, 0), to = Math.min(end - at, text.length);
      if (node && from < to) {
        const range = new StaticRange({ startContainer: node, startOffset: from, endContainer: node, endOffset: to });
        CSS.highlights.get(kind).add(range);
        found.push([kind, range]);
      }
      at += text.length;
    }
  }
  drawn.set(edit, found);
}
