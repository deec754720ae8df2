import { Stream } from "../../stream.js";
import { streamToken, xapiUrl } from "../api.js";
import { el, fill } from "../dom.js";
import { count, rate } from "../format.js";
import { choice, failure, field } from "../forms.js";
import { courseEntries, plain, somebody, suggesting, verbInput } from "../filters.js";
import { badge } from "../lists.js";
import { go } from "../place.js";
import { present } from "../refresh.js";
import { splitView } from "../rows.js";
import { statementRow } from "../statement.js";

export const title = "Live";

const ROWS_MAX = 200;
const LOOK_MS = 1_000;
const STARTS = [["now", "What is stored from now on"], ["hour", "The last hour, then what follows"], ["beginning", "Everything, from the beginning"]];

let running = null;

export async function show(body, place) {
  running?.close();
  const status = el("span", { role: "status" }, badge("connecting …"));
  const numbers = el("span.muted.number");
  const pause = el("button", { type: "button", "aria-pressed": "false" }, "Pause");
  const trouble = el("div");
  const view = splitView("Statements, newest first", "Choose a statement to see its JSON, and who may see it. The list goes on beside it.");
  const quiet = el("div.empty", el("strong", "Waiting for statements"), el("p", "They appear here as they are stored."));
  view.list.firstChild.append(quiet);
  fill(body, filterForm(place), el("div.row.apart", el("div.row", status, numbers), pause), trouble, view.node);
  const reader = new Reader(place, {
    status: (text, kind) => {
      if (status.textContent !== text) fill(status, badge(text, kind));
    },
    wrong: (error) => fill(trouble, failure(error)),
    rows: (statements, live) => {
      const now = Date.now();
      quiet.hidden = true;
      const rows = statements.slice(-ROWS_MAX).reverse().map((one) =>
        el("li", statementRow(one, view.choose, { live: true, latencyMs: live && one.stored ? now - Date.parse(one.stored) : null })),
      );
      view.found.prepend(...rows);
      while (view.found.children.length > ROWS_MAX) view.found.lastElementChild.remove();
    },
    numbers: (all, perSecond) => fill(numbers, `${count(all, "statement")} · ${rate(perSecond)} a second`),
  });
  running = reader;
  pause.onclick = () => {
    reader.pause(pause.getAttribute("aria-pressed") !== "true");
    pause.setAttribute("aria-pressed", reader.paused);
    fill(pause, reader.paused ? "Go on" : "Pause");
  };
  reader.run(await xapiUrl("stream"));
}

function filterForm(place) {
  const courses = courseEntries(place);
  const verb = verbInput(place);
  const who = somebody(place, "actor");
  const activity = suggesting("Activity", place.get("activity"), async () => []);
  const type = plain("Activity type", place.get("activity_type"));
  const platform = plain("Platform", place.get("platform"), { placeholder: "https://lms.example.com" });
  const start = choice(STARTS, { value: place.get("start") ?? "now" });
  const trouble = el("div.trouble");
  const node = el(
    "form.card",
    { "aria-label": "Filter of the stream" },
    trouble,
    el("div.filters", courses.node, verb.node, field("Begin with", start, { optional: true })),
    el(
      "details",
      { open: ["actor", "activity", "activity_type", "platform"].some((name) => place.has(name)) },
      el("summary", "More filters"),
      el("div.filters", who.node, activity.node, type.node, platform.node),
    ),
    el("div.actions", el("button.primary", { type: "submit" }, "Follow"), el("button", { type: "button", onclick: () => go({}) }, "Clear")),
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      const actor = who.value();
      go({
        course: courses.values(),
        verb: verb.input.value.trim(),
        actor: actor && JSON.stringify(actor),
        activity: activity.input.value.trim(),
        activity_type: type.input.value.trim(),
        platform: platform.input.value.trim(),
        start: start.value === "now" ? "" : start.value,
      });
    } catch (error) {
      fill(trouble, failure(error));
    }
  });
  return node;
}

/** Reads the stream and tells what came. While it is paused, the server waits: nothing is lost. */
class Reader {
  paused = false;
  #place;
  #tell;
  #stream = null;
  #closed = false;
  #resume = () => {};
  #all = 0;
  #lately = [];

  constructor(place, tell) {
    this.#place = place;
    this.#tell = tell;
  }

  async run(url) {
    if (this.#closed) return;
    const filter = {};
    for (const name of ["course", "verb", "activity", "activity_type", "platform"]) if (this.#place.has(name)) filter[name] = this.#place.getAll(name);
    if (this.#place.has("actor")) filter.actor = [JSON.parse(this.#place.get("actor"))];
    const start = { beginning: "beginning", hour: new Date(Date.now() - 3_600_000) }[this.#place.get("start")] ?? "now";
    this.#stream = new Stream(url, {
      tokenProvider: streamToken,
      filter,
      start,
      window: ROWS_MAX * 5,
      onInterrupted: (why) => this.#tell.status(`interrupted: ${why.message}`, "warn"),
    });
    const looking = setInterval(() => this.#count(), LOOK_MS);
    try {
      for await (const { statements, live } of this.#stream.batches()) await this.#take(statements, live);
    } catch (error) {
      this.#tell.status("ended", "bad");
      this.#tell.wrong(error);
    } finally {
      clearInterval(looking);
    }
  }

  close() {
    this.#closed = true;
    this.#stream?.close();
    this.pause(false);
  }

  pause(paused) {
    this.paused = paused;
    if (paused) this.#tell.status("paused: it goes on where you stopped", "warn");
    else {
      if (this.#stream !== null) this.#tell.status("live", "good");
      this.#resume();
    }
  }

  async #take(statements, live) {
    if (this.paused) await new Promise((resolve) => (this.#resume = resolve));
    if (this.#closed) return;
    this.caughtUp ||= live;
    this.#tell.status(this.caughtUp ? "live" : "catching up …", this.caughtUp ? "good" : "warn");
    if (statements.length === 0) return;
    this.#all += statements.length;
    this.#lately.push([Date.now(), statements.length]);
    this.#tell.rows(statements, this.caughtUp);
  }

  #count() {
    // Nobody is here: the session is to end by itself, and asks for no more tokens.
    if (!present() && !this.paused) this.pause(true);
    const from = Date.now() - 10_000;
    this.#lately = this.#lately.filter(([at]) => at > from);
    this.#tell.numbers(this.#all, this.#lately.reduce((sum, [, number]) => sum + number, 0) / 10);
  }
}
