import { get, getTagged, send } from "../api.js";
import { consumerView } from "../consumer.js";
import { disclosureEditor } from "../disclosure.js";
import { el, fill, foreign, say } from "../dom.js";
import { moment } from "../format.js";
import { choice, check, field, form, group, momentIn, momentInput } from "../forms.js";
import { grantEditor, grantText, scopeBoxes } from "../grants.js";
import { paged, state } from "../lists.js";
import { go, placed } from "../place.js";

export const title = "Consumers";

const STATES = [["", "All"], ["active", "Active"], ["disabled", "Disabled"], ["expired", "Expired"]];
const KINDS = [
  ["platform", "A learning platform writes statements", ["statements/write", "statements/read/mine"], true],
  ["engine", "An engine follows statements live", ["statements/read", "stream"], false],
  ["reader", "A program queries statements", ["statements/read"], false],
  ["other", "Something else", null, false],
];

export async function show(body, place, { heading }) {
  fill(heading, title);
  if (place.get("new")) {
    fill(heading, "New consumer");
    fill(body, back(), el("div.narrow", await maker()));
    return;
  }
  if (place.get("id")) {
    const { body: consumer, etag } = await getTagged(`consumers/${encodeURIComponent(place.get("id"))}`);
    fill(heading, foreign(consumer.name), " ", state(consumer.state));
    fill(body, back(), await consumerView(consumer, etag, () => show(body, place, { heading })));
    return;
  }
  const search = el("input", { type: "search", name: "search", value: place.get("search") ?? "" });
  const chosen = choice(STATES, { name: "state", value: place.get("state") ?? "" });
  const filters = el("form.filters.end", { role: "search" }, field("Name", search, { optional: true }), field("State", chosen, { optional: true }), el("div.row", el("button", { type: "submit" }, "Search"), el("a.button.primary", { href: placed({ new: true }) }, "New consumer")));
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    go({ search: search.value, state: chosen.value });
  });
  chosen.onchange = () => filters.requestSubmit();
  const parameters = { search: place.get("search"), state: place.get("state") };
  fill(body, filters, await paged("Consumers", COLUMNS, (after) => get("consumers", { ...parameters, after, limit: 50 }), nobody(parameters)));
}

const COLUMNS = [
  { name: "Name", cell: (one) => el("a", { href: placed({ id: one.id }) }, foreign(one.name)) },
  { name: "State", short: true, cell: (one) => state(one.state) },
  { name: "May see", cell: (one) => grantText(one.grant) },
  { name: "May do", cell: (one) => one.scopes.join(", ") },
  { name: "Since", short: true, cell: (one) => moment(one.created_at) },
];

function nobody({ search, state: wanted }) {
  if (search || wanted) return [el("strong", "No such consumer"), el("p", "Try a shorter part of the name, or all states.")];
  return [
    el("strong", "No consumers yet"),
    el("p", "A consumer is a platform that writes statements, or a program that reads them. It gets keys and tokens, and a grant that says what it may see."),
    el("a.button.primary", { href: placed({ new: true }) }, "Make the first one"),
  ];
}

function back() {
  return el("p", el("a", { href: placed() }, "← All consumers"));
}

/** The form for a new consumer. */
async function maker() {
  const { items: scopes } = await get("scopes");
  const name = el("input", { type: "text", name: "name", maxLength: 200, autocomplete: "off", spellcheck: false });
  const boxes = scopeBoxes(scopes, KINDS[0][2]);
  const grant = grantEditor({ courses: ["*"] });
  const disclosure = disclosureEditor();
  const expires = momentInput(null, { name: "expires_at" });
  const trusted = check("Trusted writer", { name: "trusted" }, "Nothing that it sends is lost: what can't be stored is kept in quarantine. For Open edX and the like.");
  const choose = ([, , wanted, trusts]) => {
    if (wanted !== null) boxes.choose(wanted);
    trusted.firstChild.checked = trusts;
    // Who writes for a platform writes for all its courses; who reads is to see what was chosen for it.
    grant.every(trusts);
  };
  const kinds = KINDS.map((kind, at) => {
    const node = check(kind[1], { type: "radio", name: "kind", checked: at === 0 });
    node.firstChild.onchange = () => choose(kind);
    return node;
  });
  choose(KINDS[0]);
  return form(
    [
      el(
        "div.card.stack",
        field("Name", name, { hint: "Stands in the authority of its statements, and can't be changed later." }),
        group("What it is", kinds),
      ),
      el("div.card.stack", boxes.node, trusted),
      el("div.card.stack", grant.node),
      el("div.card.stack", disclosure.node),
      el("div.card.stack", field("Until", expires, { optional: true, hint: "After this moment nothing of it is accepted any more." })),
    ],
    {
      verb: "Make consumer",
      submit: async () => {
        const made = await send("POST", "consumers", {
          name: name.value.trim(),
          scopes: boxes.value(),
          grant: grant.value(),
          disclosure: disclosure.value(),
          expires_at: momentIn(expires),
          trusted: trusted.firstChild.checked,
        });
        say(`${made.name} was made. Now give it a key or a token.`);
        go({ id: made.id });
      },
    },
  );
}
