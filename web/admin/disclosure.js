/** How learners appear to a consumer: told in words, and edited. */

import { el } from "./dom.js";
import { check, choice, field, group } from "./forms.js";

const ACTORS = [
  ["as-stored", "As they are stored"],
  ["pseudonym", "Under a pseudonym, always the same"],
  ["none", "All as one anonymous account"],
];
const STRIPPED = [
  ["names", "Names", "of people and groups, also where texts repeat them"],
  ["mboxes", "E-mail addresses", "a SHA-1 stays in their place"],
  ["response", "Responses", "what learners answered in words"],
];

/** In a few words. */
export function disclosureText({ actors, space, strip }) {
  const shown = ACTORS.find(([name]) => name === actors)?.[1] ?? actors;
  const shared = space ? `, shared in the space ${space}` : "";
  return `${shown.charAt(0).toLowerCase()}${shown.slice(1)}${shared}${strip.length > 0 ? `; without ${strip.join(", ")}` : ""}`;
}

/** A form part: `{ node, value() }`. */
export function disclosureEditor({ actors, space, strip } = { actors: "as-stored", space: null, strip: [] }) {
  const chosen = choice(ACTORS, { name: "actors", value: actors });
  const name = el("input", { type: "text", value: space ?? "", maxLength: 64, autocomplete: "off", spellcheck: false });
  const spaceField = field("Shared space", name, {
    optional: true,
    hint: "Consumers with the same space know a learner by the same pseudonym. Empty: this one alone.",
  });
  const follow = () => {
    spaceField.hidden = chosen.value !== "pseudonym";
  };
  chosen.onchange = follow;
  follow();
  const boxes = STRIPPED.map(([value, label, hint]) => check(label, { value, checked: strip.includes(value) }, hint));
  return {
    node: group("How learners appear", field("Learners are shown", chosen), spaceField, el("p", "Leave out as well:"), el("div.choices", boxes)),
    value: () => ({
      actors: chosen.value,
      space: chosen.value === "pseudonym" ? name.value.trim() || null : null,
      strip: boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => box.value),
    }),
  };
}
