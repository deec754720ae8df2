/** Statements as people read them, and as JSON. */

import { agentName } from "./agents.js";
import { get } from "./api.js";
import { copyButton } from "./dialogs.js";
import { el, fill, foreign } from "./dom.js";
import { clock, courseKey, moment, span, tail } from "./format.js";
import { failure } from "./forms.js";
import { courseName } from "./grants.js";
import { badge, facts } from "./lists.js";
import { placed } from "./place.js";

/** The consumer by which these pages read. */
const PAGES = "admin-pages";
const COURSE = /(?:course-v1|ccx-v1):[^/?#\s]+/;

/** One statement as a row; `choose` is called when it is taken. `latency_ms`: how long it took to come here. */
export function statementRow(statement, choose, { latencyMs = null, live = false } = {}) {
  const node = el("button.statement", { type: "button", dataset: { id: statement.id } });
  const when = statement.stored ?? statement.timestamp;
  const course = courseOf(statement);
  const about = [
    course ? foreign(courseName(course)) : null,
    resultText(statement.result),
    latencyMs === null ? null : `here after ${span(Math.max(0, latencyMs) / 1000)}`,
  ].filter(Boolean);
  fill(
    node,
    el("span.story", nameOf(statement.actor), " ", el("span.verb", verbName(statement.verb)), " ", objectName(statement.object)),
    live ? clock(when) : moment(when),
    about.length > 0 ? el("span.about", about.flatMap((one, at) => (at ? [" · ", one] : [one]))) : null,
  );
  node.onclick = () => choose(statement, node);
  return node;
}

/** All about one statement: what the server knows beside it, and its JSON. */
export function statementDetail(statement) {
  const beside = el("div", { role: "status" }, el("p.muted", "Asking who may see it …"));
  get(`statements/${encodeURIComponent(statement.id)}`).then(
    (known) => fill(beside, knownFacts(known, statement)),
    (error) => fill(beside, failure(error)),
  );
  return [
    el("h2", nameOf(statement.actor), " ", verbName(statement.verb), " ", objectName(statement.object)),
    beside,
    el("div.row.apart", el("h3", "JSON"), copyButton("the JSON", JSON.stringify(statement, null, 2))),
    jsonView(statement, "Statement as JSON"),
  ];
}

function knownFacts(known, statement) {
  const link = (id) => el("a", { href: placed({ id }, "statements") }, el("code", id));
  return facts(
    ["State", known.voided ? [badge("voided", "bad"), " by ", link(known.voided_by)] : badge("valid", "good")],
    known.voids && ["Voids", link(known.voids)],
    ["May be seen by", known.seen_by.length ? el("ul.plain", known.seen_by.map((name) => el("li", foreign(name), name === PAGES ? el("span.muted", " (you, here)") : null))) : "no consumer"],
    ["Courses", known.courses.length ? el("ul.plain", known.courses.map((one) => el("li", foreign(courseKey(one))))) : "names none"],
    ["Stored", moment(known.stored_at)],
    ["Happened", moment(statement.timestamp, "not said")],
    ["Written by", statement.authority ? foreign(statement.authority.name ?? agentName(statement.authority)) : "not said"],
    ["Id", el("code", known.id)],
  );
}

/** JSON with its names and values told apart, and never as markup. */
export function jsonView(value, label) {
  return el("pre.json", { tabIndex: 0, role: "group", "aria-label": label }, el("code", pieces(value, "")));
}

function pieces(value, indent) {
  if (value === null || typeof value !== "object") {
    return el(typeof value === "string" ? "span.text" : "span.other", JSON.stringify(value));
  }
  const isArray = Array.isArray(value);
  const [open, close] = isArray ? "[]" : "{}";
  const members = Object.entries(value);
  if (members.length === 0) return open + close;
  const inner = `${indent}  `;
  const lines = members.map(([name, member], at) => [
    `\n${inner}`,
    isArray ? null : [el("span.key-name", JSON.stringify(name)), ": "],
    pieces(member, inner),
    at < members.length - 1 ? "," : null,
  ]);
  return [open, lines, "\n", indent, close];
}

/** The course that a statement names first. */
export function courseOf(statement) {
  const activities = statement.context?.contextActivities ?? {};
  const ids = [statement.object?.id, ...Object.values(activities).flat().map((one) => one?.id)];
  for (const id of ids) {
    const found = COURSE.exec(safeDecode(id ?? ""));
    if (found) return found[0];
  }
  return null;
}

export function nameOf(actor = {}) {
  const text = actor.name ?? agentName(actor);
  return foreign(/^[0-9a-f-]{36} at /.test(text) ? text.replace(/^([0-9a-f]{8})\S*/, "$1…") : text);
}

function verbName(verb = {}) {
  return foreign(inLanguage(verb.display) ?? tail(verb.id ?? "?"));
}

function objectName(object = {}) {
  if (object.objectType === "StatementRef") return el("span", "statement ", el("code", object.id?.slice(0, 8) ?? "?"));
  if (object.objectType === "SubStatement") return el("span", "that ", nameOf(object.actor), " ", verbName(object.verb), " …");
  if (["Agent", "Group"].includes(object.objectType)) return nameOf(object);
  return foreign(inLanguage(object.definition?.name) ?? tail(safeDecode(object.id ?? "?")));
}

function resultText(result) {
  if (!result) return null;
  const { score, success, completion, duration } = result;
  const parts = [
    score?.scaled !== undefined ? `${Math.round(score.scaled * 100)} %` : score?.raw !== undefined ? `${score.raw} points` : null,
    success === undefined ? null : success ? "right" : "not right",
    completion ? "complete" : null,
    duration ?? null,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : null;
}

function inLanguage(map) {
  if (map === null || typeof map !== "object") return null;
  for (const wanted of navigator.languages) {
    const found = Object.keys(map).find((one) => one.toLowerCase().split("-")[0] === wanted.toLowerCase().split("-")[0]);
    if (found !== undefined) return String(map[found]);
  }
  const first = Object.values(map)[0];
  return first === undefined ? null : String(first);
}

function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
