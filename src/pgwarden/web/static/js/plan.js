// PostgreSQL's plan as a tree: what each step does, on what, what it costs and how many rows it gives.
import { element } from "./elements.js";

const DETAILS = ["Index Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter", "Sort Key", "Group Key"];

export function planTree(plan) {
  const root = plan?.Plan ?? plan;
  if (!root?.["Node Type"]) return null;
  const list = element("ul", "", "tree");
  list.append(branch(root, root["Total Cost"] || 1));
  return list;
}

function branch(node, whole) {
  const item = element("li"), name = [node["Join Type"] && node["Join Type"] !== "Inner" ? node["Join Type"] : "", node["Node Type"]].filter(Boolean).join(" ");
  const on = [node["Relation Name"], node["Index Name"] && `by ${node["Index Name"]}`].filter(Boolean).join(" ");
  item.append(element("b", name));
  if (on) item.append(" on ", element("code", on));
  item.append(element("span", ` cost ${Math.round(node["Total Cost"]).toLocaleString()} (${Math.round((100 * node["Total Cost"]) / whole)} %), ${Math.round(node["Plan Rows"]).toLocaleString()} row${Math.round(node["Plan Rows"]) === 1 ? "" : "s"}`, "hint"));
  const below = element("ul");
  for (const key of DETAILS) if (node[key]) below.append(element("li", `${key}: ${[].concat(node[key]).join(", ")}`, "hint"));
  for (const each of node.Plans ?? []) below.append(branch(each, whole));
  if (below.childElementCount) item.append(below);
  return item;
}
