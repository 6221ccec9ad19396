// A program of stress.mjs: odd arguments.

import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { binding, dgram, errno, listen, open, readable, rights, unixPair } from "./raw.mjs";

// misuse calls every method with every combination of odd arguments, on sockets in every state. Whatever comes back, it
// is a value, a TypeError, a RangeError, or what the argument's own code threw.
export async function misuse() {
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const trap = new Error("trap");
  const throwing = Object.defineProperty([4], 1, {
    get() {
      throw trap;
    },
  });
  throwing.length = 3;
  const values = [
    undefined,
    null,
    -1,
    0,
    2,
    9,
    4096,
    1.5,
    Number.NaN,
    2 ** 32,
    1n,
    "x",
    {},
    Symbol("s"),
    detached,
    new Uint8Array(new SharedArrayBuffer(8)),
    new Uint8Array(8),
    new Uint16Array(8),
    new DataView(new ArrayBuffer(8)),
    new Proxy([4, Uint8Array.of(127, 0, 0, 1), 0], {}),
    [],
    throwing,
    [4, Uint8Array.of(127, 0, 0, 1), 65536],
    [4, new Uint8Array(16), 0],
    [6, new Uint8Array(16), 0, "z".repeat(1000)],
    [6, new Uint8Array(16), 0, "lo\0"],
    [6, new Uint8Array(16), 0, 1],
    [1, new Uint8Array(200)],
    [1, detached],
    [2, new Uint8Array(4), 0],
  ];
  const methods = (object) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter(
      (n) => n !== "constructor" && n !== "fd",
    );
  const names = methods(open());
  assert.equal(names.length, 24);
  let calls = 0;
  const attempt = (call) => {
    calls++;
    try {
      const got = call();
      if (got?.close) got.close();
    } catch (err) {
      assert.ok(err === trap || err instanceof TypeError || err instanceof RangeError, err);
    }
  };

  const make = {
    open: () => open(),
    closed: () => {
      const socket = open();
      socket.close();
      return socket;
    },
    listening: () => listen(),
    unix: () => open(1, dgram),
  };
  for (const kind of Object.keys(make)) {
    for (const name of names) {
      let socket = make[kind]();
      const depth = name === "read" || name === "write" ? 3 : 2;
      for (const a of values) {
        for (const b of values) {
          for (const c of depth === 3 ? values : [undefined]) attempt(() => socket[name](a, b, c));
        }
        if (name !== "close" && kind !== "closed" && socket.fd === -1) socket = make[kind]();
      }
      attempt(() => socket[name]());
      attempt(() => socket[name].call({}));
      attempt(() => socket[name].call(binding, 0));
      attempt(() => Reflect.apply(socket[name], new Proxy(socket, {}), [0]));
      attempt(() => new socket[name](0));
      socket.close();
    }
  }

  // The last arguments of the longer ones, after first ones that are right.
  const bytes = new Uint8Array(8);
  const [peer, messages] = unixPair(dgram);
  const passed = [peer.dup()];
  for (const a of [...values, rights(1)])
    for (const b of [...values, rights(1)]) {
      attempt(() => messages.recvMsg(bytes, 0, 8, a, b));
      for (const c of [...values, passed, [messages], [{}], new Array(2000), new Array(2 ** 32 - 1)]) {
        attempt(() => peer.sendMsg(bytes, 0, 8, a, b, c));
      }
    }

  const fdNames = methods(passed[0]);
  assert.equal(fdNames.length, 6);
  const closedFd = peer.dup();
  closedFd.close();
  for (const name of fdNames) {
    for (const fd of [peer.dup(), closedFd]) {
      for (const a of values)
        for (const b of values) for (const c of values) attempt(() => fd[name](a, b, c));
      attempt(() => fd[name]());
      attempt(() => fd[name].call({}));
      attempt(() => fd[name].call(binding, 0));
      attempt(() => new fd[name](0));
      fd.close();
    }
  }

  // Objects of the one class in methods of the other.
  const swapped = [
    [peer, passed[0]],
    [passed[0], peer],
  ];
  for (const [own, other] of swapped) {
    for (const name of methods(own)) assert.throws(() => own[name].call(other, bytes, 0, 8), TypeError);
    const getter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(own), "fd").get;
    assert.throws(() => getter.call(other), TypeError);
    assert.throws(() => getter.call({}), TypeError);
  }
  for (const object of [...swapped.flat(), messages]) object.close();
  for (const a of values) attempt(() => binding.zone(a));
  for (const a of values)
    for (const b of values) for (const c of values) attempt(() => binding.open(a, b, c));

  // An argument whose own code closes the socket it is given to.
  const socket = open();
  const closing = Object.defineProperty([4, null, 0], 1, {
    get() {
      socket.close();
      return Uint8Array.of(127, 0, 0, 1);
    },
  });
  assert.equal(socket.bind(closing), -errno.EBADF);
  const Bare = open().constructor;
  assert.equal(new Bare().fd, -1);
  assert.equal(new Bare().wait(readable), -errno.EBADF);
  attempt(() => Bare());
  assert.ok(calls > 5_000);
  globalThis.gc();
  await turn();
}
