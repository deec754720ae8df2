/**
 * Statements as a Learning Record Store stores them, through every break of the connection: the client of the protocol
 * xapi-stream.v1 for browsers and Node. See docs/client.md.
 *
 *     const stream = new Stream("wss://lrs.example.com/xapi/stream", { token, filter: { course: [course] } });
 *     for await (const statement of stream) console.log(statement);
 */

const PROTOCOL = "xapi-stream.v1";
const SUBSCRIPTION = "main";
const SUBSCRIBE_ID = 1;
const RENEW_ID = 2;

const OPENING_MS = 10_000; // How long the handshake and the first frame may take together.
const HEARTBEAT_S = 20; // How often the server is heard, unless it says otherwise.
const SILENCE_HEARTBEATS = 2.5; // A connection on which nothing was heard for so many heartbeats is dead.
const PAUSE_FIRST_MS = 500;
const PAUSE_MOST_MS = 30_000;
const BATCHES_AHEAD_MAX = 32; // A program further behind leaves the connection, and reads on when it has caught up.

// Close codes outside of 4500 to 4999 after which the same client would fail again.
const VAIN_CLOSES = { 1002: "protocol_error", 1003: "not_text", 1007: "not_utf8", 1009: "too_large" };
const TOKEN_EXPIRED_CLOSE = 4001;

// Codes of error frames that are not about what was asked.
const PASSING = new Set(["internal", "overloaded", "rate_limited", "store_unavailable"]);

/** Root of what can go wrong. */
export class StreamError extends Error {
  name = this.constructor.name;
}

/** A connection ended, or none could be made: the stream comes again. Thrown only after `giveUpMs`. */
export class Interrupted extends StreamError {}

/** Coming again would be in vain: somebody has to mend something first. `code` is for programs. */
export class Refused extends StreamError {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** The cursor is not one of this store: begin anew. */
export class CursorInvalid extends Refused {}

/** The history was replaced by another: forget what was built on it, and begin anew. */
export class EpochChanged extends Refused {}

/**
 * What came at once: `statements`, oldest first, which are all that matched after `prev` up to `cursor`. Sometimes none:
 * then only the cursor has moved on. `live`: there is nothing more for now; what follows is new.
 */
export class Batch {
  constructor(prev, cursor, statements = [], live = false) {
    Object.assign(this, { prev, cursor, statements, live });
  }
}

/** Statements with these `ids` were erased: forget what rests on them. The cursor stands where it stood. */
export class Erased extends Batch {
  constructor(cursor, ids) {
    super(cursor, cursor);
    this.ids = ids;
  }
}

/** One subscription, over as many connections as it takes. */
export class Stream {
  #url;
  #options;
  #cursor;
  #connection = null;
  #given = []; // Cursors of what the program was given on this connection and has not finished.
  #agreed = false; // Whether the server has ever let this reader in.
  #closed = false;
  #failure = null;
  #wake = () => {};
  #pauseMostMs = PAUSE_FIRST_MS;
  #troubleSince = null;

  /**
   * @param {string | URL} url of the stream; `http` and `https` are taken for `ws` and `wss`, and a page may give a path.
   * @param {object} options
   * @param {string} [options.token]
   * @param {() => string | Promise<string>} [options.tokenProvider] instead of `token`; asked for each connection, and
   *   when the token in use is about to end. When it fails it is asked again later.
   * @param {object} [options.filter] members as in docs/stream.md, each an array.
   * @param {string | null} [options.after] the cursor to go on after.
   * @param {"now" | "beginning" | Date} [options.start] where to begin without a cursor.
   * @param {string} [options.durable] a name under which the server keeps how far the program is; it goes on there, and
   *   `after` and `start` count the first time only, or with `options.reset`.
   * @param {number} [options.window] how many statements the server may send that are not finished.
   * @param {boolean} [options.autoAck] false: a batch is finished when `ack` says so, not when the next is asked for.
   * @param {(ids: string[]) => void} [options.onErased] told between statements; `batches` gives `Erased` in its place.
   * @param {number} [options.silenceMs] how long nothing may be heard; by default two and a half heartbeats.
   * @param {number} [options.giveUpMs] how long to try in vain; by default for ever.
   * @param {(why: Interrupted, pauseMs: number) => void} [options.onInterrupted] told before each new try.
   * @param {typeof WebSocket} [options.WebSocket] for where there is none, as in Node before 22.
   */
  constructor(url, options) {
    const { token, tokenProvider, filter = {}, after = null, start = "now", autoAck = true } = options;
    if ((token === undefined) === (tokenProvider === undefined)) throw new TypeError("give one of token, tokenProvider");
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    if (Socket === undefined) throw new TypeError("there is no WebSocket here: give one as the option WebSocket");
    const lone = Object.keys(filter).find((name) => !Array.isArray(filter[name]));
    if (lone !== undefined) throw new TypeError(`filter.${lone} must be an array`);
    this.#url = streamUrl(url);
    // With a window it is the server that waits; and what was not acknowledged would only come again.
    const stays = !autoAck || options.window !== undefined;
    this.#options = { ...options, filter, from: fromOf(start), autoAck, stays, WebSocket: Socket };
    this.#cursor = after;
  }

  /**
   * That of the last batch which the program has finished, by asking for what comes next or with `ack`; before, where
   * the subscription began, or null until that is known.
   */
  get cursor() {
    return this.#cursor;
  }

  /**
   * All up to `through`, a batch or its cursor, is finished. False when that was known, or when the connection on which
   * it came is gone: then it comes again.
   */
  ack(through) {
    const cursor = through instanceof Batch ? through.cursor : through;
    const place = this.#given.indexOf(cursor);
    if (place < 0) return false;
    this.#given.splice(0, place + 1);
    if (cursor === this.#cursor) return false;
    this.#cursor = cursor;
    this.#connection?.acknowledge(cursor);
    return true;
  }

  /** Leave; loops over this stream end. */
  close() {
    this.#closed = true;
    this.#leave();
    this.#wake();
  }

  /** Statements one by one. Leaving the loop closes the stream. */
  async *[Symbol.asyncIterator]() {
    if (!this.#options.autoAck) throw new TypeError("without autoAck read batches(): those are acknowledged");
    for await (const batch of this.batches()) {
      if (batch instanceof Erased) this.#options.onErased?.(batch.ids);
      yield* batch.statements;
    }
  }

  /** The same in batches as they come. */
  async *batches() {
    try {
      for (let batch = await this.#next(); batch !== null; batch = await this.#next()) yield batch;
    } finally {
      this.close();
    }
  }

  /** The next batch, null when the stream is closed; the one before it is finished. */
  async #next() {
    if (this.#options.autoAck && this.#given.length > 0) this.ack(this.#given.at(-1));
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#closed) return null;
      if (this.#connection === null) await this.#connect();
      const batch = this.#connection?.batches.shift();
      if (batch !== undefined) {
        this.#given.push(batch.cursor);
        return batch;
      }
      if (this.#connection?.end) await this.#recover(this.#connection.end);
      else if (this.#connection !== null) await this.#pause();
    }
  }

  async #connect() {
    let token;
    try {
      token = await this.#token();
    } catch (error) {
      await this.#recover(error);
      return;
    }
    if (this.#closed) return;
    this.#given = [];
    this.#connection = new Connection(this.#url, this.#options, token, {
      after: this.#cursor,
      again: this.#agreed,
      renew: this.#options.tokenProvider && (() => this.#token()),
      onAgreed: (cursor) => {
        this.#cursor = cursor;
        this.#agreed = true;
        this.#troubleSince = null;
      },
      onUse: () => (this.#pauseMostMs = PAUSE_FIRST_MS),
      onChange: () => this.#wake(),
    });
  }

  async #token() {
    if (this.#options.token !== undefined) return this.#options.token;
    try {
      return await this.#options.tokenProvider();
    } catch (error) {
      if (error instanceof StreamError) throw error;
      throw new Interrupted(`no token could be had: ${error?.message ?? error}`, { cause: error });
    }
  }

  /** Wait before the next try after `why`; or throw it, when there is to be none. */
  async #recover(why) {
    this.#leave();
    if (why === BEHIND) return;
    const now = Date.now();
    this.#troubleSince ??= now;
    const { giveUpMs = Infinity, onInterrupted } = this.#options;
    // The server may not know yet that the connection before this one is dead.
    if (why.code === "connection_limit" && this.#agreed) why = new Interrupted(why.message);
    const inVain = !(why instanceof Interrupted) || now - this.#troubleSince >= giveUpMs;
    if (inVain) return void (this.#failure = why);
    // Full jitter: clients that were sent away together do not come back together.
    const pauseMs = Math.random() * this.#pauseMostMs;
    this.#pauseMostMs = Math.min(PAUSE_MOST_MS, this.#pauseMostMs * 2);
    onInterrupted?.(why, pauseMs);
    await this.#pause(pauseMs);
  }

  /** Until something has changed, or for this time. */
  async #pause(ms) {
    let timer;
    await new Promise((resolve) => {
      this.#wake = resolve;
      if (ms !== undefined) timer = setTimeout(resolve, ms);
      if (this.#closed) resolve();
    });
    clearTimeout(timer);
  }

  #leave() {
    this.#connection?.leave();
    this.#connection = null;
  }
}

const BEHIND = new Interrupted("the program is behind");

/** One connection: what has come on it, until `end` says why nothing more will. */
class Connection {
  batches = [];
  end = null;
  #socket;
  #options;
  #hooks;
  #told = null;
  #heard = false;
  #silenceMs = OPENING_MS;
  #timer;
  leave = () => this.#finish(BEHIND); // Nothing more is wanted.

  constructor(url, options, token, hooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#socket = new options.WebSocket(url, [PROTOCOL, `bearer.b64u.${base64url(token)}`]);
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#finish(this.#closed(event.code, event.reason));
    this.#socket.onerror = () => {}; // What there is to say of an error comes with the close event after it.
    this.#watch();
  }

  /** The program has finished all up to `cursor`: the server is told if it wants to know. */
  acknowledge(cursor) {
    const wanted = (this.#options.durable ?? this.#options.window) !== undefined;
    if (wanted && this.end === null) this.#say({ type: "ack", sub: SUBSCRIPTION, cursor });
  }

  #finish(why) {
    if (this.end !== null) return;
    this.end = why;
    clearTimeout(this.#timer);
    this.#socket.close();
    this.#hooks.onChange();
  }

  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish(new Interrupted("nothing was heard for too long")), this.#silenceMs);
  }

  #receive(text) {
    if (this.end !== null) return;
    try {
      const frame = JSON.parse(text);
      if (this.#heard) this.#hear(frame);
      else this.#greet(frame);
    } catch (error) {
      this.#finish(error instanceof StreamError ? error : new Interrupted("a frame could not be read", { cause: error }));
    }
  }

  #greet(frame) {
    if (frame.protocol !== PROTOCOL) throw new Refused("protocol", `what answers there does not speak ${PROTOCOL}`);
    this.#heard = true;
    this.#silenceMs = this.#options.silenceMs ?? SILENCE_HEARTBEATS * 1000 * (frame.heartbeat_s ?? HEARTBEAT_S);
    const { after, again } = this.#hooks;
    const { filter, from, durable, window } = this.#options;
    const place = after === null ? { from } : { after };
    // Once agreed, the cursor is what was acknowledged, also if the server has not heard of it or has forgotten it.
    const reset = durable !== undefined && (again || this.#options.reset) ? true : undefined;
    this.#say({ type: "subscribe", id: SUBSCRIBE_ID, sub: SUBSCRIPTION, filter, ...place, durable, reset, window });
    this.#watch();
  }

  #hear(frame) {
    // Heartbeats alone do not keep a connection on which nothing was agreed.
    if (this.#told !== null) this.#watch();
    const ours = frame.sub === SUBSCRIPTION;
    if (frame.type === "statements" && ours) {
      if (frame.prev !== this.#told) throw new Interrupted("statements are missing between two frames");
      this.#hooks.onUse();
      this.#give(new Batch(this.#told, frame.cursor, frame.statements));
    } else if (frame.type === "subscribed" && ours) {
      this.#told = frame.after;
      this.#hooks.onAgreed(frame.after);
      this.#watch();
    } else if (frame.type === "live" && ours && this.#told !== null) {
      this.#give(new Batch(this.#told, frame.cursor, [], true));
    } else if (frame.type === "heartbeat") {
      this.#hooks.onUse();
      const cursor = frame.subs[SUBSCRIPTION] ?? this.#told;
      if (this.#told !== null && cursor !== this.#told) this.#give(new Batch(this.#told, cursor));
    } else if (frame.type === "erased" && ours && this.#told !== null) {
      this.#give(new Erased(this.#told, frame.ids));
    } else if (frame.type === "expiring" && this.#hooks.renew) {
      this.#renew();
    } else if (frame.type === "unsubscribed" && ours) {
      throw new Interrupted("the server ended the subscription");
    } else if (frame.type === "error" && (ours || frame.re === SUBSCRIBE_ID)) {
      throw failed(frame);
    }
  }

  #give(batch) {
    this.batches.push(batch);
    this.#told = batch.cursor;
    this.#hooks.onChange();
    if (!this.#options.stays && this.batches.length >= BATCHES_AHEAD_MAX) this.#finish(BEHIND);
  }

  /** Show a new token. When none can be had, or it is refused, the connection goes on while the old one lasts. */
  async #renew() {
    const token = await this.#hooks.renew().catch(() => null);
    if (token !== null && this.end === null) this.#say({ type: "auth", id: RENEW_ID, token });
  }

  #say(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  /** What the end of a connection means. */
  #closed(code, reason) {
    if (code === 1006) return new Interrupted("no connection, or it was cut");
    const [, name, words] = /^([a-z0-9_]+)(?:: (.+))?$/.exec(reason) ?? [];
    const message = words ?? (reason || `the server closed with ${code}`);
    if (code === TOKEN_EXPIRED_CLOSE && !this.#hooks.renew) return new Refused("token_expired", message);
    if ((code >= 4500 && code <= 4999) || code in VAIN_CLOSES) {
      return new Refused(name ?? VAIN_CLOSES[code] ?? String(code), message);
    }
    return new Interrupted(`${message} (${code})`);
  }
}

/** For an error frame that ended the subscription. */
function failed({ code, message }) {
  if (PASSING.has(code)) return new Interrupted(message);
  const Kind = { cursor_invalid: CursorInvalid, epoch_changed: EpochChanged }[code] ?? Refused;
  return new Kind(code, message);
}

function streamUrl(url) {
  const found = new URL(url, globalThis.location?.href);
  if (found.search || found.hash) throw new TypeError("the address of a stream has no parameters: they are options");
  found.protocol = { "http:": "ws:", "https:": "wss:" }[found.protocol] ?? found.protocol;
  if (!["ws:", "wss:"].includes(found.protocol)) throw new TypeError(`${url} is not the address of a stream`);
  return found.href;
}

function fromOf(start) {
  if (start instanceof Date) return { stored: start.toISOString() };
  if (!["now", "beginning"].includes(start)) throw new TypeError('start must be "now", "beginning" or a Date');
  return start;
}

function base64url(text) {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
