/** Times, numbers and sizes as people read them. */

import { el } from "./dom.js";

const MOMENT = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const WHOLE = new Intl.NumberFormat();
const ONE_PLACE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const AGES_S = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

/** A moment in the zone of who reads, with UTC in the title; `none` where there is none. */
export function moment(iso, none = "never") {
  if (!iso) return el("span.muted", none);
  const title = `${iso.replace("T", " ").replace(/(\.\d+)?Z$/, "")} UTC`;
  return el("time", { dateTime: iso, title }, MOMENT.format(new Date(iso)));
}

/** The time of day only. */
export function clock(iso) {
  const title = `${iso.replace("T", " ").replace(/(\.\d+)?Z$/, "")} UTC`;
  return el("time", { dateTime: iso, title }, CLOCK.format(new Date(iso)));
}

/** How long ago or ahead a moment is, in words. */
export function ago(iso, none = "never") {
  if (!iso) return el("span.muted", none);
  const node = moment(iso);
  node.title = `${node.textContent} · ${node.title}`;
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  const [unit, size] = AGES_S.find(([, s]) => Math.abs(seconds) >= s) ?? AGES_S.at(-1);
  node.textContent = AGO.format(Math.round(seconds / size), unit);
  return node;
}

export function whole(number) {
  return WHOLE.format(number);
}

/** One place behind the point below ten, none above. */
export function rate(number) {
  return number >= 10 ? WHOLE.format(Math.round(number)) : ONE_PLACE.format(number);
}

/** A span of time: "3.2 ms", "14 s", "2 h 5 min". */
export function span(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 0.0995) return `${rate(seconds * 1000)} ms`;
  if (seconds < 1) return `${WHOLE.format(Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${rate(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** A size: "70 MB". */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let number = bytes;
  let unit = 0;
  while (number >= 1000 && unit < units.length - 1) {
    number /= 1000;
    unit += 1;
  }
  return `${rate(number)} ${units[unit]}`;
}

/** "1 key", "2 keys". */
export function count(number, one, many = `${one}s`) {
  return `${whole(number)} ${number === 1 ? one : many}`;
}

/** The last part of an IRI, which mostly is its name. */
export function tail(iri) {
  const parts = iri.split(/[/#]/).filter(Boolean);
  return parts.at(-1) ?? iri;
}

/** A course key, which breaks between its parts only. */
export function courseKey(text) {
  const parts = text.split(/(?<=[:+])/);
  if (parts.some((one) => one.length > 30)) return text;
  return parts.map((one) => [el("span.piece", one), el("wbr")]);
}
