/** Things that are asked for again and again, while somebody looks. */

import { el, fill } from "./dom.js";

let leftAfterMs = Infinity;
let touchedMs = Date.now();
const waiting = new Set();

/**
 * Take note of whether somebody is here. A page that refreshes itself would keep a session alive for ever, so after half
 * of its idle time without a key or a pointer it stops, and the session ends by itself.
 */
export function watchPresence(idleS) {
  leftAfterMs = (idleS * 1000) / 2;
  const touched = () => {
    touchedMs = Date.now();
    if (!document.hidden) wake();
  };
  for (const name of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart"]) {
    window.addEventListener(name, touched, { passive: true });
  }
  document.addEventListener("visibilitychange", () => document.hidden || wake());
}

/** Whether somebody has been here of late. */
export function present() {
  return Date.now() - touchedMs < leftAfterMs;
}

/** Call `act` now and `everyMs` after each time that it has ended, while somebody looks; gives a way to end that. */
export function refresh(everyMs, act) {
  let over = false;
  (async () => {
    while (!over) {
      // A dialog is about what is shown, which so must stay.
      if (document.querySelector("dialog[open]") === null) await act().catch((error) => unheard(error));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      if (document.hidden || !present()) await new Promise((resolve) => waiting.add(resolve));
    }
  })();
  return () => {
    over = true;
  };
}

/** A note that says when what is shown was last heard of, and that it was not since. */
export function freshness() {
  const node = el("p.fresh.muted", { role: "status" });
  return {
    node,
    good: () => {
      if (node.childNodes.length > 0) fill(node);
    },
    bad: (error) => {
      const text = `Not refreshed: ${error.message}`;
      if (node.textContent !== text) fill(node, text);
    },
  };
}

function unheard(error) {
  console.warn(error.message);
}

function wake() {
  for (const resolve of waiting) resolve();
  waiting.clear();
}
