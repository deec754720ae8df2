// The module against a server that follows a script: each test says what comes on each connection.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Peer, HELLO, URL_, good, ids, stream } from "./peer.mjs";
import { CursorInvalid, EpochChanged, Erased, Interrupted, Refused, Stream, StreamError } from "./stream.mjs";

beforeEach(() => {
  mock.method(Math, "random", () => 0);
});

test("statements come one by one", async () => {
  assert.deepEqual(await ids(stream([good]), 3), ["s1", "s2", "s3"]);
});

test("it asks for what is wanted", async () => {
  await ids(stream([good], { filter: { course: ["k"] }, start: "beginning" }), 1);
  const [{ filter, from }] = Peer.all[0].said;
  assert.deepEqual([filter, from], [{ course: ["k"] }, "beginning"]);
});

test("a time is a start", async () => {
  await ids(stream([good], { start: new Date(0) }), 1);
  assert.deepEqual(Peer.all[0].said[0].from, { stored: "1970-01-01T00:00:00.000Z" });
});

test("a cursor goes before the start", async () => {
  const script = (peer) => (peer.agree(), peer.statements("kept", "c1", "s1"));
  await ids(stream([script], { after: "kept", start: "beginning" }), 1);
  const [asked] = Peer.all[0].said;
  assert.deepEqual([asked.after, asked.from], ["kept", undefined]);
});

test("the token is hidden in a subprotocol, in base64url", async () => {
  await ids(stream([good], { token: "?>~" }), 1);
  assert.deepEqual(Peer.all[0].protocols, ["xapi-stream.v1", "bearer.b64u.Pz5-"]);
});

test("batches have cursors, and one is finished when the next is asked for", async () => {
  const made = stream([good]);
  const seen = [];
  for await (const { prev, cursor, statements } of made.batches()) {
    seen.push([prev, cursor, statements.length, made.cursor]);
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen, [["c0", "c1", 2, "c0"], ["c1", "c2", 1, "c1"]]);
});

test("leaving a loop closes the stream, and what was not finished is told by its cursor", async () => {
  const made = stream([good]);
  assert.deepEqual(await ids(made, 1), ["s1"]);
  assert.equal(made.cursor, "c0");
  assert.ok(Peer.all[0].closed);
  assert.deepEqual(await ids(made, 5), []);
});

test("reaching the head and heartbeats move the cursor", async () => {
  const script = (peer) => {
    peer.agree();
    peer.say({ type: "live", sub: "main", cursor: "c1" });
    peer.say({ type: "heartbeat", subs: { main: "c1" } });
    peer.say({ type: "heartbeat", subs: { main: "c2" } });
    peer.statements("c2", "c3", "s1");
  };
  const seen = [];
  for await (const { prev, cursor, live } of stream([script]).batches()) {
    seen.push([prev, cursor, live]);
    if (cursor === "c3") break;
  }
  assert.deepEqual(seen, [["c0", "c1", true], ["c1", "c2", false], ["c2", "c3", false]]);
});

const erasing = (peer) => {
  peer.agree();
  peer.say({ type: "erased", sub: "other", ids: ["s9"] });
  peer.statements("c0", "c1", "s1");
  peer.say({ type: "erased", sub: "main", ids: ["s0", "s1"] });
  peer.statements("c1", "c2", "s2");
};

test("what was erased comes between batches, and moves nothing", async () => {
  const seen = [];
  for await (const batch of stream([erasing], { durable: "k" }).batches()) {
    seen.push([batch instanceof Erased, batch.ids, batch.statements.length, batch.prev, batch.cursor]);
    if (batch.cursor === "c2") break;
  }
  const erased = [true, ["s0", "s1"], 0, "c1", "c1"];
  assert.deepEqual(seen, [[false, undefined, 1, "c0", "c1"], erased, [false, undefined, 1, "c1", "c2"]]);
  assert.deepEqual(Peer.all[0].said.slice(1).map(({ cursor }) => cursor), ["c1"]);
});

test("a loop over statements is told between them what was erased", async () => {
  const seen = [];
  for await (const { id } of stream([erasing], { onErased: (gone) => seen.push(gone) })) {
    seen.push(id);
    if (id === "s2") break;
  }
  assert.deepEqual(seen, ["s1", ["s0", "s1"], "s2"]);
});

test("who does not ask for what was erased is not troubled by it", async () => {
  assert.deepEqual(await ids(stream([erasing]), 2), ["s1", "s2"]);
});

test("what is not about it is passed over", async () => {
  const script = (peer) => {
    peer.agree();
    peer.say({ type: "news" });
    peer.say({ type: "statements", sub: "other", prev: "x", cursor: "y", statements: [] });
    peer.say({ type: "error", re: 2, code: "invalid_token", message: "the renewal was refused" });
    peer.say({ type: "expiring", expires_at: "2026-11-22T10:00:00Z" });
    peer.statements("c0", "c1", "s1");
  };
  assert.deepEqual(await ids(stream([script]), 1), ["s1"]);
});

for (const [what, trouble] of [
  ["a broken connection", (peer) => peer.end(1006)],
  ["a restart", (peer) => peer.end(1001, "going_away")],
  ["a gap", (peer) => peer.statements("c2", "c3", "s3")],
  ["a damaged frame", (peer) => peer.onmessage({ data: '{"type":' })],
  ["a subscription that ended without a word", (peer) => peer.say({ type: "unsubscribed", sub: "main", cursor: "c1" })],
  ["a store that can't be read", (peer) =>
    peer.say({ type: "error", sub: "main", code: "store_unavailable", message: "later" })],
]) {
  test(`after ${what} it goes on from the last cursor`, async () => {
    const first = (peer) => (peer.agree(), peer.statements("c0", "c1", "s1"), trouble(peer));
    const second = (peer) => (peer.agree(), peer.statements("c1", "c2", "s2"));
    const told = [];
    const made = stream([first, second], { onInterrupted: (why) => told.push(why) });
    assert.deepEqual(await ids(made, 2), ["s1", "s2"]);
    assert.equal(Peer.all[1].said[0].after, "c1");
    assert.ok(told.length === 1 && told[0] instanceof Interrupted);
  });
}

test("where it begins now, it goes on from where that was", async () => {
  const first = (peer) => (peer.agree("c7"), peer.end(1006));
  const second = (peer) => (peer.agree(), peer.statements("c7", "c8", "s1"));
  await ids(stream([first, second]), 1);
  assert.deepEqual(Peer.all.map(({ said }) => said[0].after), [undefined, "c7"]);
});

for (const [what, silent] of [
  ["a server that says nothing", () => {}],
  ["a server that never agrees", (peer) => {
    peer.say(HELLO);
    const timer = setInterval(() => (peer.closed ? clearInterval(timer) : peer.say({ type: "heartbeat", subs: {} })), 2);
  }],
  ["a connection that has died", (peer) => peer.agree()],
]) {
  test(`${what} is left after a time`, async () => {
    mock.method(globalThis, "setTimeout", shortened(globalThis.setTimeout));
    try {
      assert.deepEqual(await ids(stream([silent, good], { silenceMs: 20 }), 1), ["s1"]);
      assert.ok(Peer.all[0].closed);
    } finally {
      setTimeout.mock.restore();
    }
  });
}

/** A clock on which the ten seconds for opening are soon over. */
function shortened(real) {
  return (action, ms) => real(action, ms === 10_000 ? 20 : ms);
}

for (const [code, reason, name] of [
  [4503, "token_revoked: it was revoked", "token_revoked"],
  [4001, "token_expired", "token_expired"],
  [4999, "", "4999"],
  [1009, "Too big!", "too_large"],
]) {
  test(`after close code ${code} it does not come again`, async () => {
    const made = stream([(peer) => (peer.agree(), peer.end(code, reason))]);
    for (let time = 0; time < 2; time += 1) {
      await assert.rejects(ids(made, 1), (error) => error instanceof Refused && error.code === name);
    }
  });
}

for (const [code, Kind] of [["cursor_invalid", CursorInvalid], ["epoch_changed", EpochChanged], ["forbidden", Refused]]) {
  test(`the error ${code} reaches the program`, async () => {
    const script = (peer) => (peer.say(HELLO), peer.say({ type: "error", re: 1, code, message: "why" }));
    const refusal = await ids(stream([script]), 1).catch((error) => error);
    assert.equal(refusal.constructor, Kind);
    assert.ok(refusal instanceof Refused && refusal instanceof StreamError);
    assert.deepEqual([refusal.code, refusal.message, refusal.name], [code, "why", Kind.name]);
  });
}

test("another protocol is refused", async () => {
  const made = stream([(peer) => peer.say({ ...HELLO, protocol: "xapi-stream.v2" })]);
  await assert.rejects(ids(made, 1), { code: "protocol" });
});

test("a token about to end is renewed within the connection", async () => {
  const tokens = ["t1", "t2"];
  const script = (peer) => {
    peer.agree();
    peer.onSaid = (frame) => {
      assert.deepEqual(frame, { type: "auth", id: 2, token: "t2" });
      peer.say({ type: "authed", re: 2, expires_at: null, courses: null });
      peer.statements("c0", "c1", "s1");
    };
    peer.say({ type: "expiring", expires_at: "2026-11-22T10:00:00Z" });
  };
  assert.deepEqual(await ids(stream([script], { tokenProvider: async () => tokens.shift() }), 1), ["s1"]);
});

test("with a provider an expired token is no reason to stay away", async () => {
  const tokens = ["t1", "t2"];
  const first = (peer) => peer.end(4001, "token_expired");
  await ids(stream([first, good], { tokenProvider: () => tokens.shift() }), 1);
  assert.deepEqual(Peer.all.map(({ protocols }) => protocols[1]), ["bearer.b64u.dDE", "bearer.b64u.dDI"]);
});

test("a provider that fails is asked again, unless it refuses", async () => {
  const answers = [new TypeError("failed to fetch"), "t", new Refused("locked", "the office is closed")];
  const tokenProvider = async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const made = stream([(peer) => (peer.agree(), peer.statements("c0", "c1", "s1"), peer.end(1006))], { tokenProvider });
  await assert.rejects(ids(made, 2), { code: "locked" });
});

test("a program that is far behind takes what has come, and then reads on", async () => {
  const script = (peer) => {
    const place = Number(peer.agree("0").after ?? 0);
    for (let number = place; number < place + 1000 && !peer.closed; number += 1) {
      peer.statements(String(number), String(number + 1), String(number + 1));
    }
  };
  const told = [];
  const made = stream([script, script, script, script], { onInterrupted: (why) => told.push(why) });
  assert.deepEqual(await ids(made, 100), Array.from({ length: 100 }, (_, number) => String(number + 1)));
  assert.deepEqual(Peer.all.map(({ said }) => said[0].after), [undefined, "32", "64", "96"]);
  assert.deepEqual(told, []);
});

test("pauses grow until a connection was of use, with full jitter", async () => {
  mock.method(Math, "random", () => 0.001);
  const cut = (peer) => (peer.agree(), peer.end(1006));
  const used = (peer) => (peer.agree(), peer.say({ type: "heartbeat", subs: {} }), peer.end(1006));
  const pauses = [];
  await ids(stream([cut, cut, cut, used, good], { onInterrupted: (_, ms) => pauses.push(ms) }), 1);
  assert.deepEqual(pauses, [0.5, 1, 2, 0.5]);
});

test("it gives up when told to", async () => {
  const cut = (peer) => peer.end(1006);
  await assert.rejects(ids(stream([cut], { giveUpMs: 0 }), 1), Interrupted);
});

test("closing ends a loop that waits, and one that pauses", async () => {
  for (const script of [(peer) => peer.agree(), (peer) => peer.end(1006)]) {
    mock.method(Math, "random", () => 1);
    const made = stream([script]);
    setTimeout(() => made.close(), 20);
    assert.deepEqual(await ids(made, 1), []);
  }
});

test("mistakes are told at once", () => {
  const options = { token: "t", WebSocket: Peer };
  assert.throws(() => new Stream(URL_, { WebSocket: Peer }), /one of token/);
  assert.throws(() => new Stream(URL_, { ...options, tokenProvider: () => "t" }), /one of token/);
  assert.throws(() => new Stream(URL_, { ...options, filter: { course: "k" } }), /filter.course must be an array/);
  assert.throws(() => new Stream(URL_, { ...options, start: "yesterday" }), /start must be/);
  assert.throws(() => new Stream(`${URL_}?course=k`, options), /no parameters/);
  assert.throws(() => new Stream("ftp://lrs.example.com/", options), /not the address/);
  assert.throws(() => new Stream("/xapi/stream", options), TypeError);
});
