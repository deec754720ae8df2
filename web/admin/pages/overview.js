import { get, getText } from "../api.js";
import { chart } from "../charts.js";
import { el, fill, foreign } from "../dom.js";
import { ago, count, rate, size, span, tail, whole } from "../format.js";
import { courseName } from "../grants.js";
import { distribution, parseMetrics, quantile, since, total } from "../metrics.js";
import { placed } from "../place.js";
import { freshness, refresh } from "../refresh.js";

export const title = "Overview";

const EVERY_MS = 2_000;
const KEPT_MS = 600_000;
const GAP_MS = 15_000;
const KEPT = "overview";

export async function show(body) {
  const fresh = freshness();
  const tiles = el("dl.tiles");
  const charts = {
    stored: chart("Statements a second", { kind: "bars", read: rate, least: 1 }),
    delay: chart("From stored to sent", { read: span, keys: ["half within", "95 % within"], least: 0.01 }),
    lag: chart("Largest lag of a connection", { read: span, least: 1 }),
    errors: chart("Refused and failed", { kind: "bars", read: whole, bad: true, least: 5 }),
  };
  const recent = el("div.columns");
  const welcome = el("div");
  fill(body, fresh.node, tiles, welcome, el("div.columns", Object.values(charts).map((one) => one.node)), recent);
  const history = remembered();
  let before = null;
  const look = async () => {
    try {
      const [statistics, text] = await Promise.all([get("statistics"), getText("metrics")]);
      const metrics = parseMetrics(text);
      const now = reading(metrics, statistics);
      const point = between(before, now);
      before = now;
      history.push(point);
      while (history.length > 0 && history[0].at < now.at - KEPT_MS) history.shift();
      sessionStorage.setItem(KEPT, JSON.stringify(history));
      fill(tiles, tilesOf(statistics, history));
      fill(welcome, statistics.statements === 0 ? firstSteps(statistics) : null);
      draw(charts, statistics, history);
      fill(recent, shares("Courses", statistics.recent, "courses", courseName), shares("Verbs", statistics.recent, "verbs", tail));
      fresh.good();
    } catch (error) {
      fresh.bad(error);
      throw error;
    }
  };
  refresh(EVERY_MS, look);
}

/** What is counted from the start of the server on, at one moment. */
function reading(metrics, statistics) {
  return {
    at: Date.now(),
    stored: total(metrics, "lrs_statements_stored_total"),
    delay: distribution(metrics, "lrs_stream_delay_seconds"),
    failed:
      total(metrics, "lrs_request_seconds_count", (labels) => labels.status.startsWith("5")) +
      total(metrics, "lrs_statements_refused_total") +
      total(metrics, "lrs_statements_quarantined_total"),
    lag: statistics.lag_s,
  };
}

/** What happened between two readings; counters that went back began anew with their server. */
function between(before, now) {
  const point = { at: now.at, lag: now.lag, half: null, most: null, errors: 0, rate: null };
  if (before === null || now.stored < before.stored) return point;
  const delay = since(now.delay, before.delay);
  return {
    ...point,
    rate: (now.stored - before.stored) / ((now.at - before.at) / 1000),
    half: quantile(0.5, delay),
    most: quantile(0.95, delay),
    errors: Math.max(0, now.failed - before.failed),
  };
}

function tilesOf(statistics, history) {
  const { store } = statistics;
  const lately = history.slice(-15);
  const rates = lately.filter((one) => one.rate !== null);
  const delays = lately.filter((one) => one.most !== null);
  const errors = history.reduce((sum, one) => sum + one.errors, 0);
  const mean = rates.reduce((sum, one) => sum + one.rate, 0) / Math.max(1, rates.length);
  return [
    tile("Statements a second", rates.length ? rate(mean) : "…", "in the last half minute"),
    tile("Stored to sent", delays.length ? span(delays.at(-1).most) : "–", delays.length ? "95 % within" : "nobody listens, or nothing comes"),
    tile("Largest lag", span(statistics.lag_s), "of a connection", statistics.lag_s > 10 ? "warn" : ""),
    tile("Refused and failed", whole(errors), "in the last ten minutes", errors ? "warn" : ""),
    tile("Connections", link(whole(statistics.connections), "connections"), `${size(statistics.bytes_sent)} sent`),
    tile("Statements", link(whole(statistics.statements), "statements"), statistics.newest_stored_at ? ["newest ", ago(statistics.newest_stored_at)] : "none yet"),
    tile("Store", size(store.bytes + store.wal_bytes), `${size(store.free_bytes)} free`, store.free_bytes < 1e9 ? "bad" : ""),
    tile("Waiting for you", whole(statistics.requests_open + statistics.quarantined + statistics.conflicts), waiting(statistics), statistics.quarantined + statistics.requests_open ? "warn" : ""),
  ];
}

function waiting({ requests_open, quarantined, conflicts }) {
  const parts = [
    [requests_open, count(requests_open, "request"), "requests#state=open"],
    [quarantined, `${whole(quarantined)} quarantined`, "aside"],
    [conflicts, count(conflicts, "conflict"), "aside#part=conflicts"],
  ].filter(([number]) => number > 0);
  if (parts.length === 0) return "nothing";
  return parts.map(([, text, page], at) => [at ? ", " : null, el("a", { href: page }, text)]);
}

function tile(name, value, note, kind = "") {
  return el("div", { className: `tile ${kind}` }, el("dt", name), el("dd.value", value), el("dd.note", note));
}

function link(text, page) {
  return el("a", { href: page }, text);
}

function draw(charts, statistics, history) {
  const { rates } = statistics;
  const begin = Date.parse(rates.from);
  const buckets = rates.counts.map((number, at) => [begin + (at + 1) * rates.bucket_s * 1000, number / rates.bucket_s]);
  charts.stored.set(buckets, { from: begin, to: begin + rates.counts.length * rates.bucket_s * 1000 });
  const to = Date.now();
  const ends = { from: to - KEPT_MS, to };
  const series = (...names) => {
    const points = [];
    let last = null;
    for (const one of history) {
      if (last !== null && one.at - last > GAP_MS) points.push([last + 1, ...names.map(() => null)]);
      points.push([one.at, ...names.map((name) => one[name])]);
      last = one.at;
    }
    return points;
  };
  charts.delay.set(series("half", "most"), ends);
  charts.lag.set(series("lag"), ends);
  charts.errors.set(perBucket(history, ends, rates.bucket_s * 1000), ends);
}

/** Errors in buckets of the same size as those of the first chart. */
function perBucket(history, { from, to }, bucketMs) {
  const points = [];
  for (let end = from + bucketMs; end <= to; end += bucketMs) {
    const inside = history.filter((one) => one.at > end - bucketMs && one.at <= end);
    points.push([end, inside.reduce((sum, one) => sum + one.errors, 0)]);
  }
  return points;
}

function shares(name, recent, member, read) {
  const found = recent[member].slice(0, 8);
  const filter = { courses: "course", verbs: "verb" }[member];
  return el(
    "section.card",
    el("div.row.apart", el("h2", name), el("span.small.muted", `among the newest ${count(recent.statements, "statement")}`)),
    found.length === 0 ? el("p.muted", "None yet.") : null,
    el(
      "ul.shares",
      found.map((one) =>
        el(
          "li",
          el("a", { href: placed({ [filter]: one.name }, "statements"), title: one.name }, foreign(read(one.name))),
          el("span.number", whole(one.count)),
          el("meter", { max: found[0].count, value: one.count, "aria-hidden": "true" }),
        ),
      ),
    ),
  );
}

function firstSteps({ consumers }) {
  return el(
    "div.card.empty",
    el("strong", "No statements yet"),
    el("p", "A learning platform needs a consumer with a key to write with. Make one, and give its key to the platform."),
    el("p", el("a.button.primary", { href: consumers ? "consumers" : "consumers#new=yes" }, "Make a consumer")),
  );
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}
