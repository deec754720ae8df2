/** Forms: labelled fields, what is wrong with them in words, and nothing shown as done before the server says so. */

import { el, fill, newId } from "./dom.js";

/** What somebody has filled in can't be sent as it is; the message says why. */
export class NotYet extends Error {
  status = 0;
}

/** A control with its label, a hint, and room for what is wrong with it. */
export function field(label, control, { hint, optional = false } = {}) {
  control.id ||= newId("field");
  const told = hint ? el("p.hint", { id: `${control.id}-hint` }, hint) : null;
  if (told) control.setAttribute("aria-describedby", told.id);
  if (!optional && !["checkbox", "radio"].includes(control.type)) control.required = true;
  const mark = optional ? el("span.optional", " optional") : null;
  return el("div.field", el("label", { htmlFor: control.id }, label, mark), told, control);
}

/** A checkbox or radio button with its label behind it. */
export function check(label, properties = {}, hint = null) {
  const id = newId("check");
  const control = el("input", { type: "checkbox", id, ...properties });
  const told = hint ? el("span.hint", { id: `${id}-hint` }, hint) : null;
  if (told) control.setAttribute("aria-describedby", told.id);
  return el("div.check", control, el("div", el("label", { htmlFor: id }, label), told));
}

/** Fields that belong together. */
export function group(legend, ...children) {
  return el("fieldset", el("legend", legend), ...children);
}

/** A choice: `options` are pairs of value and text. */
export function choice(options, properties = {}) {
  return el("select", properties, options.map(([value, text]) => el("option", { value }, text)));
}

/**
 * A form of `parts`. `submit(form)` is awaited; what it throws is shown at the top, by the names of the fields.
 * `further` are buttons beside the one that submits.
 */
export function form(parts, { verb, submit, further = [], quiet = false, name = null }) {
  const trouble = el("div.trouble");
  const button = el("button", { type: "submit", className: quiet ? "" : "primary" }, verb);
  const node = el("form", { noValidate: true, "aria-label": name }, trouble, ...parts, el("div.actions", button, ...further));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill(trouble);
    unmark(node);
    if (!complete(node, trouble)) return;
    button.disabled = true;
    try {
      await submit(node);
    } catch (error) {
      refuse(node, trouble, error);
    } finally {
      button.disabled = false;
    }
  });
  return node;
}

/** What went wrong, as a note that is read out. */
export function failure(error) {
  const problems = (error.problems ?? []).map((one) =>
    el("li", el("span.path", one.path.replace(/^\$\.?/, "")), " ", one.reason),
  );
  const again = { 412: "Load it again to see what has changed.", 428: "Load it again." }[error.status];
  return el(
    "div.notice.bad",
    { role: "alert", tabIndex: -1 },
    el("p", sentence(error.message)),
    problems.length > 0 ? el("ul", problems) : null,
    again ? el("p", el("button", { type: "button", onclick: () => location.reload() }, "Load again")) : null,
  );
}

/** "the name is taken" as a sentence. */
export function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** The moment in an input of local time, for the API; null when it is empty. */
export function momentIn(input) {
  return input.value ? new Date(input.value).toISOString() : null;
}

/** An input for a moment, shown in the zone of who reads. */
export function momentInput(iso, properties = {}) {
  const local = iso ? new Date(Date.parse(iso) - new Date(iso).getTimezoneOffset() * 60_000).toISOString().slice(0, 19) : "";
  return el("input", { type: "datetime-local", step: 1, ...properties, value: local });
}

function complete(node, trouble) {
  const missing = [...node.elements].filter((one) => one.willValidate && !one.validity.valid);
  if (missing.length === 0) return true;
  for (const one of missing) one.setAttribute("aria-invalid", "true");
  const lines = missing.map((one) => {
    const name = one.labels?.[0]?.firstChild?.textContent ?? one.getAttribute("aria-label") ?? one.name;
    return el("li", el("span.path", name), " ", one.validity.valueMissing ? "is needed" : one.validationMessage);
  });
  fill(trouble, el("div.notice.bad", { role: "alert" }, el("ul", lines)));
  missing[0].focus();
  return false;
}

function refuse(node, trouble, error) {
  const note = failure(error);
  fill(trouble, note);
  for (const one of error.problems ?? []) {
    const name = one.path.replace(/^\$\.?/, "").split(/[.[]/)[0];
    node.elements.namedItem(name)?.setAttribute?.("aria-invalid", "true");
  }
  note.focus();
  if (error.status === undefined) throw error;
}

function unmark(node) {
  for (const one of node.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
}
