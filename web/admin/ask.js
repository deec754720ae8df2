/** The page of people without an account: ask for access, follow the request by its private link, take the key once. */

import { ApiError } from "./api.js";
import { confirm, secrets } from "./dialogs.js";
import { el, fill, foreign } from "./dom.js";
import { moment } from "./format.js";
import { check, failure, field, form, group } from "./forms.js";
import { grantFacts, readCourse } from "./grants.js";
import { entries, facts, state } from "./lists.js";
import { following } from "./place.js";

const main = document.getElementById("main");

async function show() {
  const secret = location.hash.slice(1);
  try {
    if (secret === "") fill(main, asking());
    else fill(main, told(await call("GET", "state", { secret }), secret));
  } catch (error) {
    fill(main, el("h1", "Your request"), el("div.page", failure(error.status === 404 ? new Error("There is no request behind this link. Is it whole? Old requests are removed after a while") : error), el("p", el("a", { href: "request" }, "Ask for access"))));
  }
}

function asking() {
  const organisation = el("input", { type: "text", name: "organisation", maxLength: 200, autocomplete: "organization" });
  const contact = el("input", { type: "text", name: "contact", maxLength: 200, autocomplete: "email" });
  const purpose = el("textarea", { name: "purpose", maxLength: 2000 });
  const courses = entries({
    label: "Courses",
    hint: "One after the other, such as course-v1:Org+Course+Run, or course-v1:Org+* for all of an organisation.",
    read: readCourse,
    placeholder: "course-v1:Org+Course+Run",
  });
  const every = check("Every course", { name: "every" });
  every.firstChild.onchange = () => {
    courses.node.hidden = every.firstChild.checked;
  };
  return [
    el("h1", "Ask for access"),
    el(
      "div.page",
      el("p", "You ask here to read what learners did in courses: live, or by query. An administrator of this server decides. You need no account; you get a private link by which to see what was decided, and to take the key."),
      form(
        [
          field("Organisation", organisation),
          field("Contact", contact, { hint: "An e-mail address or the like, for questions." }),
          group("What you want to see", courses.node, every),
          field("Purpose", purpose, { hint: "What will be done with it, and who will see it." }),
        ],
        {
          verb: "Ask",
          submit: async () => {
            const wanted = every.firstChild.checked ? ["*"] : courses.values();
            const body = { organisation: organisation.value, contact: contact.value, courses: wanted, purpose: purpose.value };
            const { secret } = await call("POST", "", { body });
            fill(main, kept(secret));
            main.focus();
          },
        },
      ),
    ),
  ];
}

function kept(secret) {
  const link = `${location.origin}${location.pathname}#${secret}`;
  return [
    el("h1", "Keep this link"),
    el(
      "div.page",
      el("div.notice.good", el("p", "Your request is made. This private link is the only way back to it: keep it, and show it to nobody.")),
      secrets([["link", link]]),
      el("p", el("a.button.primary", { href: `#${secret}` }, "See the request")),
    ),
  ];
}

function told(request, secret) {
  const texts = {
    open: "An administrator has not decided yet. Come again by this link.",
    approved: "It is approved. Take your key: it is shown once.",
    taken: "It is approved, and the key was taken. If that was not you, tell the administrator at once.",
    refused: "It is refused.",
  };
  return [
    el("h1", "Your request ", state(request.state)),
    el(
      "div.page",
      el("p", texts[request.state]),
      request.word ? el("div.notice", el("h2", "From the administrator"), foreign(request.word, "p")) : null,
      facts(
        ["Organisation", foreign(request.organisation)],
        ["Asked", moment(request.made_at)],
        request.decided_at && ["Decided", moment(request.decided_at)],
        ["You asked for", el("ul.plain", request.courses.map((one) => el("li", foreign(one === "*" ? "every course" : one))))],
        ...(request.grant ? grantFacts(request.grant).map(([name, value]) => [`You may see: ${name.toLowerCase()}`, value]) : []),
      ),
      request.state === "approved" ? taker(secret) : null,
    ),
  ];
}

function taker(secret) {
  const button = el("button.primary", { type: "button" }, "Take the key");
  button.onclick = async () => {
    let key = null;
    await confirm({
      title: "Take the key now?",
      text: "It is shown once, on this page. Have a safe place for it at hand.",
      verb: "Show the key",
      danger: false,
      act: async () => {
        key = await call("POST", "key", { secret });
      },
    });
    if (key === null) return;
    fill(
      main,
      el("h1", "Your key"),
      el(
        "div.page",
        el("div.notice.warn", el("p", "This is shown once. Keep both, and give them to your program only.")),
        secrets([["key", key.key], ["secret", key.secret], ["LRS endpoint", key.endpoint]]),
        el("p", "With them a program asks for statements with Basic authentication, or gets tokens for the live stream at ", el("code", new URL("oauth/token", location.href).href), "."),
      ),
    );
    main.focus();
  };
  return el("p", button);
}

async function call(method, path, { secret, body } = {}) {
  const headers = { Accept: "application/json" };
  if (secret) headers["X-LRS-Request"] = secret;
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`request/api${path ? `/${path}` : ""}`, { method, headers, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store" });
  } catch {
    throw new ApiError(0, { detail: "The server can't be reached. Are you online?" });
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, told);
  return told;
}

following(show);
