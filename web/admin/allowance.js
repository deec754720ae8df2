/** How much a consumer may ask for: shown, and set in a dialog. */

import { getTagged, send } from "./api.js";
import { open } from "./dialogs.js";
import { announce, el, fill, foreign } from "./dom.js";
import { whole } from "./format.js";
import { field, form } from "./forms.js";
import { facts } from "./lists.js";

const MEMBERS = [
  ["requests_per_s", "Requests a second"],
  ["requests_burst", "Requests at once"],
  ["statements_per_day", "Statements a day"],
];

/** A section with the allowance of `consumer`. */
export async function allowanceView(consumer) {
  const node = el("section.card.stack");
  await draw(node, consumer);
  return node;
}

async function draw(node, consumer) {
  const path = `consumers/${consumer.id}/allowance`;
  const { body: allowance, etag } = await getTagged(path);
  const change = el("button", { type: "button", "aria-label": "Change how much it may ask for" }, "Change");
  change.onclick = async () => {
    const inputs = MEMBERS.map(([name]) => el("input", { type: "number", name, min: 0, step: "any", value: allowance[name] ?? "" }));
    const cancel = el("button", { type: "button" }, "Cancel");
    const dialog = open(
      ["How much ", foreign(consumer.name), " may ask for"],
      form([el("p", "Empty is what the settings say, 0 is no limit."), ...MEMBERS.map(([, label], at) => field(label, inputs[at], { optional: true }))], {
        verb: "Save",
        further: [cancel],
        submit: async () => {
          const wanted = MEMBERS.map(([name], at) => [name, inputs[at].value === "" ? null : Number(inputs[at].value)]);
          await send("PUT", path, Object.fromEntries(wanted), etag);
          dialog.close("done");
        },
      }),
    );
    cancel.onclick = () => dialog.close();
    if ((await dialog.closed) !== "done") return;
    await announce("The allowance was changed.", () => draw(node, consumer));
  };
  fill(
    node,
    el("div.row.apart", el("h2", "How much it may ask for"), change),
    facts(...MEMBERS.map(([name, label]) => [label, told(allowance[name])])),
  );
}

function told(number) {
  if (number === null) return el("span.muted", "as the settings say");
  return number === 0 ? "no limit" : whole(number);
}
