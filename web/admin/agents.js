/** Agents: their names for people, and as people write them. */

import { el, newId } from "./dom.js";
import { choice, field } from "./forms.js";

/** What tells an Agent or Group apart, without its name. */
export function agentName(agent) {
  if (agent.mbox) return agent.mbox.replace(/^mailto:/, "");
  if (agent.account) return `${agent.account.name} at ${siteName(agent.account.homePage)}`;
  if (agent.openid) return agent.openid;
  if (agent.mbox_sha1sum) return `sha1:${agent.mbox_sha1sum.slice(0, 12)}…`;
  const members = agent.member?.length ?? 0;
  return members ? `a group of ${members}` : "nobody in particular";
}

/** The Agent in what somebody wrote: an address, or JSON; throws what is wrong with it. */
export function agentOf(text) {
  if (text.startsWith("{")) {
    try {
      return JSON.parse(text);
    } catch {
      throw new Error("That is not JSON.");
    }
  }
  if (/^(mailto:)?[^\s@]+@[^\s@]+$/.test(text)) return { mbox: `mailto:${text.replace(/^mailto:/, "")}` };
  throw new Error("Write an e-mail address, or an Agent as JSON.");
}

const KINDS = [
  ["", "Anybody"],
  ["account", "Account"],
  ["mbox", "E-mail address"],
  ["mbox_sha1sum", "SHA-1 of an e-mail address"],
  ["openid", "OpenID"],
];

/** Fields for one Agent: `{ node, value() }`; null for anybody. */
export function agentFields(label, agent) {
  const kind = choice(KINDS, { value: KINDS.map(([name]) => name).find((name) => name && agent?.[name]) ?? "" });
  const home = el("input", { type: "text", value: agent?.account?.homePage ?? "", placeholder: "https://lms.example.com" });
  const own = agent?.account?.name ?? agent?.mbox?.replace(/^mailto:/, "") ?? agent?.mbox_sha1sum ?? agent?.openid ?? "";
  const identifier = el("input", { type: "text", value: own, id: newId("agent"), autocomplete: "off" });
  const homeField = field("Site of the account", home, { optional: true });
  const ownField = field("Name or address", identifier, { optional: true });
  const follow = () => {
    homeField.hidden = kind.value !== "account";
    ownField.hidden = kind.value === "";
  };
  kind.onchange = follow;
  follow();
  return {
    node: el("div.together", field(label, kind, { optional: true }), homeField, ownField),
    value: () => {
      const text = identifier.value.trim();
      if (kind.value === "" || text === "") return null;
      if (kind.value === "account") return { account: { homePage: home.value.trim(), name: text } };
      return { [kind.value]: kind.value === "mbox" ? `mailto:${text.replace(/^mailto:/, "")}` : text };
    },
  };
}

function siteName(homePage) {
  try {
    return new URL(homePage).host || homePage;
  } catch {
    return homePage;
  }
}
