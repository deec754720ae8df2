import { get, send } from "../api.js";
import { agentName, agentOf } from "../agents.js";
import { confirm } from "../dialogs.js";
import { announce, el, fill, foreign } from "../dom.js";
import { count, moment, whole } from "../format.js";
import { field, form } from "../forms.js";
import { badge, entries, facts, paged } from "../lists.js";
import { pseudonyms } from "../pseudonyms.js";
import { freshness, refresh } from "../refresh.js";

export const title = "Privacy";

const EVERY_MS = 3_000;

export async function show(body) {
  const fresh = freshness();
  const done = el("section.stack");
  const draw = () => drawErasures(done);
  const reports = el("p", "What a consumer can see of learners, and what it has read, is told in a report on its page: ", el("a", { href: "consumers" }, "Consumers"), ".");
  fill(body, reports, await pseudonyms(), eraser(draw), fresh.node, done);
  await draw();
  refresh(EVERY_MS, async () => {
    try {
      // What is under way changes; what was shown further down stays.
      if (done.querySelector(".badge.warn")) await draw();
      fresh.good();
    } catch (error) {
      fresh.bad(error);
      throw error;
    }
  });
}

/** The form that counts first, and erases what was counted. */
function eraser(again) {
  const who = entries({
    label: "Identifiers of the learner",
    hint: 'All by which this person is known: e-mail addresses, or Agents as JSON such as {"account": {"homePage": "https://lms.example.com", "name": "…"}}.',
    read: agentOf,
    show: agentName,
  });
  const reason = el("input", { type: "text", name: "reason", maxLength: 200, autocomplete: "off" });
  const found = el("div.stack", { role: "status" });
  const ask = form([who.node, field("Reason", reason, { optional: true, hint: "Stands in the audit trail for good; don't name the learner in it." })], {
    verb: "Count what there is",
    submit: async () => {
      fill(found);
      const agents = who.values();
      const wanted = { agents, ...(reason.value.trim() ? { reason: reason.value.trim() } : {}) };
      const amounts = await send("POST", "erasures", { ...wanted, dry_run: true });
      fill(found, facts(...amountFacts(amounts)), el("div.actions", eraseButton(wanted, amounts, () => fill(found), again)));
    },
  });
  return el(
    "section.card.stack.narrow",
    el("h2", "Erase a learner"),
    el("p.muted", "Removes what a person did from the log, the documents and the attachments. Backups that were made before keep it until they are removed."),
    ask,
    found,
  );
}

function eraseButton(wanted, amounts, clear, again) {
  const button = el("button.danger", { type: "button" }, "Erase …");
  const names = wanted.agents.map(agentName).join(", ");
  button.onclick = async () => {
    const done = await confirm({
      title: `Erase ${names}?`,
      text: `${count(amounts.statements, "statement")} of this learner, and all that belongs to them, are removed for good. Nobody can bring them back.`,
      verb: "Erase for good",
      act: () => send("POST", "erasures", wanted),
    });
    if (!done) return;
    clear();
    await announce("The erasure has begun.", again);
  };
  return button;
}

async function drawErasures(node) {
  const list = await paged("Erasures", COLUMNS, (after) => get("erasures", { after, limit: 100 }), [
    el("strong", "Nothing was erased yet"),
    el("p", "What is erased here, by the command line or by the retention time is listed, without whom it was about."),
  ]);
  fill(node, el("h2", "Erasures"), list);
}

const COLUMNS = [
  { name: "Number", short: true, cell: (one) => `No. ${one.number}` },
  { name: "Begun", short: true, cell: (one) => moment(one.begun_at) },
  { name: "Finished", short: true, cell: (one) => (one.finished_at ? moment(one.finished_at) : badge("under way", "warn")) },
  { name: "Reason", cell: (one) => (one.reason ? foreign(one.reason) : "–") },
  { name: "What", cell: (one) => el("ul.plain.small", amountFacts(one).map(([name, value]) => el("li", el("span.muted", `${name} `), value))) },
];

const NAMES = { aside: "in quarantine and conflicts" };
const OTHERS = new Set(["number", "begun_at", "finished_at", "reason"]);

/** Each amount that the server tells, by its name. */
function amountFacts(amounts) {
  return Object.entries(amounts)
    .filter(([name, value]) => !OTHERS.has(name) && typeof value === "number")
    .map(([name, value]) => [NAMES[name] ?? name.replaceAll("_", " "), whole(value)]);
}
