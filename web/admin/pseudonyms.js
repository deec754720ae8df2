/** Who is behind a pseudonym, and the other way round. That somebody looked stands in the audit trail. */

import { getAll, send } from "./api.js";
import { agentName, agentOf } from "./agents.js";
import { copyButton } from "./dialogs.js";
import { el, fill, foreign } from "./dom.js";
import { NotYet, choice, field, form } from "./forms.js";
import { facts } from "./lists.js";

const UUID = /[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/i;

/** A section with a form for each direction. */
export async function pseudonyms() {
  const consumers = (await getAll("consumers")).filter((one) => one.disclosure.actors === "pseudonym");
  const heading = el("h2", "Look up pseudonyms");
  if (consumers.length === 0) {
    return el("section.card.stack.narrow", heading, el("p.muted", "No consumer is shown learners under pseudonyms. How learners appear to one is set on its page: ", el("a", { href: "consumers" }, "Consumers"), "."));
  }
  return el(
    "section.card.stack.narrow",
    heading,
    el("p.muted", "Each look-up stands in the audit trail: who looked, and for how many learners, but not for whom."),
    whose(consumers),
    pseudonymOf(consumers),
  );
}

function whose(consumers) {
  const name = el("input", { type: "text", name: "pseudonyms", autocomplete: "off", spellcheck: false });
  const found = el("div.stack", { role: "status" });
  return el(
    "div.stack",
    el("h3", "Who is behind a pseudonym"),
    form([field("Pseudonym", name, { hint: "The UUID, or the account that it is the name of." })], {
      verb: "Find the learner",
      name: "Who is behind a pseudonym",
      submit: async () => {
        fill(found);
        const [uuid] = UUID.exec(name.value) ?? [];
        if (uuid === undefined) throw new NotYet("A pseudonym is a UUID");
        const answer = await send("POST", "pseudonyms", { pseudonyms: [uuid] });
        fill(found, answer.found.length > 0 ? answer.found.map((one) => learner(one, consumers)) : el("p", "It is nobody's pseudonym."));
      },
    }),
    found,
  );
}

function learner({ space, agent }, consumers) {
  return facts(
    ["Learner", [foreign(agentName(agent)), " ", copyButton("the learner", JSON.stringify(agent))]],
    ["As stored", el("code", JSON.stringify(agent))],
    ["Known so to", known(space, consumers)],
  );
}

function pseudonymOf(consumers) {
  const who = el("input", { type: "text", name: "agents", autocomplete: "off", spellcheck: false });
  const to = choice(consumers.map(({ name }) => [name, name]), { name: "consumer" });
  const found = el("div.stack", { role: "status" });
  return el(
    "div.stack",
    el("h3", "The pseudonym of a learner"),
    form(
      [
        field("Learner", who, { hint: 'An e-mail address, or an Agent as JSON such as {"account": {"homePage": "https://lms.example.com", "name": "…"}}.' }),
        field("Shown to", to),
      ],
      {
        verb: "Find the pseudonym",
        name: "The pseudonym of a learner",
        submit: async () => {
          fill(found);
          const { space, shown } = await send("POST", "pseudonyms", { consumer: to.value, agents: [read(who.value.trim())] });
          const [{ account }] = shown;
          fill(found, facts(["Pseudonym", [el("code", account.name), " ", copyButton("the pseudonym", account.name)]], ["Account of", el("code", account.homePage)], ["Known so to", known(space, consumers)]));
        },
      },
    ),
    found,
  );
}

/** The Agent that was written; what is wrong with it is shown with the form. */
function read(text) {
  try {
    return agentOf(text);
  } catch (error) {
    throw new NotYet(error.message);
  }
}

/** Names of the consumers to whom a learner appears so. */
function known(space, consumers) {
  const names = consumers.filter((one) => (one.disclosure.space ?? String(one.id)) === space).map(({ name }) => name);
  return foreign(names.join(", ") || `nobody now (space ${space})`);
}
