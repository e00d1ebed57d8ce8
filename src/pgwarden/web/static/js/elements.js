// Elements with text in them: never markup, so that nothing out of a database is ever code.
export function element(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

export function button(text, work, kind = "") {
  const made = element("button", text, kind);
  made.type = "button";
  made.addEventListener("click", work);
  return made;
}

export function problem(told) {
  const made = element("section", "", "problem");
  made.setAttribute("role", "alert");
  made.append(element("h3", told.what));
  for (const text of [told.why, told.not_done, told.next_step]) if (text) made.append(element("p", text));
  return made;
}
