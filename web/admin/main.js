/** What all pages share: who is here, where one can go, and the module of the page that the address names. */

import { ApiError, get, send, toLogin } from "./api.js";
import { el, fill, say } from "./dom.js";
import { following } from "./place.js";
import { watchPresence } from "./refresh.js";
import { failure } from "./forms.js";

const ENTRANCES = ["login", "password"];

const main = document.getElementById("main");
const name = location.pathname.split("/").at(-1);

/** How long what was shown before stays, while what comes next is loaded. */
const STAYS_MS = 200;

/** Show the page `name`. A page exports `title`, and `show(body, place, { heading, session })`, which fills `body`. */
async function open() {
  const page = await import(`./pages/${name}.js`);
  document.title = `${page.title} · lrs-lite`;
  const session = ENTRANCES.includes(name) ? null : await enter();
  let newest = null;
  await following(async (place) => {
    // Each place has a body of its own: what is slow and no longer wanted has nowhere to appear.
    const heading = el("h1", { tabIndex: -1 }, page.title);
    const body = el("div.page", { id: "page" });
    const first = newest === null;
    newest = body;
    const appear = () => {
      if (newest !== body || body.isConnected) return;
      fill(main, heading, body);
      // Who came by a link that is gone now goes on at the top.
      if (!first && document.activeElement === document.body) heading.focus();
    };
    if (first) appear();
    setTimeout(appear, STAYS_MS);
    try {
      await page.show(body, place, { session, heading });
    } catch (error) {
      fill(body, failure(error));
      if (!(error instanceof ApiError)) throw error;
    } finally {
      appear();
    }
  });
}

async function enter() {
  let session;
  try {
    session = await get("session");
  } catch (error) {
    if (error.status === 401) {
      toLogin();
      await new Promise(() => {});
    }
    throw error;
  }
  watchPresence(session.idle_s);
  fill(document.getElementById("who"), session.name);
  const out = document.getElementById("leave");
  out.onclick = leave;
  out.hidden = false;
  return session;
}

async function leave() {
  try {
    await send("DELETE", "session");
  } catch (error) {
    if (error.status !== 401) {
      say(error.message);
      return;
    }
  }
  sessionStorage.clear();
  location.assign("login");
}

function prepareMenu() {
  const skip = document.querySelector("a.skip");
  // Without its address, which is what the page shows.
  skip?.addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  const button = document.querySelector("button.menu");
  if (button === null) return;
  const nav = document.getElementById("nav");
  nav.querySelector(`a[href="${CSS.escape(name)}"]`)?.setAttribute("aria-current", "page");
  const turn = (open) => {
    button.setAttribute("aria-expanded", open);
    nav.classList.toggle("open", open);
  };
  button.onclick = () => turn(button.getAttribute("aria-expanded") !== "true");
  nav.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") {
      turn(false);
      button.focus();
    }
  });
}

prepareMenu();
open().catch((error) => {
  fill(main, el("h1", "This page did not open"), failure(error));
  if (!(error instanceof ApiError)) throw error;
});
