import { get, send } from "../api.js";
import { confirm } from "../dialogs.js";
import { el, fill, foreign, say } from "../dom.js";
import { moment, size } from "../format.js";
import { failure, sentence } from "../forms.js";
import { paged, table } from "../lists.js";
import { placed } from "../place.js";
import { jsonView } from "../statement.js";

export const title = "Quarantine and conflicts";

export async function show(body, place) {
  const conflicts = place.get("part") === "conflicts";
  const number = place.get("number");
  const tabs = el(
    "nav.row",
    { "aria-label": "Parts" },
    el("a.button", { href: placed(), "aria-current": conflicts ? null : "page", className: conflicts ? "button" : "button primary" }, "Quarantine"),
    el("a.button", { href: placed({ part: "conflicts" }), "aria-current": conflicts ? "page" : null, className: conflicts ? "button primary" : "button" }, "Conflicts"),
  );
  const shown = el("div.stack");
  fill(body, tabs, shown);
  if (number === null) await (conflicts ? listConflicts(shown) : listQuarantine(shown));
  else await (conflicts ? lookAtConflict(shown, number) : lookAt(shown, number));
}

async function listQuarantine(body) {
  const columns = [
    { name: "Number", short: true, cell: (one) => el("a", { href: placed({ number: one.number }) }, `No. ${one.number}`) },
    { name: "Received", short: true, cell: (one) => moment(one.received_at) },
    { name: "From", cell: (one) => foreign(one.consumer) },
    { name: "What is wrong", cell: (one) => problems(one.problems.slice(0, 2)) },
    { name: "Size", numeric: true, cell: (one) => size(one.bytes) },
  ];
  fill(
    body,
    el("p.muted", "What trusted writers sent and could not be stored. They are not asked to send it again, so it waits here for you."),
    await paged("Quarantine", columns, (after) => get("quarantine", { after, limit: 50 }), [el("strong", "Nothing in quarantine"), el("p", "All that trusted writers sent is stored.")]),
  );
}

async function lookAt(body, number) {
  const path = `quarantine/${encodeURIComponent(number)}`;
  const one = await get(path);
  const trouble = el("div", { role: "status" });
  const again = el("button.primary", { type: "button" }, "Try to store it again");
  const drop = el("button.danger", { type: "button" }, "Remove");
  again.onclick = async () => {
    again.disabled = true;
    try {
      const answer = await send("POST", `${path}/retry`);
      if (answer.stored) {
        say(`No. ${number} is stored now.`);
        location.hash = "";
        return;
      }
      fill(trouble, el("div.notice.warn", el("p", "It still can't be stored."), problems(answer.problems)));
    } catch (error) {
      fill(trouble, failure(error));
    }
    again.disabled = false;
  };
  drop.onclick = async () => {
    const done = await confirm({
      title: `Remove No. ${number} of ${one.consumer} from quarantine?`,
      text: "What it says about learners is lost for good. The platform will not send it again.",
      verb: `Remove No. ${number}`,
      act: () => send("DELETE", path),
    });
    if (done) {
      say(`No. ${number} is removed.`);
      location.hash = "";
    }
  };
  fill(
    body,
    el(
      "section.card.stack",
      el("h2", `No. ${number} from `, foreign(one.consumer)),
      el("p", "Received ", moment(one.received_at), `, ${size(one.bytes)}, as xAPI ${one.version}. That you looked at it is in the audit trail.`),
      el("div", el("h3", "What is wrong"), problems(one.problems)),
      trouble,
      typeof one.body === "string" ? el("pre.json", { tabIndex: 0, role: "group", "aria-label": "What was sent" }, one.body) : jsonView(one.body, "What was sent"),
      el("div.actions", again, drop),
    ),
  );
}

async function listConflicts(body) {
  const columns = [
    { name: "Number", cell: (one) => el("a", { href: placed({ part: "conflicts", number: one.number }) }, `No. ${one.number}`) },
    { name: "Received", cell: (one) => moment(one.received_at) },
    { name: "Statement", cell: (one) => el("a", { href: placed({ id: one.statement }, "statements") }, el("code", one.statement)) },
  ];
  fill(
    body,
    el("p.muted", "Other contents that trusted writers sent under the id of a statement that was there. The log keeps the first; the other is here."),
    await paged("Conflicts", columns, (after) => get("conflicts", { after, limit: 50 }), [el("strong", "No conflicts"), el("p", "No id came with two contents.")]),
  );
}

async function lookAtConflict(body, number) {
  const path = `conflicts/${encodeURIComponent(number)}`;
  const one = await get(path);
  const drop = el("button.danger", { type: "button" }, "Remove");
  drop.onclick = async () => {
    const done = await confirm({
      title: `Remove conflict No. ${number}?`,
      text: "The refused content is lost for good. The log keeps what it has.",
      verb: `Remove No. ${number}`,
      act: () => send("DELETE", path),
    });
    if (done) {
      say(`Conflict No. ${number} is removed.`);
      location.hash = "part=conflicts";
    }
  };
  fill(
    body,
    el("p", "Statement ", el("a", { href: placed({ id: one.statement }, "statements") }, el("code", one.statement)), ", received again ", moment(one.received_at), ". That you looked at it is in the audit trail."),
    el("h2", "What differs"),
    el("div.card.list", table("What differs", DIFFERENCES, differences(one.kept, one.refused))),
    el(
      "div.columns",
      el("section.card.stack", el("h2", "Kept in the log"), jsonView(one.kept, "Kept in the log")),
      el("section.card.stack", el("h2", "Refused"), jsonView(one.refused, "Refused")),
    ),
    el("div.actions", drop),
  );
}

function problems(found) {
  return el("ul.plain", found.map((one) => el("li", el("span.path", one.path), " ", foreign(sentence(one.reason)))));
}

const DIFFERENCES = [
  { name: "Member", cell: (one) => el("code", one.path.join(" › ")) },
  { name: "Kept", cell: (one) => told(one.kept) },
  { name: "Refused", cell: (one) => told(one.refused) },
];

function told(value) {
  return value === undefined ? el("span.muted", "not there") : el("code", JSON.stringify(value));
}

/** The members in which two values differ, each with both. */
function differences(kept, refused, path = []) {
  if (!isObject(kept) || !isObject(refused)) {
    return JSON.stringify(kept) === JSON.stringify(refused) ? [] : [{ path, kept, refused }];
  }
  const names = [...new Set([...Object.keys(kept), ...Object.keys(refused)])];
  return names.flatMap((name) => differences(kept[name], refused[name], [...path, name]));
}

function isObject(value) {
  return value !== null && typeof value === "object";
}
