/** Numbers in the text form of Prometheus, and what became of them between two looks. */

/** Samples by name: arrays of `{ labels, value }`. */
export function parseMetrics(text) {
  const found = new Map();
  for (const line of text.split("\n")) {
    const parts = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)/i.exec(line);
    if (parts === null) continue;
    const labels = Object.fromEntries([...(parts[2] ?? "").matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)].map((one) => [one[1], one[2]]));
    const samples = found.get(parts[1]) ?? [];
    samples.push({ labels, value: Number(parts[3]) });
    found.set(parts[1], samples);
  }
  return found;
}

/** The sum of a metric over its labels, of those samples that `which` wants. */
export function total(metrics, name, which = () => true) {
  return (metrics.get(name) ?? []).filter((one) => which(one.labels)).reduce((sum, one) => sum + one.value, 0);
}

/** How many values of a histogram were at most each bound: pairs of bound and count, summed over other labels. */
export function distribution(metrics, name) {
  const counts = new Map();
  for (const { labels, value } of metrics.get(`${name}_bucket`) ?? []) {
    const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** What was added to a distribution since an earlier look. */
export function since(now, before) {
  const known = new Map(before);
  return now.map(([bound, count]) => [bound, Math.max(0, count - (known.get(bound) ?? 0))]);
}

/** The value under which a part of a distribution lies, between bounds by a straight line; null when it is empty. */
export function quantile(part, counts) {
  const all = counts.at(-1)?.[1] ?? 0;
  if (all === 0) return null;
  const wanted = part * all;
  let below = 0;
  let low = 0;
  for (const [bound, count] of counts) {
    if (count >= wanted) return bound === Infinity ? low : low + ((bound - low) * (wanted - below)) / Math.max(1, count - below);
    below = count;
    low = bound;
  }
  return low;
}
