import { send } from "../api.js";
import { el, fill } from "../dom.js";
import { failure, field, form, NotYet } from "../forms.js";
import { goOn } from "./login.js";

export const title = "Set your password";

/** The secret of a one-time link stands behind `#`; nobody but this page sees it. */
export function show(body) {
  const link = location.hash.slice(1);
  if (link === "") {
    const missing = new Error("Open the whole link that you were given: what stands after # is missing");
    fill(body, failure(missing), el("p", el("a", { href: "login" }, "Log in with a password")));
    return;
  }
  const [password, again] = ["new-password", "again"].map((name) =>
    el("input", { type: "password", name, autocomplete: "new-password", minLength: 12, maxLength: 200 }),
  );
  fill(
    body,
    el("p.muted", "This link works once. It lets you in, and from then on your name and this password do."),
    form(
      [
        field("Password", password, { hint: "12 to 200 characters, without your name in it. A few words are good." }),
        field("The same again", again),
      ],
      {
        verb: "Set password and log in",
        submit: async () => {
          if (password.value !== again.value) throw new NotYet("The two are not the same");
          await send("POST", "password-link", { link, password: password.value });
          history.replaceState(null, "", "password");
          goOn();
        },
      },
    ),
  );
  password.focus();
}
