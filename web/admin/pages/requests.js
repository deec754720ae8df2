import { get, getTagged, send } from "../api.js";
import { confirm } from "../dialogs.js";
import { disclosureEditor } from "../disclosure.js";
import { announce, el, fill, foreign } from "../dom.js";
import { ago, courseKey, moment } from "../format.js";
import { choice, field, form, momentIn, momentInput } from "../forms.js";
import { courseName, grantEditor, scopeBoxes } from "../grants.js";
import { facts, paged, state } from "../lists.js";
import { go, placed } from "../place.js";

export const title = "Requests for access";

const STATES = [["", "All"], ["open", "Open"], ["approved", "Approved, key not taken"], ["taken", "Key taken"], ["refused", "Refused"]];
const USUAL = ["statements/read", "stream"];

export async function show(body, place, { heading }) {
  fill(heading, title);
  if (place.get("number")) {
    const { body: request, etag } = await getTagged(`requests/${encodeURIComponent(place.get("number"))}`);
    fill(heading, "Request of ", foreign(request.organisation), " ", state(request.state));
    fill(body, el("p", el("a", { href: placed() }, "← All requests")), told(request), request.state === "open" ? await decision(request, etag, () => show(body, place, { heading })) : null);
    return;
  }
  const chosen = choice(STATES, { value: place.get("state") ?? "", onchange: () => go({ state: chosen.value }) });
  const load = (after) => get("requests", { state: place.get("state"), after, limit: 50 });
  fill(
    body,
    el("div.filters", field("State", chosen, { optional: true })),
    await paged("Requests for access", COLUMNS, load, [
      el("strong", place.get("state") ? "None in this state" : "Nobody has asked yet"),
      el("p", "People without an account ask for access at ", el("a", { href: "../request" }, new URL("../request", location.href).href), ". Their requests wait here for you."),
    ]),
  );
}

const COLUMNS = [
  { name: "Organisation", cell: (one) => el("a", { href: placed({ number: one.number }) }, foreign(one.organisation)) },
  { name: "State", short: true, cell: (one) => state(one.state) },
  { name: "Courses", cell: (one) => one.courses.slice(0, 3).map((entry) => el("span.course", foreign(entry === "*" ? "every course" : courseKey(courseName(entry))))) },
  { name: "Asked", short: true, cell: (one) => ago(one.made_at) },
  { name: "Decided by", cell: (one) => one.decided_by ?? "–" },
];

function told(request) {
  return el(
    "section.card.stack.narrow",
    el("h2", "What they ask for"),
    facts(
      ["Organisation", foreign(request.organisation)],
      ["Contact", foreign(request.contact)],
      ["Asked", moment(request.made_at)],
      ["Courses", el("ul.plain", request.courses.map((entry) => el("li", foreign(entry === "*" ? "every course" : courseKey(entry)))))],
      request.decided_at && ["Decided", [moment(request.decided_at), ` by ${request.decided_by}`]],
      request.consumer && ["Consumer", el("a", { href: placed({ search: request.consumer }, "consumers") }, foreign(request.consumer))],
      request.taken_at && ["Key taken", moment(request.taken_at)],
      request.word && ["Your word to them", foreign(request.word)],
    ),
    el("h3", "Purpose"),
    foreign(request.purpose, "p"),
  );
}

async function decision(request, etag, again) {
  const { items: scopes } = await get("scopes");
  const name = el("input", { type: "text", name: "name", value: nameFor(request.organisation), maxLength: 200, autocomplete: "off" });
  const boxes = scopeBoxes(scopes, USUAL);
  const grant = grantEditor({ courses: request.courses });
  const disclosure = disclosureEditor();
  const expires = momentInput(null, { name: "expires_at" });
  const word = el("textarea", { name: "word", maxLength: 2000 });
  const refuse = el("button.danger", { type: "button" }, "Refuse");
  const path = `requests/${request.number}`;
  refuse.onclick = async () => {
    const why = el("textarea", { maxLength: 2000 });
    const done = await confirm({
      title: `Refuse the request of ${request.organisation}?`,
      text: "They see that it was refused, and your word. They can ask again.",
      body: field("Why", why, { optional: true }),
      verb: "Refuse request",
      act: () => send("POST", `${path}/refuse`, { word: why.value.trim() || null }, etag),
    });
    if (done) {
      await announce("The request is refused.", again);
    }
  };
  return el(
    "section.card.stack.narrow",
    el("h2", "Decide"),
    el("p.muted", "Approving makes a consumer; they take its key themselves, once, by their private link. What they asked for can be narrowed here."),
    form(
      [
        field("Name of the consumer", name),
        grant.node,
        disclosure.node,
        el("details", el("summary", "May read, also live; change that"), boxes.node),
        field("Until", expires, { optional: true }),
        field("A word to them", word, { optional: true }),
      ],
      {
        verb: "Approve",
        further: [refuse],
        submit: async () => {
          const approval = {
            name: name.value.trim(),
            scopes: boxes.value(),
            grant: grant.value(),
            disclosure: disclosure.value(),
            expires_at: momentIn(expires),
            word: word.value.trim() || null,
          };
          await send("POST", `${path}/approve`, approval, etag);
          await announce(`Approved: ${approval.name} was made.`, again);
        },
      },
    ),
  );
}

/** A name for a consumer from that of an organisation. */
function nameFor(organisation) {
  return organisation.toLowerCase().normalize("NFD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
}
