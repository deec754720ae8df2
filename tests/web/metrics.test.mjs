// What the overview makes of the numbers of the server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { distribution, parseMetrics, quantile, since, total } from "./metrics.mjs";

const TEXT = `# HELP lrs_x_total Something.
# TYPE lrs_x_total counter
lrs_x_total{code="a\\"b",worker="0"} 2.0
lrs_x_total{code="c",worker="1"} 3.0
lrs_plain 1.5e+3
lrs_d_seconds_bucket{door="websocket",le="0.001"} 1.0
lrs_d_seconds_bucket{door="websocket",le="0.01"} 3.0
lrs_d_seconds_bucket{door="websocket",le="+Inf"} 4.0
lrs_d_seconds_bucket{door="poll",le="0.001"} 0.0
lrs_d_seconds_bucket{door="poll",le="0.01"} 1.0
lrs_d_seconds_bucket{door="poll",le="+Inf"} 1.0
`;

test("samples are summed over their labels", () => {
  const metrics = parseMetrics(TEXT);
  assert.equal(total(metrics, "lrs_x_total"), 5);
  assert.equal(total(metrics, "lrs_x_total", ({ code }) => code === "c"), 3);
  assert.equal(total(metrics, "lrs_plain"), 1500);
  assert.equal(total(metrics, "lrs_nothing"), 0);
});

test("a histogram is read over all doors, in the order of its bounds", () => {
  assert.deepEqual(distribution(parseMetrics(TEXT), "lrs_d_seconds"), [[0.001, 1], [0.01, 4], [Infinity, 5]]);
});

test("only what was added between two looks counts", () => {
  const now = [[1, 5], [2, 9], [Infinity, 9]];
  assert.deepEqual(since(now, [[1, 4], [2, 4], [Infinity, 4]]), [[1, 1], [2, 5], [Infinity, 5]]);
  assert.deepEqual(since(now, []), now);
});

test("a quantile lies within its bucket, by a straight line", () => {
  const counts = [[1, 0], [2, 10], [Infinity, 10]];
  assert.equal(quantile(0.5, counts), 1.5);
  assert.equal(quantile(1, counts), 2);
});

test("a quantile of nothing is none, and none is beyond the last bound", () => {
  assert.equal(quantile(0.5, []), null);
  assert.equal(quantile(0.5, [[1, 0], [Infinity, 0]]), null);
  assert.equal(quantile(0.95, [[1, 1], [Infinity, 100]]), 1);
});
