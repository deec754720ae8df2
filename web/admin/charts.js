/** Small charts of the last minutes: SVG for the shape, text for the numbers. */

import { clock } from "./format.js";
import { el, fill, svg } from "./dom.js";

const WIDTH = 600;
const HEIGHT = 100;

/**
 * A chart: `{ node, set(points, { from, to }) }`. `points` are `[ms since 1970, value, second value]`, oldest first;
 * null is a gap. `read` tells a value in words. `kind` is "line" or "bars"; `keys` name the lines when there are two;
 * the axis goes up to `least` at least.
 */
export function chart(title, { kind = "line", read = String, keys = [], bad = false, least = 0 }) {
  const plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  const now = el("div.now");
  const most = el("span.axis.most");
  const from = el("span");
  const to = el("span");
  const node = el(
    "figure.card.chart",
    el("figcaption", el("h2", title), now),
    el("div.plot", most, el("span.axis.least", read(0)), plot),
    el("div.times", from, to),
  );
  let told = [];
  const set = (points, ends) => {
    const known = points.filter((one) => one[1] !== null);
    const top = niceTop(Math.max(least, ...known.flatMap((one) => one.slice(1))));
    const x = (ms) => ((ms - ends.from) / (ends.to - ends.from)) * WIDTH;
    const y = (value) => HEIGHT - (top ? value / top : 0) * HEIGHT;
    const grid = [0, 0.5, 1].map((part) => svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: part * HEIGHT, y2: part * HEIGHT }));
    const shapes = kind === "bars" ? bars(points, x, y, bad) : lines(points, x, y);
    const cursor = svg("line", { class: "at", y1: 0, y2: HEIGHT, visibility: "hidden" });
    fill(plot, grid, shapes, cursor);
    fill(most, read(top));
    fill(from, clock(new Date(ends.from).toISOString()));
    fill(to, clock(new Date(ends.to).toISOString()));
    const last = known.at(-1);
    told = last ? words(last, read, keys) : [el("span", "nothing yet")];
    fill(now, told);
    const highest = Math.max(0, ...known.map((one) => one[1]));
    plot.setAttribute("aria-label", `${title}: ${now.textContent}; at most ${read(highest)} in the time shown`);
    plot.onpointermove = (event) => {
      const box = plot.getBoundingClientRect();
      const ms = ends.from + ((event.clientX - box.left) / box.width) * (ends.to - ends.from);
      const near = known.reduce((best, one) => (best && Math.abs(best[0] - ms) < Math.abs(one[0] - ms) ? best : one), null);
      if (near === null) return;
      for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(near[0]));
      cursor.setAttribute("visibility", "visible");
      fill(now, words(near, read, keys), clock(new Date(near[0]).toISOString()));
    };
    plot.onpointerleave = () => {
      cursor.setAttribute("visibility", "hidden");
      fill(now, told);
    };
  };
  return { node, set };
}

function words([, ...values], read, keys) {
  return values.map((value, at) => (keys[at] ? el(at ? "span.key.second" : "span.key", `${keys[at]} ${read(value)}`) : el("span", read(value))));
}

function bars(points, x, y, bad) {
  const wide = points.length > 1 ? x(points[1][0]) - x(points[0][0]) : WIDTH;
  return points
    .filter((one) => one[1])
    .map(([ms, value]) =>
      svg("rect", { class: bad ? "bar bad-bar" : "bar", x: x(ms) - wide * 0.9, width: wide * 0.8, y: y(value), height: HEIGHT - y(value) }),
    );
}

function lines(points, x, y) {
  const shapes = [];
  for (const part of pieces(points)) {
    const path = (at) => part.map((one, n) => `${n ? "L" : "M"}${x(one[0]).toFixed(1)} ${y(one[at]).toFixed(1)}`).join("");
    const ends = [part[0], part.at(-1)].map((one) => x(one[0]).toFixed(1));
    shapes.push(svg("path", { class: "area", d: `${path(1)}L${ends[1]} ${HEIGHT}L${ends[0]} ${HEIGHT}Z` }));
    if (part[0].length > 2) shapes.push(svg("path", { class: "line second", d: path(2) }));
    shapes.push(svg("path", { class: "line", d: path(1) }));
  }
  return shapes;
}

/** Runs without a gap. */
function pieces(points) {
  const found = [];
  let part = [];
  for (const one of points) {
    if (one[1] === null) {
      if (part.length > 0) found.push(part);
      part = [];
    } else part.push(one);
  }
  if (part.length > 0) found.push(part);
  return found;
}

/** The next round number that is not less. */
function niceTop(value) {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((top) => top >= value * 0.9999);
}
