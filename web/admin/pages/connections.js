import { get, getAll, send } from "../api.js";
import { confirm } from "../dialogs.js";
import { announce, el, fill, foreign } from "../dom.js";
import { ago, courseKey, moment, size, span, tail, whole } from "../format.js";
import { badge, table } from "../lists.js";
import { placed } from "../place.js";
import { freshness, refresh } from "../refresh.js";

export const title = "Connections";

const EVERY_MS = 3_000;
const BEHIND_S = 10;
const KINDS = { websocket: "websocket", events: "server-sent events", poll: "long poll" };

let stop = () => {};

export async function show(body, place) {
  const consumer = place.get("consumer");
  const fresh = freshness();
  const open = el("section.stack");
  const kept = el("section.stack");
  const only = consumer ? el("p", "Only those of ", el("strong", foreign(consumer)), ". ", el("a", { href: placed() }, "Show all")) : null;
  fill(body, only, fresh.node, open, kept);
  stop();
  const look = async () => {
    try {
      const [connections, cursors] = await Promise.all([getAll("connections", { consumer }), getAll("cursors", { consumer })]);
      redraw(open, el("div.stack", el("h2", "Open now"), connections.length ? connectionTable(connections, look) : quiet()));
      redraw(kept, el("div.stack", el("h2", "Durable cursors"), cursors.length ? cursorTable(cursors, look) : noCursors()));
      fresh.good();
    } catch (error) {
      fresh.bad(error);
      throw error;
    }
  };
  stop = refresh(EVERY_MS, look);
}

/** Replace what is shown, and leave the focus on the button that had it. */
function redraw(node, shown) {
  const had = node.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  fill(node, shown);
  if (had) node.querySelector(`[aria-label="${CSS.escape(had)}"]`)?.focus();
}

function connectionTable(connections, again) {
  const columns = [
    { name: "Consumer", short: true, cell: (one) => [one.consumer ? foreign(one.consumer) : el("span.muted", "not said yet"), el("div.small.muted", KINDS[one.kind] ?? one.kind)] },
    { name: "Subscriptions", cell: (one) => el("ul.plain", one.subscriptions.map(subscription)) },
    { name: "Lag", numeric: true, cell: (one) => (one.lag_s > BEHIND_S ? badge(span(one.lag_s), "warn") : span(one.lag_s)) },
    { name: "Sent", numeric: true, cell: (one) => size(one.bytes_sent) },
    { name: "Since", short: true, cell: (one) => el("span", { title: `process ${one.process}` }, ago(one.since)) },
    { name: "", cell: (one) => disconnecter(one, again) },
  ];
  return el("div.card.list", table("Connections", columns, connections));
}

function subscription({ name, filter, behind }) {
  const parts = Object.entries(filter).map(([member, values]) => {
    const shown = typeof values === "number" ? `${values}` : values.map((one, at) => [at ? ", " : null, member === "verb" ? tail(one) : courseKey(one)]);
    return el("span.course", el("span.muted", `${member.replaceAll("_", " ")} `), el("bdi", shown));
  });
  const place = behind === 0 ? badge("at the head", "good") : badge(`${whole(behind)} behind`, "warn");
  return el("li", el("code", name), " ", place, " ", parts.length ? parts : el("span.muted", "everything"));
}

function disconnecter(one, again) {
  const name = one.consumer ?? "a connection without a name";
  const button = el("button.small.danger", { type: "button", "aria-label": `Disconnect ${name} (${one.connection.slice(0, 8)})` }, "Disconnect");
  button.onclick = async () => {
    const done = await confirm({
      title: `Disconnect ${name}?`,
      text: "The connection is closed within a second. A program that is made well does not come again by itself after this; its place in the log is not lost.",
      verb: "Disconnect",
      act: () => send("POST", `connections/${encodeURIComponent(one.connection)}/disconnect`),
    });
    if (done) {
      await announce(`${name} is being disconnected.`, again);
    }
  };
  return button;
}

function cursorTable(cursors, again) {
  const columns = [
    { name: "Name", cell: (one) => el("code", one.name) },
    { name: "Consumer", cell: (one) => (one.consumer ? foreign(one.consumer) : el("span.muted", "the machine itself")) },
    { name: "Behind", numeric: true, cell: (one) => (one.behind === null ? badge("history replaced", "warn") : whole(one.behind)) },
    { name: "Acknowledged", cell: (one) => moment(one.acknowledged_at) },
    { name: "", cell: (one) => forgetter(one, again) },
  ];
  return el("div.card.list", table("Durable cursors", columns, cursors));
}

function forgetter(one, again) {
  const button = el("button.small.danger", { type: "button", "aria-label": `Forget ${one.name} of ${one.consumer ?? "the machine"}` }, "Forget");
  button.onclick = async () => {
    const done = await confirm({
      title: `Forget the cursor ${one.name}?`,
      text: `Whoever comes with this name for ${one.consumer ?? "the machine"} begins anew, and may get statements again or miss some.`,
      verb: "Forget cursor",
      act: () => send("DELETE", `cursors/${one.consumer_id}/${encodeURIComponent(one.name)}`),
    });
    if (done) {
      await announce(`The cursor ${one.name} is forgotten.`, again);
    }
  };
  return button;
}

function quiet() {
  return el("div.card.empty", el("strong", "Nobody is connected"), el("p", "Programs that follow the stream are listed here, with their lag. They need a token with the scope ", el("code", "stream"), ": make one under ", el("a", { href: "consumers" }, "Consumers"), "."));
}

function noCursors() {
  return el("div.card.empty", el("strong", "None kept"), el("p", "A program that subscribes with a durable name has its place kept here, also while it is away."));
}
