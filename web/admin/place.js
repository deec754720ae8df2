/** What a page shows, kept behind `#` of its address: it can be shared and gone back to, and no server sees it. */

/** The members behind `#`. */
export function place() {
  return new URLSearchParams(location.hash.slice(1));
}

/** The address of a page with these members; null and "" are left out. */
export function placed(members = {}, page = "") {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "" && one !== false) found.append(name, one === true ? "yes" : one);
    }
  }
  const text = found.toString();
  return text || !page ? `${page}#${text}` : page;
}

/** Go to other members of this page. */
export function go(members) {
  const address = placed(members);
  if (address === (location.hash || "#")) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = address;
}

/** Show what the address says, now and whenever it changes. */
export function following(show) {
  window.addEventListener("hashchange", () => show(place()));
  return show(place());
}
