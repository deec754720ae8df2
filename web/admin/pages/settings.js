import { get, send } from "../api.js";
import { confirm } from "../dialogs.js";
import { announce, el, fill } from "../dom.js";
import { count, moment } from "../format.js";
import { check, field } from "../forms.js";
import { badge, table } from "../lists.js";

export const title = "Settings and keys";

const STATES = { signs: "good", verifies: "plain", retired: "warn" };

export async function show(body, place) {
  const keys = el("section.stack");
  const settings = el("section.stack");
  fill(body, keys, settings);
  await Promise.all([drawKeys(keys), drawSettings(settings, place.get("search") ?? "")]);
}

async function drawKeys(node) {
  const { items } = await get("signing-keys");
  const again = () => drawKeys(node);
  const rotate = el("button", { type: "button" }, "Make a new one");
  rotate.onclick = async () => {
    const done = await confirm({
      title: "Sign with a new key from now on?",
      text: "Tokens that are out stay good: the key that signed them verifies until they have expired.",
      verb: "Make a new key",
      danger: false,
      act: () => send("POST", "signing-keys", {}),
    });
    if (done) {
      await announce("A new key signs from now on.", again);
    }
  };
  const columns = [
    { name: "Key", cell: (one) => el("code", one.kid) },
    { name: "State", cell: (one) => badge(one.state, STATES[one.state]) },
    { name: "Made", short: true, cell: (one) => moment(one.created_at) },
    { name: "Retires", cell: (one) => moment(one.retired_at, "not set") },
    { name: "", cell: (one) => (one.state === "verifies" ? retirer(one, again) : null) },
  ];
  fill(
    node,
    el("div.row.apart", el("h2", "Keys that sign tokens"), rotate),
    items.length ? el("div.card.list", table("Signing keys", columns, items)) : el("div.card.empty", el("strong", "No key yet"), el("p", "One is made with the first token.")),
  );
}

function retirer(one, again) {
  const button = el("button.small.danger", { type: "button", "aria-label": `Retire ${one.kid}` }, "Retire now");
  button.onclick = async () => {
    const done = await confirm({
      title: `Retire the signing key ${one.kid}?`,
      text: "Every token that it signed is refused at once, and their streams are closed. This can't be taken back.",
      verb: "Retire key",
      act: () => send("POST", `signing-keys/${encodeURIComponent(one.kid)}/retire`),
    });
    if (done) {
      await announce(`The key ${one.kid} is retired.`, again);
    }
  };
  return button;
}

async function drawSettings(node, wanted) {
  const { items } = await get("settings");
  const search = el("input", { type: "search", autocomplete: "off", value: wanted });
  const changed = check("Only what was changed", {});
  const list = el("div");
  const told = el("p.muted", { role: "status" });
  const draw = () => {
    const text = search.value.trim().toLowerCase();
    const found = items.filter((one) => (!changed.firstChild.checked || one.changed) && `${one.variable} ${one.doc}`.toLowerCase().includes(text));
    fill(told, count(found.length, "setting"));
    fill(list, found.length ? el("div.card.list", table("Settings", COLUMNS, found)) : el("div.card.empty", el("strong", "No such setting"), el("p", "Try another word.")));
  };
  search.oninput = draw;
  changed.firstChild.onchange = draw;
  fill(
    node,
    el("h2", "Settings in force"),
    el("p.muted", "They are read from the environment when the server starts; change them there, and start it again."),
    el("div.filters.end", field("Search", search, { optional: true }), changed),
    told,
    list,
  );
  draw();
}

const COLUMNS = [
  { name: "Setting", cell: (one) => [el("code", one.variable), el("div.small.muted", one.doc)] },
  { name: "Value", cell: (one) => [el("code", one.value === "" ? "(empty)" : one.value), one.changed ? [" ", badge("changed", "warn")] : null] },
  { name: "Default", cell: (one) => el("span.muted", one.default === "" ? "(empty)" : one.default) },
  { name: "Unit", short: true, cell: (one) => el("span.muted", one.unit || "–") },
];
