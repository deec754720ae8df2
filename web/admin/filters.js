/** The filter of the stream and of queries, as a form and as an address. */

import { agentFields } from "./agents.js";
import { el, newId } from "./dom.js";
import { field } from "./forms.js";
import { readCourse, suggestCourses, suggestVerbs } from "./grants.js";
import { entries, offer } from "./lists.js";

/** An input that suggests. */
export function suggesting(label, value, suggest, { placeholder } = {}) {
  const options = el("datalist", { id: newId("options") });
  const input = el("input", { type: "text", value: value ?? "", autocomplete: "off", spellcheck: false, list: options.id, placeholder });
  offer(input, options, suggest);
  const node = field(label, input, { optional: true });
  node.append(options);
  return { node, input };
}

/** Courses, any of which may be named. */
export function courseEntries(place) {
  return entries({ label: "Courses", initial: place.getAll("course"), suggest: suggestCourses, read: readCourse, placeholder: "course-v1:Org+Course+Run" });
}

/** One verb. */
export function verbInput(place) {
  return suggesting("Verb", place.get("verb"), suggestVerbs);
}

/** Somebody, as the address has it: JSON. */
export function somebody(place, name = "agent") {
  let agent = null;
  try {
    agent = JSON.parse(place.get(name));
  } catch {
    // An address that somebody wrote by hand asks for anybody.
  }
  return agentFields("Who", agent);
}

/** A text field. */
export function plain(label, value, properties = {}) {
  const input = el("input", { type: "text", autocomplete: "off", spellcheck: false, ...properties, value: value ?? "" });
  return { node: field(label, input, { optional: true }), input };
}
