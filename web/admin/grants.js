/** Grants: told in words, and edited. */

import { agentName, agentOf } from "./agents.js";
import { get } from "./api.js";
import { el, foreign, newId } from "./dom.js";
import { courseKey, tail } from "./format.js";
import { check, group, NotYet } from "./forms.js";
import { badge, entries } from "./lists.js";

const EVERY = "*";
const COURSE = /^(course-v1|ccx-v1):[^\s+]+\+\S+$/;

/** The parts of a grant beside its courses. */
const RESTRICTIONS = [
  ["verbs", "Verbs", "Ids of verbs, such as http://adlnet.gov/expapi/verbs/completed", readIri, (iri) => iri],
  ["activity_types", "Activity types", "Types of the object, such as http://adlnet.gov/expapi/activities/course", readIri, (iri) => iri],
  ["sites", "Sites", "The homePage of the actor's account, such as https://lms.example.com", readIri, (iri) => iri],
  ["actors", "Actors", "An e-mail address, or an Agent as JSON", agentOf, agentName],
];

/** What a grant covers, in a few words. `most`: how many courses are named. */
export function grantText(grant, most = 3) {
  const { courses } = grant;
  const parts = [];
  if (courses.includes(EVERY)) parts.push(badge("every course"));
  else if (courses.length === 0) parts.push(badge("no course", "bad"));
  else {
    parts.push(...courses.slice(0, most).map((entry) => el("span.course", foreign(courseKey(courseName(entry))))));
    if (courses.length > most) parts.push(el("span.muted", `and ${courses.length - most} more`));
  }
  const limits = RESTRICTIONS.filter(([name]) => grant[name] !== undefined).map(([, label]) => label.toLowerCase());
  limits.push(...unknown(grant).map((name) => name.replaceAll("_", " ")));
  if (limits.length > 0) parts.push(badge(`restricted: ${limits.join(", ")}`, "warn"));
  return el("span.grant", parts);
}

/** All that a grant covers. */
export function grantFacts(grant) {
  const shown = grant.courses.includes(EVERY) ? ["every course"] : grant.courses;
  const rows = [["Courses", shown]];
  for (const [name, label, , , show] of RESTRICTIONS) if (grant[name]) rows.push([`Only these ${label.toLowerCase()}`, grant[name].map(show)]);
  for (const name of unknown(grant)) rows.push([name.replaceAll("_", " "), [JSON.stringify(grant[name])]]);
  return rows.map(([label, values]) => [
    label,
    values.length > 0 ? el("ul.plain", values.map((value) => el("li", foreign(courseKey(value))))) : "none",
  ]);
}

/** Members that only a newer server knows. They may be limits, so they are shown, and kept when a grant is changed. */
function unknown(grant) {
  return Object.keys(grant).filter((name) => name !== "courses" && !RESTRICTIONS.some(([known]) => known === name));
}

/** A course without the words that all have. */
export function courseName(entry) {
  return entry.replace(/^course-v1:/, "").replace(/\+\*$/, " (whole organisation)");
}

/** A form part in which a grant is edited: `{ node, value() }`. */
export function grantEditor(grant = { courses: [] }) {
  const name = newId("courses");
  const every = grant.courses.includes(EVERY);
  const courses = entries({
    label: "Courses",
    hint: "A course key, or a whole organisation as course-v1:Org+*. Courses in the log are suggested.",
    initial: every ? [] : grant.courses,
    suggest: suggestCourses,
    read: readCourse,
    placeholder: "course-v1:Org+Course+Run",
  });
  const some = check("Only these courses", { type: "radio", name, value: "some", checked: !every });
  const all = check("Every course, also those to come, and statements that name none", { type: "radio", name, value: "all", checked: every });
  const follow = () => {
    courses.node.hidden = all.firstChild.checked;
  };
  some.firstChild.onchange = follow;
  all.firstChild.onchange = follow;
  follow();
  const further = RESTRICTIONS.map((row) => restriction(row, grant));
  const limited = RESTRICTIONS.some(([member]) => grant[member] !== undefined);
  const node = group(
    "May see",
    some,
    courses.node,
    all,
    el(
      "details.further",
      { open: limited },
      el("summary", "Restrict it further"),
      el("p.hint", "Each of these hides all but what it lists. One that is off hides nothing."),
      further.map((one) => one.node),
    ),
  );
  const named = () => {
    const found = courses.values();
    if (found.length === 0) throw new NotYet("Name a course, or choose every course");
    return found;
  };
  return {
    node,
    every: (yes) => {
      (yes ? all : some).firstChild.checked = true;
      follow();
    },
    value: () => ({
      ...Object.fromEntries(unknown(grant).map((member) => [member, grant[member]])),
      courses: all.firstChild.checked ? [EVERY] : named(),
      ...Object.fromEntries(further.filter((one) => one.on()).map((one) => [one.name, one.values()])),
    }),
  };
}

/** Boxes for scopes, of which `chosen` are ticked: `{ node, value() }`. */
export function scopeBoxes(scopes, chosen) {
  const boxes = scopes.map((one) => check(one.name, { name: "scopes", value: one.name, checked: chosen.includes(one.name) }, one.meaning));
  const inputs = boxes.map((box) => box.firstChild);
  return {
    node: group("May do", el("div.choices", boxes)),
    value: () => inputs.filter((one) => one.checked).map((one) => one.value),
    choose: (names) => inputs.forEach((one) => (one.checked = names.includes(one.value))),
  };
}

/** Courses of the log that begin with `text`. */
export async function suggestCourses(text) {
  const { items } = await get("courses", { prefix: text });
  return items.map((one) => one.entry);
}

/** A course key as people write it; throws what is wrong with it. */
export function readCourse(text) {
  const entry = text.includes(":") ? text : `course-v1:${text}`;
  if (!COURSE.test(entry)) throw new Error("A course key looks like course-v1:Org+Course+Run.");
  return entry;
}

/** Verbs among the newest statements that have `text` in them. */
export async function suggestVerbs(text) {
  const { recent } = await get("statistics");
  return recent.verbs.map((one) => one.name).filter((one) => tail(one).startsWith(text) || one.includes(text));
}

function restriction([name, label, hint, read, show], grant) {
  const list = entries({
    label: `Only these ${label.toLowerCase()}`, hint, initial: grant[name] ?? [], read, show,
    suggest: name === "verbs" ? suggestVerbs : undefined,
  });
  const box = check(label, { checked: grant[name] !== undefined });
  const follow = () => {
    list.node.hidden = !box.firstChild.checked;
  };
  box.firstChild.onchange = follow;
  follow();
  return { name, node: el("div.restriction", box, list.node), on: () => box.firstChild.checked, values: list.values };
}

function readIri(text) {
  if (!/^[a-z][a-z0-9+.-]*:\S+$/i.test(text)) throw new Error("That is not an IRI, which begins like https:");
  return text;
}
