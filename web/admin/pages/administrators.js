import { getAll, send } from "../api.js";
import { confirm, showOnce } from "../dialogs.js";
import { announce, el, fill, foreign, say } from "../dom.js";
import { ago, moment, whole } from "../format.js";
import { field, form, NotYet } from "../forms.js";
import { badge, table } from "../lists.js";

export const title = "Administrators";

export async function show(body, place, { session }) {
  const list = el("section.stack");
  fill(body, list, el("div.columns", maker(() => draw(list, session)), ownPassword(session)));
  await draw(list, session);
}

async function draw(node, session) {
  const again = () => draw(node, session);
  const columns = [
    { name: "Name", cell: (one) => [foreign(one.name), one.name === session.name ? [" ", badge("you", "good")] : null] },
    { name: "Password", cell: (one) => (one.has_password ? "set" : badge("link not used yet", "warn")) },
    { name: "Last login", short: true, cell: (one) => ago(one.last_login_at) },
    { name: "Logged in", numeric: true, cell: (one) => whole(one.sessions) },
    { name: "Since", short: true, cell: (one) => moment(one.created_at) },
    { name: "", short: true, cell: (one) => [linker(one, again), remover(one, again)] },
  ];
  fill(node, el("div.card.list", table("Administrators", columns, await getAll("administrators"))));
}

function maker(again) {
  const name = el("input", { type: "text", name: "name", autocomplete: "off", autocapitalize: "none", spellcheck: false, maxLength: 64 });
  return el(
    "section.card.stack",
    el("h2", "Add an administrator"),
    form([field("Name", name, { hint: "Lower-case letters, digits and . _ @ -" })], {
      verb: "Add",
      submit: async () => {
        const made = await send("POST", "administrators", { name: name.value.trim() });
        name.value = "";
        await showLink(made);
        await again();
      },
    }),
  );
}

function showLink(made) {
  return showOnce(`Link for ${made.name}`, ["Whoever opens it sets the password of ", foreign(made.name), ". It works once, until ", moment(made.link_expires_at), ", and is shown this once."], [["link", made.link]]);
}

function linker(one, again) {
  const button = el("button.small", { type: "button", "aria-label": `New link for ${one.name}` }, "New link");
  button.onclick = async () => {
    let made = null;
    await confirm({
      title: `New link for ${one.name}?`,
      text: "It sets a new password, once. Until it is used, the old password is good. Links made before are not.",
      verb: "Make link",
      danger: false,
      act: async () => {
        made = await send("POST", `administrators/${encodeURIComponent(one.name)}/link`);
      },
    });
    if (made === null) return;
    await showLink(made);
    await again();
  };
  return button;
}

function remover(one, again) {
  const button = el("button.small.danger", { type: "button", "aria-label": `Remove ${one.name}` }, "Remove");
  button.onclick = async () => {
    const done = await confirm({
      title: `Remove the administrator ${one.name}?`,
      text: "Their sessions end at once. What they did stays in the audit trail.",
      verb: `Remove ${one.name}`,
      act: () => send("DELETE", `administrators/${encodeURIComponent(one.name)}`),
    });
    if (done) {
      await announce(`${one.name} is removed.`, again);
    }
  };
  return button;
}

function ownPassword(session) {
  const current = el("input", { type: "password", name: "current", autocomplete: "current-password" });
  const [password, repeated] = ["password", "again"].map((name) => el("input", { type: "password", name, autocomplete: "new-password", minLength: 12, maxLength: 200 }));
  return el(
    "section.card.stack",
    el("h2", "Change your password"),
    form(
      [
        // Password managers look for whose it is.
        el("input", { type: "text", name: "username", autocomplete: "username", value: session.name, hidden: true, readOnly: true, tabIndex: -1 }),
        field("Present password", current),
        field("New password", password, { hint: "12 to 200 characters. Your other sessions end." }),
        field("The same again", repeated),
      ],
      {
        verb: "Change password",
        submit: async (node) => {
          if (password.value !== repeated.value) throw new NotYet("The two are not the same");
          await send("PUT", "session/password", { current: current.value, password: password.value });
          node.reset();
          say("Your password is changed.");
        },
      },
    ),
  );
}
