// What a program has finished is acknowledged, and after a break it goes on right after that.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Peer, HELLO, good, ids, stream } from "./peer.mjs";

beforeEach(() => {
  mock.method(Math, "random", () => 0);
});

test("a batch is acknowledged when the next is asked for", async () => {
  for (const options of [{ durable: "knowledge" }, { window: 500 }]) {
    await ids(stream([good], options), 3);
    const [asked, ...told] = Peer.all[0].said;
    assert.deepEqual([asked.durable, asked.window, asked.reset], [options.durable, options.window, undefined]);
    assert.deepEqual(told, [{ type: "ack", sub: "main", cursor: "c1" }]);
  }
});

test("nobody is told who did not ask", async () => {
  await ids(stream([good]), 3);
  assert.equal(Peer.all[0].said.length, 1);
});

test("reaching the head where one stands is not acknowledged twice", async () => {
  const script = (peer) => {
    peer.agree();
    peer.statements("c0", "c1", "s1");
    peer.say({ type: "live", sub: "main", cursor: "c1" });
    peer.statements("c1", "c2", "s2");
  };
  await ids(stream([script], { durable: "knowledge" }), 2);
  assert.deepEqual(Peer.all[0].said.slice(1).map(({ cursor }) => cursor), ["c1"]);
});

test("it goes on where the server says that the name is, and after a break with what was acknowledged", async () => {
  const first = (peer) => {
    peer.say(HELLO);
    peer.say({ type: "subscribed", re: 1, sub: "main", after: "kept", head: "h" });
    peer.statements("kept", "c1", "s1");
    peer.statements("c1", "c2", "s2");
    peer.onSaid = () => peer.end(1006);
  };
  const second = (peer) => (peer.agree(), peer.statements("c2", "c3", "s3"));
  assert.deepEqual(await ids(stream([first, second], { durable: "knowledge", after: "old" }), 3), ["s1", "s2", "s3"]);
  assert.deepEqual(Peer.all.map(({ said: [{ after, reset }] }) => [after, reset]), [["old", undefined], ["c2", true]]);
});

test("a name is reset until the server has agreed, and then with what was acknowledged", async () => {
  const first = (peer) => (peer.say(HELLO), peer.end(1006));
  const second = (peer) => (peer.agree(), peer.end(1006));
  await ids(stream([first, second, good], { durable: "knowledge", reset: true, start: "beginning" }), 1);
  assert.deepEqual(
    Peer.all.map(({ said: [{ from, after, reset }] }) => [from, after, reset]),
    [["beginning", undefined, true], ["beginning", undefined, true], [undefined, "c0", true]],
  );
});

test("a program may acknowledge by itself, and what it did not comes again", async () => {
  const first = (peer) => {
    good(peer);
    peer.statements("c2", "c3", "s4");
    peer.onSaid = () => peer.end(1006);
  };
  const second = (peer) => (peer.agree(), peer.statements("c2", "c3", "s4"));
  const made = stream([first, second], { durable: "knowledge", autoAck: false });
  const seen = [];
  for await (const batch of made.batches()) {
    seen.push(batch.cursor);
    if (seen.length === 3) {
      assert.equal(made.cursor, "c0");
      assert.deepEqual([made.ack("c2"), made.ack("c1"), made.ack("c2"), made.ack("c9")], [true, false, false, false]);
      assert.equal(made.cursor, "c2");
    }
    if (seen.length === 4) {
      assert.equal(made.ack(batch), true);
      break;
    }
  }
  assert.deepEqual(seen, ["c1", "c2", "c3", "c3"]);
  assert.deepEqual(Peer.all.map(({ said }) => said.slice(1).map(({ cursor }) => cursor)), [["c2"], ["c3"]]);
  assert.equal(Peer.all[1].said[0].after, "c2");
});

test("who acknowledges by himself reads batches", async () => {
  await assert.rejects(ids(stream([], { autoAck: false }), 1), /read batches/);
});

for (const options of [{ window: 50 }, { autoAck: false }]) {
  test(`with ${Object.keys(options)} a program that is behind does not leave`, async () => {
    const script = (peer) => {
      peer.agree("0");
      for (let number = 0; number < 50; number += 1) peer.statements(String(number), String(number + 1), String(number));
    };
    const made = stream([script], options);
    let count = 0;
    for await (const { cursor } of made.batches()) if ((count += 1) && cursor === "50") break;
    assert.deepEqual([count, Peer.all.length], [50, 1]);
  });
}

test("too many connections are a refusal, unless it was let in before", async () => {
  const limited = (peer) => peer.end(4504, "connection_limit: too many");
  await assert.rejects(ids(stream([limited]), 1), { code: "connection_limit" });
  const cut = (peer) => (peer.agree(), peer.end(1006));
  assert.deepEqual(await ids(stream([cut, limited, good]), 1), ["s1"]);
});
