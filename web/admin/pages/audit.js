import { get } from "../api.js";
import { el, fill, foreign } from "../dom.js";
import { moment } from "../format.js";
import { field, momentIn, momentInput } from "../forms.js";
import { plain, suggesting } from "../filters.js";
import { paged } from "../lists.js";
import { go, placed } from "../place.js";

export const title = "Audit";

const ACTS = [
  "consumer", "consumer.add", "consumer.change", "key", "key.add", "key.revoke", "token", "token.issue", "token.revoke",
  "signing-key", "cursor.drop", "connection.disconnect", "quarantine", "conflict", "pseudonym", "administrator",
  "password.set", "session", "session.begin", "session.end", "session.refuse",
  "request", "request.approve", "request.refuse", "request.take",
];

export async function show(body, place) {
  const asked = Object.fromEntries(["since", "until", "actor", "act", "about"].map((name) => [name, place.get(name)]));
  const load = (after) => get("audit", { ...asked, after, limit: 50 });
  fill(
    body,
    search(asked),
    await paged("Audit trail, newest first", COLUMNS, load, [
      el("strong", "No entries"),
      el("p", "Nobody has done such a thing. Every act of administration is noted here, from these pages, the API and the command line."),
    ]),
  );
}

function search(asked) {
  const act = suggesting("What", asked.act, async (text) => ACTS.filter((one) => one.startsWith(text)));
  const actor = plain("By whom", asked.actor, { placeholder: "admin:anna" });
  const about = plain("About", asked.about, { placeholder: "consumer:engine" });
  const [since, until] = [asked.since, asked.until].map((iso) => momentInput(iso));
  const node = el(
    "form.card",
    { role: "search", "aria-label": "Audit trail" },
    el("div.filters", act.node, actor.node, about.node, field("Since", since, { optional: true }), field("Until", until, { optional: true })),
    el("div.actions", el("button.primary", { type: "submit" }, "Search"), el("button", { type: "button", onclick: () => go({}) }, "Clear")),
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    go({ act: act.input.value.trim(), actor: actor.input.value.trim(), about: about.input.value.trim(), since: momentIn(since), until: momentIn(until) });
  });
  return node;
}

const COLUMNS = [
  { name: "When", short: true, cell: (one) => moment(one.at) },
  { name: "By whom", short: true, cell: (one) => el("a", { href: placed({ actor: one.actor }) }, foreign(one.actor)) },
  { name: "What", short: true, cell: (one) => el("a", { href: placed({ act: one.act }) }, one.act) },
  { name: "About", cell: (one) => (one.about ? el("a", { href: placed({ about: one.about }) }, foreign(one.about)) : "–") },
  { name: "Details", cell: (one) => details(one.details) },
];

/** Names and values. */
function details(found) {
  const members = Object.entries(found ?? {});
  if (members.length === 0) return el("span.muted", "–");
  return el("ul.plain.small", members.map(([name, value]) => el("li", el("span.muted", `${name.replaceAll("_", " ")} `), foreign(text(value)))));
}

function text(value) {
  if (value === null) return "none";
  if (Array.isArray(value)) return value.length > 0 ? value.map(text).join(", ") : "none";
  if (typeof value !== "object") return value === "*" ? "all" : String(value);
  return Object.entries(value).map(([name, inner]) => `${name.replaceAll("_", " ")}: ${text(inner)}`).join("; ");
}
