/** Elements from data. Text goes in as text: there is no way from data to markup here. */

/**
 * An element: `el("p.muted", { lang: "en" }, "text", child)`. Classes follow the name. Members of `properties` are
 * properties of the element where it has them (`value`, `onclick`, `hidden`), attributes otherwise; null leaves out.
 */
export function el(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length > 0) node.className = classes.join(" ");
  const properties = isProperties(rest[0]) ? rest.shift() : {};
  // What the value may be depends on the type and the choices, so it comes last.
  const { value, ...others } = properties;
  for (const [key, given] of Object.entries(others)) set(node, key, given);
  node.append(...flat(rest));
  if (value !== undefined && value !== null) node.value = value;
  return node;
}

/** The same for SVG, whose members are all attributes. */
export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, given] of Object.entries(attributes)) if (given !== null) node.setAttribute(key, given);
  node.append(...flat(children));
  return node;
}

/** Put `children` in the place of what is in `node`. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** Text that others wrote, which may run in either direction. */
export function foreign(text, name = "bdi") {
  return el(name, { dir: "auto" }, text);
}

let counted = 0;

/** An id that no other element has. */
export function newId(stem = "e") {
  counted += 1;
  return `${stem}-${counted}`;
}

/** Tell people who don't see the page, and those who do, that something was done. */
export function say(text) {
  // Nothing outside of an open dialog is read out.
  const node = [...document.querySelectorAll("dialog[open] > .said-inside")].at(-1) ?? document.getElementById("said");
  fill(node, text);
  clearTimeout(say.timer);
  say.timer = setTimeout(() => fill(node), 6000);
}

/** Say that something was done once `draw` has shown it, and also if that fails: what was done is done. */
export async function announce(text, draw) {
  try {
    await draw();
  } finally {
    say(text);
  }
}

function isProperties(value) {
  return value !== null && typeof value === "object" && !(value instanceof Node) && !Array.isArray(value);
}

function set(node, key, given) {
  if (given === null || given === undefined) return;
  if (key === "dataset") Object.assign(node.dataset, given);
  else if (key in node && !key.startsWith("aria") && key !== "list") node[key] = given;
  else if (given !== false) node.setAttribute(key, given === true ? "" : given);
}

function flat(children) {
  return children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false);
}
