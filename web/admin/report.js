/** What a consumer can see of learners, and what it has read: made when asked for, since it looks through the log. */

import { get } from "./api.js";
import { copyButton } from "./dialogs.js";
import { el, fill, foreign } from "./dom.js";
import { moment, whole } from "./format.js";
import { failure } from "./forms.js";
import { facts } from "./lists.js";

/** A section with a button that makes the report on `consumer`. */
export function reportView(consumer) {
  const shown = el("div.stack", { role: "status" }, el("p.muted", "How many learners are in what it may see, and how much it was given lately. In words, for a data protection record."));
  const make = el("button", { type: "button" }, "Make the report");
  make.onclick = async () => {
    make.disabled = true;
    try {
      fill(shown, told(await get(`consumers/${consumer.id}/privacy`)));
    } catch (error) {
      fill(shown, failure(error));
    }
    make.disabled = false;
  };
  return el("section.card.stack", el("div.row.apart", el("h2", "What it can see of learners"), make), shown);
}

function told({ sees, read, words }) {
  const newest = sees.all ? "" : ", among the newest";
  return [
    facts(
      [`Learners${newest}`, whole(sees.learners)],
      [`Statements${newest}`, whole(sees.statements)],
      [`Courses${newest}`, whole(sees.courses)],
      ["Oldest stored", moment(sees.oldest_stored_at, "none")],
      [`Given by queries, in ${read.days} days`, whole(read.queried)],
      [`Given by the stream, in ${read.days} days`, whole(read.pushed)],
    ),
    el("div.row.apart", el("h3", "In words"), copyButton("the report", words.join("\n"))),
    el("ul.plain", words.map((one) => el("li", foreign(one)))),
  ];
}
