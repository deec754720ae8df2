import { getXapi, xapiUrl } from "../api.js";
import { el, fill, say } from "../dom.js";
import { count } from "../format.js";
import { check, choice, failure, field, momentIn, momentInput } from "../forms.js";
import { courseEntries, plain, somebody, suggesting, verbInput } from "../filters.js";
import { go } from "../place.js";
import { splitView } from "../rows.js";
import { statementRow } from "../statement.js";

export const title = "Statements";

const PAGE = 50;
const HINT = "Choose a statement to see its JSON, whether it is voided, and who may see it.";
const ORDERS = [["", "Newest first"], ["true", "Oldest first"]];

export async function show(body, place) {
  const results = el("div", { "aria-live": "polite" });
  fill(body, searchForm(place), results);
  fill(results, el("p.muted", "Searching …"));
  try {
    fill(results, place.get("id") ? await one(place.get("id")) : await many(place));
  } catch (error) {
    fill(results, failure(error));
    if (error.status === undefined) throw error;
  }
}

function searchForm(place) {
  const courses = courseEntries(place);
  const verb = verbInput(place);
  const who = somebody(place);
  const activity = suggesting("Activity", place.get("activity"), async () => [], { placeholder: "https://…" });
  const registration = plain("Registration", place.get("registration"));
  const id = plain("Statement id", place.get("id"));
  const since = momentInput(place.get("since"));
  const until = momentInput(place.get("until"));
  const order = choice(ORDERS, { value: place.get("ascending") ?? "" });
  const relatedActivities = check("Also as a context of it", { checked: place.has("related_activities") }, "The activity as parent, grouping, …");
  const relatedAgents = check("Also in other roles", { checked: place.has("related_agents") }, "Who as instructor, team, authority, …");
  const further = ["activity", "registration", "id", "since", "until", "ascending", "related_activities", "related_agents"].some((name) => place.has(name));
  const trouble = el("div.trouble");
  const node = el(
    "form.card",
    { role: "search", "aria-label": "Statements" },
    trouble,
    el("div.filters", courses.node, verb.node, who.node),
    el(
      "details",
      { open: further },
      el("summary", "More filters"),
      el(
        "div.filters",
        activity.node,
        registration.node,
        id.node,
        field("Stored after", since, { optional: true }),
        field("Stored until", until, { optional: true }),
        field("Order", order, { optional: true }),
        relatedActivities,
        relatedAgents,
      ),
    ),
    el("div.actions", el("button.primary", { type: "submit" }, "Search"), el("button", { type: "button", onclick: () => go({}) }, "Clear")),
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      const agent = who.value();
      go({
        course: courses.values(),
        verb: verb.input.value.trim(),
        agent: agent && JSON.stringify(agent),
        activity: activity.input.value.trim(),
        registration: registration.input.value.trim(),
        id: id.input.value.trim(),
        since: momentIn(since),
        until: momentIn(until),
        ascending: order.value,
        related_activities: relatedActivities.firstChild.checked && "true",
        related_agents: relatedAgents.firstChild.checked && "true",
      });
    } catch (error) {
      fill(trouble, failure(error));
    }
  });
  return node;
}

/** One statement by its id, also a voided one. */
async function one(id) {
  const found = await getXapi("statements", [["statementId", id]]).catch((error) => {
    if (error.status !== 404) throw error;
    return getXapi("statements", [["voidedStatementId", id]]);
  });
  const view = splitView("Found", HINT);
  const row = statementRow(found, view.choose);
  view.found.append(el("li", row));
  view.choose(found, row);
  return view.node;
}

async function many(place) {
  const { statements, more } = await getXapi("statements", [...place].concat([["limit", PAGE]]));
  if (statements.length === 0) {
    return el("div.card.empty", el("strong", "No statements"), el("p", [...place].length ? "None fits all filters. Take one away, or clear them all." : "Nothing is stored yet. A platform needs a consumer with a key to write."), [...place].length ? null : el("a.button.primary", { href: "consumers" }, "Consumers"));
  }
  const view = splitView("Statements", HINT);
  const add = (page) => view.found.append(...page.map((statement) => el("li", statementRow(statement, view.choose))));
  add(statements);
  follow(view, add, more);
  return view.node;
}

/** The button for the next page, for as long as there is one. */
function follow(view, add, more) {
  if (!more) return;
  let next = more;
  const trouble = el("div");
  const button = el("button", { type: "button" }, "Show more");
  button.onclick = async () => {
    button.disabled = true;
    try {
      const search = new URL(next, await xapiUrl("statements")).searchParams;
      const page = await getXapi("statements", [...search]);
      add(page.statements);
      say(`${count(page.statements.length, "statement")} more shown.`);
      next = page.more;
      fill(trouble);
      if (!next) foot.remove();
    } catch (error) {
      fill(trouble, failure(error));
    }
    button.disabled = false;
  };
  const foot = el("div.more", trouble, button);
  view.list.firstChild.append(foot);
}
