/** Lists: tables that turn into cards on a phone, with a page at a time, and lists of values that can be edited. */

import { el, fill, foreign, newId, say } from "./dom.js";
import { failure, NotYet } from "./forms.js";

/** A table. Columns are `{ name, cell(row), numeric, short }`; short ones are not broken, a name may be "" for buttons. `caption` is for screen readers. */
export function table(caption, columns, rows) {
  return el(
    "table",
    { role: "table" },
    el("caption.hidden-text", caption),
    el(
      "thead",
      { role: "rowgroup" },
      el("tr", { role: "row" }, columns.map((one) => head(one))),
    ),
    el("tbody", { role: "rowgroup" }, rows.map((row) => line(columns, row))),
  );
}

/**
 * A list that is read a page at a time: `load(after)` gives `{ items, next }`. `empty` is shown in place of a list
 * without items: it says what to do next.
 */
export async function paged(caption, columns, load, empty) {
  const first = await load(null);
  if (first.items.length === 0) return el("div.card.empty", empty);
  const shown = table(caption, columns, first.items);
  const node = el("div.card.list", shown);
  if (first.next === null) return node;
  let after = first.next;
  const trouble = el("div");
  const more = el("button", { type: "button" }, "Show more");
  more.onclick = async () => {
    more.disabled = true;
    try {
      const page = await load(after);
      after = page.next;
      const lines = page.items.map((row) => line(columns, row));
      shown.tBodies[0].append(...lines);
      say(`${page.items.length} more shown.`);
      fill(trouble);
      if (after === null) foot.remove();
    } catch (error) {
      fill(trouble, failure(error));
    }
    more.disabled = false;
  };
  const foot = el("div.more", trouble, more);
  node.append(foot);
  return node;
}

/** Names and values. */
export function facts(...pairs) {
  const shown = pairs.filter(Boolean);
  return el("dl.facts", shown.map(([name, value]) => el("div", el("dt", name), el("dd", value))));
}

/** A word in a colour that says how good that is: "good", "warn", "bad" or "plain". */
export function badge(text, kind = "plain") {
  return el("span.badge", { className: `badge ${kind}` }, text);
}

const STATES = { active: "good", disabled: "bad", expired: "warn", revoked: "plain", open: "warn", approved: "good" };

/** A state as the API names it. */
export function state(name) {
  return badge(name, STATES[name] ?? "plain");
}

/**
 * Values that can be added and removed: `{ node, values(), name }`. `suggest(text)` gives texts to choose from,
 * `read(text)` the value or throws what is wrong with it, `show(value)` its text. What was typed and not added counts too.
 */
export function entries({ label, hint, initial = [], suggest, read = (text) => text, show = (value) => value, placeholder }) {
  const id = newId("entries");
  const values = [...initial];
  const list = el("ul.chips", { "aria-label": `Chosen: ${label}` });
  const trouble = el("p.wrong", { id: `${id}-wrong`, role: "alert" });
  const options = el("datalist", { id: `${id}-options` });
  const input = el("input", {
    id, type: "text", autocomplete: "off", placeholder, spellcheck: false, list: suggest ? options.id : null,
    "aria-describedby": hint ? `${id}-hint ${id}-wrong` : `${id}-wrong`,
  });
  const add = () => {
    const text = input.value.trim();
    if (text === "") return true;
    try {
      const value = read(text);
      if (!values.some((one) => show(one) === show(value))) values.push(value);
    } catch (error) {
      fill(trouble, error.message);
      input.setAttribute("aria-invalid", "true");
      input.focus();
      return false;
    }
    input.value = "";
    input.removeAttribute("aria-invalid");
    fill(trouble);
    draw();
    return true;
  };
  const draw = () => {
    fill(
      list,
      values.map((value, at) => {
        const remove = el("button.remove", { type: "button", "aria-label": `Remove ${show(value)}` }, "×");
        remove.onclick = () => {
          values.splice(at, 1);
          draw();
          input.focus();
        };
        return el("li", foreign(show(value)), remove);
      }),
    );
    list.hidden = values.length === 0;
  };
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || input.value.trim() === "") return;
    event.preventDefault();
    add();
  });
  if (suggest) offer(input, options, suggest);
  draw();
  const node = el(
    "div.field",
    el("label", { htmlFor: id }, label),
    hint ? el("p.hint", { id: `${id}-hint` }, hint) : null,
    list,
    el("div.add", input, el("button", { type: "button", onclick: add, "aria-label": `Add to ${label}` }, "Add")),
    options,
    trouble,
  );
  return {
    node,
    values: () => {
      if (!add()) throw new NotYet(`${label}: ${trouble.textContent}`);
      return [...values];
    },
  };
}

/** Offer in `options` what `suggest` has for the text of `input`. */
export function offer(input, options, suggest) {
  let asked = 0;
  const ask = async () => {
    asked += 1;
    const turn = asked;
    const found = await suggest(input.value.trim()).catch(() => []);
    if (turn === asked) fill(options, found.map((value) => el("option", { value })));
  };
  input.addEventListener("input", ask);
  input.addEventListener("focus", ask, { once: true });
}

function head({ name, numeric }) {
  const text = name || el("span.hidden-text", "Actions");
  return el("th", { scope: "col", role: "columnheader", className: numeric ? "number" : "" }, text);
}

function kindOf({ name, numeric, short }) {
  return [numeric && "number", short && "short", !name && "acts"].filter(Boolean).join(" ");
}

function line(columns, row) {
  const cells = columns.map(({ name, cell, numeric, short }) =>
    el("td", { role: "cell", dataset: { label: name }, className: kindOf({ name, numeric, short }) }, el("div", cell(row))),
  );
  return el("tr", { role: "row" }, cells);
}
