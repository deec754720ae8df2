// A server that follows a script, for tests of the module.

import assert from "node:assert/strict";
import { Stream } from "./stream.mjs";

export const URL_ = "ws://lrs.example.com/xapi/stream";
export const HELLO = { type: "hello", protocol: "xapi-stream.v1", heartbeat_s: 20 };

/** Both ends of a connection: the module has the WebSocket, the script the rest. */
export class Peer {
  said = [];
  closed = false;

  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    const script = Peer.scripts.shift();
    assert.ok(script, "one connection too many");
    Peer.all.push(this);
    queueMicrotask(() => script(this));
  }

  send(text) {
    const frame = JSON.parse(text);
    this.said.push(frame);
    this.onSaid?.(frame);
  }

  close() {
    this.closed = true;
    this.end(1005);
  }

  end(code, reason = "") {
    setTimeout(() => this.onclose({ code, reason }), 0);
  }

  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  /** Let it in. */
  agree(after = "c0", hello = HELLO) {
    this.say(hello);
    const [asked] = this.said;
    this.say({ type: "subscribed", re: asked.id, sub: asked.sub, after: asked.after ?? after, head: "h" });
    return asked;
  }

  statements(prev, cursor, ...ids) {
    this.say({ type: "statements", sub: "main", prev, cursor, statements: ids.map((id) => ({ id })) });
  }
}

/** A stream whose connections go by these scripts. */
export function stream(scripts, options = {}) {
  Peer.scripts = [...scripts];
  Peer.all = [];
  const credential = options.tokenProvider ? {} : { token: "t" };
  return new Stream(URL_, { ...credential, WebSocket: Peer, ...options });
}

export async function ids(from, count) {
  const found = [];
  if (count > 0) for await (const { id } of from) if (found.push(id) === count) break;
  return found;
}

export const good = (peer) => {
  peer.agree();
  peer.statements("c0", "c1", "s1", "s2");
  peer.statements("c1", "c2", "s3");
};
