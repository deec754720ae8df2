/** One consumer: what it is, what it may, and its keys and tokens. */

import { get, send } from "./api.js";
import { allowanceView } from "./allowance.js";
import { confirm, open, showOnce } from "./dialogs.js";
import { disclosureEditor, disclosureText } from "./disclosure.js";
import { announce, el, fill, foreign } from "./dom.js";
import { ago, moment } from "./format.js";
import { check, choice, field, form, momentIn, momentInput } from "./forms.js";
import { grantEditor, grantFacts, grantText, scopeBoxes } from "./grants.js";
import { facts, paged, state } from "./lists.js";
import { placed } from "./place.js";
import { reportView } from "./report.js";

const LASTS = [["", "as the server is set"], [3600, "1 hour"], [86_400, "1 day"], [30 * 86_400, "30 days"], [365 * 86_400, "1 year"]];

/** What there is to see and do; `again` loads it anew. */
export async function consumerView(consumer, etag, again) {
  const { items: scopes } = await get("scopes");
  const meanings = new Map(scopes.map((one) => [one.name, one.meaning]));
  const change = el("button", { type: "button" }, "Change");
  const told = el(
    "section.card.stack",
    el("div.row.apart", el("h2", "What it may"), el("div.row", change, switcher(consumer, etag, again))),
    facts(
      ["May do", el("ul.plain", consumer.scopes.map((name) => el("li", el("code", name), " ", el("span.muted", meanings.get(name) ?? ""))))],
      ...grantFacts(consumer.grant),
      ["Learners are shown", disclosureText(consumer.disclosure)],
      ["Until", moment(consumer.expires_at, "no end")],
      ["Writer", consumer.trusted ? "trusted: nothing is lost" : "as any other"],
      ["Made", moment(consumer.created_at)],
      ["Right now", el("a", { href: placed({ consumer: consumer.name }, "connections") }, "its connections")],
      ["What was done", el("a", { href: placed({ about: `consumer:${consumer.name}` }, "audit") }, "its audit trail")],
    ),
  );
  change.onclick = () => {
    told.classList.add("narrow");
    fill(told, editor(consumer, scopes, etag, again, () => again()));
    told.querySelector("input").focus();
  };
  const keys = el("section.stack");
  const tokens = el("section.stack");
  await Promise.all([drawKeys(keys, consumer), drawTokens(tokens, consumer, scopes)]);
  return [told, keys, tokens, await allowanceView(consumer), reportView(consumer)];
}

function switcher(consumer, etag, again) {
  const button = el("button", { type: "button", className: consumer.disabled ? "" : "danger" }, consumer.disabled ? "Enable" : "Disable");
  button.onclick = async () => {
    const act = () => send("PATCH", `consumers/${consumer.id}`, { disabled: !consumer.disabled }, etag);
    const done = await confirm(
      consumer.disabled
        ? { title: `Enable ${consumer.name}?`, text: "Its keys, and those of its tokens that have not expired, are good again.", verb: "Enable", act, danger: false }
        : { title: `Disable ${consumer.name}?`, text: "Its keys and tokens are refused and its streams closed at once. It can be enabled again.", verb: `Disable ${consumer.name}`, act },
    );
    if (done) {
      await announce(`${consumer.name} is ${consumer.disabled ? "enabled" : "disabled"}.`, again);
    }
  };
  return button;
}

function editor(consumer, scopes, etag, again, leave) {
  const boxes = scopeBoxes(scopes, consumer.scopes);
  const grant = grantEditor(consumer.grant);
  const disclosure = disclosureEditor(consumer.disclosure);
  const expires = momentInput(consumer.expires_at, { name: "expires_at" });
  const trusted = check("Trusted writer", { checked: consumer.trusted }, "Nothing that it sends is lost: what can't be stored is kept in quarantine.");
  const cancel = el("button", { type: "button", onclick: leave }, "Cancel");
  return form(
    [el("h2", "Change what it may"), boxes.node, grant.node, disclosure.node, field("Until", expires, { optional: true }), trusted],
    {
      verb: "Save",
      further: [cancel],
      submit: async () => {
        const changed = {
          scopes: boxes.value(),
          grant: grant.value(),
          disclosure: disclosure.value(),
          expires_at: momentIn(expires),
          trusted: trusted.firstChild.checked,
        };
        await send("PATCH", `consumers/${consumer.id}`, changed, etag);
        await announce(`${consumer.name} was changed. Its keys, tokens and streams follow at once.`, again);
      },
    },
  );
}

async function drawKeys(node, consumer) {
  const draw = () => drawKeys(node, consumer);
  const make = el("button", { type: "button" }, "New key");
  make.onclick = async () => {
    let made = null;
    await confirm({
      title: `New key for ${consumer.name}`, text: "A key and its secret are for programs that write or ask with Basic authentication, such as Open edX. The secret is shown once.",
      verb: "Make key", danger: false,
      act: async () => {
        made = await send("POST", "keys", { consumer: consumer.name });
      },
    });
    if (made === null) return;
    await showOnce(`Key of ${consumer.name}`, "The secret is shown this once: the server keeps only its hash. Hand both on by a safe way.", [["key", made.key], ["secret", made.secret]]);
    await draw();
  };
  const columns = [
    { name: "Key", short: true, cell: (one) => el("code", one.key) },
    { name: "State", short: true, cell: (one) => state(one.state) },
    { name: "Made", short: true, cell: (one) => moment(one.created_at) },
    { name: "Last used", short: true, cell: (one) => ago(one.last_used_at) },
    { name: "", cell: (one) => revoker(one.state === "active", `key ${one.key}`, `keys/${encodeURIComponent(one.key)}/revoke`, consumer, draw) },
  ];
  const list = await paged(`Keys of ${consumer.name}`, columns, (after) => get("keys", { consumer: consumer.name, after, limit: 20 }), [
    el("strong", "No keys"), el("p", "A key is what a platform writes with, or a program gets tokens with."),
  ]);
  fill(node, el("div.row.apart", el("h2", "Keys"), make), list);
}

async function drawTokens(node, consumer, scopes) {
  const draw = () => drawTokens(node, consumer, scopes);
  const make = el("button", { type: "button", onclick: () => newToken(consumer, scopes, draw) }, "New token");
  const columns = [
    { name: "Token", short: true, cell: (one) => el("code", { title: one.jti }, one.jti.slice(0, 13)) },
    { name: "State", short: true, cell: (one) => state(one.state) },
    { name: "May do", cell: (one) => one.scopes.join(", ") },
    { name: "May see", cell: (one) => grantText(one.grant) },
    { name: "Until", cell: (one) => moment(one.expires_at) },
    { name: "Last used", short: true, cell: (one) => ago(one.last_used_at) },
    { name: "", cell: (one) => revoker(one.state === "active", `token ${one.jti.slice(0, 13)}`, `tokens/${encodeURIComponent(one.jti)}/revoke`, consumer, draw) },
  ];
  const list = await paged(`Tokens of ${consumer.name}`, columns, (after) => get("tokens", { consumer: consumer.name, after, limit: 20 }), [
    el("strong", "No tokens"), el("p", "A token is what a program reads with: live, or by query. It ends by itself, and may be narrower than the consumer."),
  ]);
  fill(node, el("div.row.apart", el("h2", "Tokens"), make), list);
}

function revoker(active, name, path, consumer, draw) {
  if (!active) return null;
  const button = el("button.small.danger", { type: "button", "aria-label": `Revoke ${name}` }, "Revoke");
  button.onclick = async () => {
    const done = await confirm({
      title: `Revoke ${name} of ${consumer.name}?`,
      text: "It is refused from now on, and its streams are closed. This can't be taken back.",
      verb: `Revoke ${name.split(" ")[0]}`,
      act: () => send("POST", path),
    });
    if (done) {
      await announce(`The ${name} is revoked.`, draw);
    }
  };
  return button;
}

async function newToken(consumer, scopes, draw) {
  const boxes = scopeBoxes(scopes.filter((one) => consumer.scopes.includes(one.name)), consumer.scopes);
  const grant = grantEditor(consumer.grant);
  const lasts = choice(LASTS, { name: "ttl_s" });
  const cancel = el("button", { type: "button" }, "Cancel");
  let made = null;
  const fields = form([el("p", "A token may be narrower than its consumer, never wider."), boxes.node, grant.node, field("Lasts", lasts)], {
    verb: "Issue token",
    further: [cancel],
    submit: async () => {
      made = await send("POST", "tokens", {
        consumer: consumer.name,
        scopes: boxes.value(),
        grant: grant.value(),
        ttl_s: lasts.value ? Number(lasts.value) : null,
      });
      dialog.close();
    },
  });
  const dialog = open(["New token for ", foreign(consumer.name)], fields);
  fields.querySelector("select").required = false;
  cancel.onclick = () => dialog.close();
  await dialog.closed;
  if (made === null) return;
  await showOnce(`Token of ${consumer.name}`, "It is shown this once. Hand it on by a safe way.", [["token", made.token]]);
  await draw();
}
