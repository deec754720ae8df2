/** Statements in rows on one side, and the one that was chosen beside them. */

import { el, fill } from "./dom.js";
import { statementDetail } from "./statement.js";

/** `{ node, found, choose }`: rows go into `found`, a list; `choose` shows a statement beside it. */
export function splitView(label, hint) {
  const found = el("ul.statements", { "aria-label": label });
  const inside = el("div.stack");
  const back = el("button.small.back", { type: "button" }, "← Back to the list");
  const empty = () => fill(inside, el("p.muted", hint));
  const aside = el("section.card.stack.beside", { "aria-label": "Chosen statement" }, back, inside);
  const list = el("div.found");
  const node = el("div.split", list, aside);
  let chosen = null;
  back.onclick = () => {
    node.classList.remove("open");
    chosen?.focus();
  };
  const choose = (statement, row = null) => {
    chosen?.removeAttribute("aria-current");
    chosen = row;
    row?.setAttribute("aria-current", "true");
    fill(inside, statementDetail(statement));
    node.classList.add("open");
    if (getComputedStyle(back).display !== "none") back.focus();
  };
  // Up and down between rows, as in any list.
  found.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = step && document.activeElement.closest("li")?.[step]?.querySelector("button");
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  empty();
  list.append(el("div.card.list", found));
  return { node, list, found, choose, empty };
}
