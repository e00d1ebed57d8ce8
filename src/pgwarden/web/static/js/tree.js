// A tree by keyboard, as the ARIA practices have it: one item has the focus, and the arrows move it.
const closed = (item) => item.getAttribute("aria-expanded") === "false";
const parent = (item) => item.parentElement.closest("[role=treeitem]");

function seen(tree) {
  return [...tree.querySelectorAll("[role=treeitem]")].filter((item) => {
    for (let above = parent(item); above; above = parent(above)) if (closed(above)) return false;
    return true;
  });
}

function go(tree, item) {
  if (!item) return;
  for (const each of tree.querySelectorAll("[role=treeitem]")) each.tabIndex = each === item ? 0 : -1;
  item.focus();
}

function open(item, wanted) {
  if (!item.hasAttribute("aria-expanded")) return;
  item.setAttribute("aria-expanded", String(wanted));
  item.querySelector("[role=group]").hidden = !wanted;
}

for (const tree of document.querySelectorAll("[role=tree]")) {
  tree.addEventListener("keydown", (event) => {
    const item = event.target.closest("[role=treeitem]"), all = seen(tree), at = all.indexOf(item);
    const moves = {
      ArrowDown: () => go(tree, all[at + 1]),
      ArrowUp: () => go(tree, all[at - 1]),
      Home: () => go(tree, all[0]),
      End: () => go(tree, all.at(-1)),
      ArrowRight: () => { if (closed(item)) open(item, true); else if (item.hasAttribute("aria-expanded")) go(tree, all[at + 1]); },
      ArrowLeft: () => { if (item.getAttribute("aria-expanded") === "true") open(item, false); else go(tree, parent(item)); },
      Enter: () => open(item, closed(item)),
      " ": () => open(item, closed(item)),
    };
    if (!item || !moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  });
  tree.addEventListener("click", (event) => {
    const item = event.target.closest("[role=treeitem]");
    if (!item) return;
    open(item, closed(item));
    go(tree, item);
  });
}
