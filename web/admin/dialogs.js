/** Dialogs: what can't be taken back is confirmed by name, and what is shown once stays until it is closed. */

import { el, fill, newId, say } from "./dom.js";
import { failure } from "./forms.js";

/** Open a dialog with `body`; gives it, a way to close it with a value, and a promise of its end and that value. */
export function open(title, body, properties = {}) {
  const id = newId("dialog");
  const node = el("dialog", { "aria-labelledby": id, ...properties }, el("h2", { id }, title), body, el("p.hint.said-inside", { role: "status" }));
  document.body.append(node);
  const closed = new Promise((resolve) => {
    node.addEventListener("close", () => {
      node.remove();
      resolve(node.returnValue);
    });
  });
  // The event comes some frames later, and what was shown once is not to stay until then.
  const close = (value = "") => {
    node.close(value);
    node.remove();
  };
  node.showModal();
  return { node, close, closed };
}

/**
 * Have an act confirmed. `text` says what follows from it, `verb` is on the button. Gives true once `act` has succeeded,
 * false when it was not wanted. What `act` throws is shown, and it can be tried again.
 */
export async function confirm({ title, text, verb, act, danger = true, body = null }) {
  const trouble = el("div.trouble");
  const go = el("button", { type: "button", className: danger ? "danger" : "primary" }, verb);
  const stay = el("button", { type: "button", autofocus: true }, "Cancel");
  const told = el("p", { id: newId("told") }, text);
  const { close, closed } = open(title, el("div", trouble, told, body, el("div.actions", go, stay)), {
    role: danger ? "alertdialog" : null,
    "aria-describedby": told.id,
  });
  stay.onclick = () => close();
  go.onclick = async () => {
    go.disabled = true;
    try {
      await act();
      close("done");
    } catch (error) {
      fill(trouble, failure(error));
      go.disabled = false;
    }
  };
  return (await closed) === "done";
}

/** Show secrets that nobody will see again: `rows` are pairs of name and value. */
export async function showOnce(title, text, rows) {
  const done = el("button.primary", { type: "button" }, "I have kept it");
  const { node, close, closed } = open(title, el("div", el("p", text), secrets(rows), el("div.actions", done)));
  // Escape is too quick for something that can't be had again.
  node.addEventListener("cancel", (event) => event.preventDefault());
  done.onclick = () => close();
  await closed;
}

/** Values with a button each that copies them. */
export function secrets(rows) {
  return el(
    "dl.secrets",
    rows.map(([name, value]) =>
      el("div", el("dt", name), el("dd", el("code", { tabIndex: 0, role: "group", "aria-label": name }, value), copyButton(name, value))),
    ),
  );
}

/** A button that puts `value` on the clipboard. */
export function copyButton(name, value) {
  const button = el("button.small", { type: "button", "aria-label": `Copy ${name}` }, "Copy");
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(typeof value === "function" ? value() : value);
      say(`${name} copied.`);
      button.textContent = "Copied";
      setTimeout(() => fill(button, "Copy"), 2000);
    } catch {
      // Without TLS a browser gives no clipboard to pages.
      const code = button.parentElement.querySelector("code, pre");
      if (code) getSelection().selectAllChildren(code);
      say("The browser does not let this page copy. The text is selected: copy it with the keyboard.");
    }
  };
  return button;
}
