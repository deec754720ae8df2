import { ApiError, send } from "../api.js";
import { el, fill } from "../dom.js";
import { field, form } from "../forms.js";

export const title = "Log in";

export function show(body) {
  const name = el("input", { type: "text", name: "name", autocomplete: "username", autocapitalize: "none", spellcheck: false });
  const password = el("input", { type: "password", name: "password", autocomplete: "current-password" });
  fill(
    body,
    form([field("Name", name), field("Password", password)], {
      verb: "Log in",
      submit: async () => {
        await send("POST", "session", { name: name.value.trim(), password: password.value }).catch((error) => {
          throw error.status === 401 ? new ApiError(401, { detail: "Name or password is wrong." }) : error;
        });
        goOn();
      },
    }),
    el("p.hint", "No password yet, or lost? Another administrator, or who runs the server, makes a link for you: ", el("code", "lrs admin link NAME")),
  );
  name.focus();
}

/** To where the session ended, if that is one of these pages. */
export function goOn() {
  const from = sessionStorage.getItem("came-from") ?? "";
  sessionStorage.removeItem("came-from");
  const known = /^[a-z]+(#|$)/.test(from) && !/^(login|password)/.test(from);
  location.assign(known ? from : "overview");
}
