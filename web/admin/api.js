/** Calls of /admin/api, as docs/admin-api.md tells. Errors are ApiError, with the words of the server. */

const API = "api";
const TOKEN_SPARE_MS = 60_000;

/** What the server has refused: `status`, `code` for programs, `message` for people, `problems` by path. */
export class ApiError extends Error {
  name = "ApiError";

  constructor(status, { code = "", detail = "", title = "", errors = [] } = {}) {
    super(detail || title || `the server answered ${status}`);
    Object.assign(this, { status, code, problems: errors });
  }
}

/** GET; parameters that are null or "" are left out. */
export function get(path, parameters = {}) {
  return call("GET", path, { parameters }).then(({ body }) => body);
}

/** GET with the ETag that changing needs: `{ body, etag }`. */
export function getTagged(path) {
  return call("GET", path);
}

/** Any other method, with `body` as JSON. */
export function send(method, path, body, etag) {
  return call(method, path, { body, etag }).then((answer) => answer.body);
}

/** Text instead of JSON. */
export async function getText(path) {
  return (await answered("GET", path, {})).text();
}

/** All pages of a short list. */
export async function getAll(path, parameters = {}) {
  const items = [];
  let after = null;
  do {
    const page = await get(path, { ...parameters, limit: 500, after });
    items.push(...page.items);
    after = page.next;
  } while (after !== null);
  return items;
}

let settings = null;

/** The value in force of a setting. */
export async function setting(variable) {
  settings ??= get("settings").then(({ items }) => new Map(items.map((one) => [one.variable, one.value])));
  return (await settings).get(variable);
}

let token = null;

/** A token that reads all statements, live and by query, taken anew before it ends. */
export async function streamToken() {
  if (token === null || Date.parse(token.expires_at) - Date.now() < TOKEN_SPARE_MS) {
    token = await send("POST", "session/stream-token");
  }
  return token.token;
}

/** Where an xAPI resource is, for this page. */
export async function xapiUrl(resource) {
  const base = (await setting("LRS_BASE")).replace(/^\/+|\/+$/g, "");
  return new URL(`../${base ? `${base}/` : ""}${resource}`, location.href).href.split("#")[0];
}

/** What an xAPI resource answers to GET, read with the token of this session. */
export async function getXapi(resource, parameters = []) {
  const url = new URL(await xapiUrl(resource));
  url.search = new URLSearchParams(parameters);
  const headers = { Authorization: `Bearer ${await streamToken()}`, "X-Experience-API-Version": "1.0.3" };
  const answer = await reach(url, { headers, credentials: "omit" });
  if (!answer.ok) throw new ApiError(answer.status, await json(answer));
  return answer.json();
}

async function call(method, path, options = {}) {
  const answer = await answered(method, path, options);
  return { body: answer.status === 204 ? null : await answer.json(), etag: answer.headers.get("ETag") };
}

async function answered(method, path, { parameters = {}, body, etag }) {
  const wanted = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(wanted).toString();
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-LRS-CSRF"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  const answer = await reach(`${API}/${path}${query ? `?${query}` : ""}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.ok) return answer;
  const error = new ApiError(answer.status, await json(answer));
  if (answer.status === 401 && !["session", "password-link", "session/password"].includes(path)) toLogin();
  throw error;
}

async function reach(url, options) {
  try {
    return await fetch(url, { cache: "no-store", ...options });
  } catch (error) {
    throw new ApiError(0, { detail: "The server can't be reached. Is it running, and are you online?", title: String(error) });
  }
}

async function json(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

/** The session is over: log in, and come back to where this is. */
export function toLogin() {
  sessionStorage.setItem("came-from", location.pathname.split("/").at(-1) + location.hash);
  location.assign("login");
}
