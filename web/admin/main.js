/** What all pages share: who is here, where one can go, and the module of the page that the address names. */

import { ApiError, get, send, toLogin } from "./api.js";
import { el, fill, say } from "./dom.js";
import { following } from "./place.js";
import { watchPresence } from "./refresh.js";
import { failure } from "./forms.js";

const ENTRANCES = ["login", "password"];

const main = document.getElementById("main");
const name = location.pathname.split("/").at(-1);

/** Show the page `name`. A page exports `title`, and `show(place, { heading, session })`, which gives what to show. */
async function open() {
  const page = await import(`./pages/${name}.js`);
  document.title = `${page.title} · lrs-lite`;
  const session = ENTRANCES.includes(name) ? null : await enter();
  const heading = el("h1", page.title);
  const body = el("div.page", { id: "page" });
  fill(main, heading, body);
  await following(async (place) => {
    try {
      await page.show(body, place, { session, heading });
    } catch (error) {
      fill(body, failure(error));
      if (!(error instanceof ApiError)) throw error;
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
  document.getElementById("leave").onclick = leave;
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
