// Programs that try to break the addon: node --expose-gc native/testing/stress.mjs [name ...]. Without a name it runs
// them all. Each fails by an exception, by an abort, or by what a sanitizer reports. The tests run them one by one, and
// scripts/asan.mjs runs them with the instrumented binary.

import assert from "node:assert/strict";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import {
  binding,
  descriptors,
  dgram,
  errno,
  listen,
  ok,
  open,
  pair,
  readable,
  receive,
  rights,
  seqpacket,
  stream,
  unixPair,
  until,
  writable,
} from "./raw.mjs";

const openCloseRounds = 10_000;
const reuseRounds = 2_000;
// How often a descriptor may go to another thread: glibc's malloc opens /proc/sys/vm/overcommit_memory now and then, in
// whatever thread of Node it is called. Seen: once in 20,000 rounds.
const foreignReuses = 20;
const terminations = Number(process.env.GONET_TERMINATIONS ?? 50);
const dropped = 500;
const passes = 10_000;
const hostileControls = 20_000;
const datagramRounds = 5_000;
const longestDatagram = 65_507;
const transferBytes = 64 * 1024 * 1024;
const chunkBytes = 256 * 1024;

const programs = {
  transfer,
  reset,
  churn,
  idleChurn,
  reuse,
  misuse,
  drop,
  collect,
  keep,
  thrown,
  datagrams,
  passing,
  truncated,
  controls,
  races,
  dropFds,
  worker,
  terminate,
  exits,
};

// transfer moves bytes both ways at once through one pair and compares sums.
async function transfer() {
  const [a, b] = await pair();
  const pump = (socket) =>
    new Promise((resolve, reject) => {
      const out = new Uint8Array(chunkBytes).map((_, i) => i % 251);
      const into = new Uint8Array(chunkBytes);
      let sent = 0;
      let received = 0;
      let wanted = readable | writable;
      socket.onReady = () => {
        try {
          if (wanted & writable) {
            const n = socket.write(
              out,
              sent % chunkBytes,
              Math.min(chunkBytes - (sent % chunkBytes), transferBytes - sent),
            );
            if (n >= 0) sent += n;
            else assert.equal(n, -errno.EAGAIN);
            if (sent === transferBytes) {
              ok(socket.shutdown(1));
              wanted &= ~writable;
            }
          }
          const n = socket.read(into, 0, chunkBytes);
          if (n === 0) {
            assert.equal(received, transferBytes);
            wanted &= ~readable;
          } else if (n > 0) {
            assert.equal(into[0], (received % chunkBytes) % 251);
            received += n;
          } else assert.equal(n, -errno.EAGAIN);
          ok(socket.wait(wanted));
          if (wanted === 0) resolve();
        } catch (err) {
          reject(err);
        }
      };
      ok(socket.wait(wanted));
    });
  await Promise.all([pump(a), pump(b)]);
  a.close();
  b.close();
}

// reset ends connections by RST while the other end polls.
async function reset() {
  const listener = listen();
  for (let i = 0; i < 100; i++) {
    const [client, server] = await pair(listener);
    const waiting = until(server, readable);
    ok(client.setLinger(0));
    client.close();
    assert.equal(await waiting, readable | writable);
    // An error nobody asked for yet is announced again.
    assert.equal(await repeated(server, 3), readable | writable);
    assert.equal(server.read(new Uint8Array(8), 0, 8), -errno.ECONNRESET);
    server.close();
  }
  listener.close();
}

// repeated leaves events unanswered, and gives the last of so many.
function repeated(socket, times) {
  return new Promise((resolve) => {
    let events = 0;
    socket.onReady = (got) => {
      if (++events < times) return;
      ok(socket.wait(0));
      resolve(got);
    };
    ok(socket.wait(readable));
  });
}

// churn opens and closes sockets that are polled.
async function churn() {
  const before = descriptors();
  for (let i = 0; i < openCloseRounds; i++) {
    const socket = open(i % 2 ? 4 : 6, i % 3 ? 0 : dgram);
    ok(socket.wait(readable));
    socket.close();
    socket.close();
    if (i % 100 === 0) await turn();
  }
  await turn();
  assert.equal(descriptors(), before);
  assert.equal(binding.live(), 0);
}

// idleChurn opens and closes sockets nobody ever waited on.
async function idleChurn() {
  const before = descriptors();
  for (let i = 0; i < openCloseRounds; i++) open().close();
  assert.equal(descriptors(), before);
}

// reuse closes, from within an event, a socket that has an event in the same turn, and opens another one, which gets the
// same descriptor. The event must not reach it.
async function reuse() {
  const listener = listen();
  let inherited = 0;
  for (let i = 0; i < reuseRounds; i++) {
    const [c1, s1] = await pair(listener);
    const [c2, s2] = await pair(listener);
    const fresh = [];
    await new Promise((resolve, reject) => {
      const onReady = (own, other) => () => {
        if (own.fd === -1) reject(new Error("an event after close"));
        if (fresh.length > 0) return;
        const number = other.fd;
        other.close();
        const next = open(1, dgram);
        if (next.fd === number) inherited++;
        next.onReady = () => reject(new Error("an event of another socket"));
        ok(next.wait(readable));
        fresh.push(next);
        own.close();
        turn().then(resolve);
      };
      s1.onReady = onReady(s1, s2);
      s2.onReady = onReady(s2, s1);
      ok(s1.wait(readable));
      ok(s2.wait(readable));
      ok(c1.write(new Uint8Array(1), 0, 1));
      ok(c2.write(new Uint8Array(1), 0, 1));
    });
    for (const socket of [c1, c2, ...fresh]) socket.close();
  }
  listener.close();
  assert.ok(inherited > reuseRounds - foreignReuses, `only ${inherited} descriptors were reused`);
}

// misuse calls every method with every combination of odd arguments, on sockets in every state. Whatever comes back, it
// is a value, a TypeError, a RangeError, or what the argument's own code threw.
async function misuse() {
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

// drop leaves sockets to the garbage collector, some of them with a poll handle.
async function drop() {
  const before = descriptors();
  (() => {
    for (let i = 0; i < dropped; i++) {
      const socket = open();
      socket.onReady = () => socket.fd;
      if (i % 2) {
        ok(socket.wait(readable));
        ok(socket.wait(0));
      }
    }
  })();
  assert.equal(binding.live(), dropped);
  for (let i = 0; i < 20 && binding.live() > 0; i++) {
    globalThis.gc();
    await turn();
  }
  assert.equal(binding.live(), 0);
  assert.equal(descriptors(), before);
}

// collect closes sockets that were polled, and nothing of them may stay in memory.
async function collect() {
  const refs = [];
  (() => {
    for (let i = 0; i < dropped; i++) {
      const socket = open();
      socket.onReady = () => socket.fd;
      ok(socket.wait(readable));
      if (i % 3 === 1) ok(socket.wait(0));
      if (i % 3 === 2) ok(socket.wait(readable | writable));
      socket.close();
      refs.push(new WeakRef(socket));
    }
  })();
  const alive = () => refs.filter((ref) => ref.deref()).length;
  for (let i = 0; i < 20 && alive() > 0; i++) {
    // What was asked for is kept until the end of the turn.
    await turn();
    globalThis.gc();
    await turn();
  }
  // The last one made may still be in a register of the interpreter.
  assert.ok(alive() <= 1, `${alive()} of ${dropped} closed sockets stay in memory`);
}

// keep leaves sockets that wait to nobody, and they must survive.
async function keep() {
  const clients = [];
  let ends = 0;
  for (let i = 0; i < 50; i++) {
    const [client, server] = await pair();
    clients.push(client);
    server.onReady = () => {
      if (server.read(new Uint8Array(1), 0, 1) === 0) ends++;
      server.close();
    };
    ok(server.wait(readable));
  }
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await turn();
  }
  assert.equal(binding.live(), 100);
  for (const client of clients) client.close();
  while (binding.live() > 0) await turn();
  assert.equal(ends, 50);
}

// thrown lets the callback throw. Each time it becomes an uncaughtException, and the event comes again.
async function thrown() {
  const [client, server] = await pair();
  const seen = [];
  const onThrown = (err) => seen.push(err.message);
  process.on("uncaughtException", onThrown);
  await new Promise((resolve) => {
    server.onReady = () => {
      if (seen.length === 3) {
        server.close();
        resolve();
        return;
      }
      throw new Error(`thrown ${seen.length}`);
    };
    ok(server.wait(readable));
    client.close();
  });
  process.off("uncaughtException", onThrown);
  assert.deepEqual(seen, ["thrown 0", "thrown 1", "thrown 2"]);
}

function start(mode) {
  return new Worker(new URL("./worker.mjs", import.meta.url), { workerData: mode });
}

// datagrams go to and fro between sockets of every family, of every size, and come as they were sent.
async function datagrams() {
  const families = [
    [4, [4, Uint8Array.of(127, 0, 0, 1), 0]],
    [6, [6, new Uint8Array(16).fill(1, 15), 0, ""]],
    [1, [1, new Uint8Array(0)]],
  ];
  const out = new Uint8Array(longestDatagram).map((_, i) => i % 251);
  const into = new Uint8Array(longestDatagram);
  for (const [family, address] of families) {
    const from = open(family, dgram);
    const to = open(family, dgram);
    for (const socket of [from, to]) ok(socket.bind(address));
    for (let i = 0; i < datagramRounds; i++) {
      const size = i % 10 === 0 ? Math.floor(Math.random() * (longestDatagram + 1)) : i % 50;
      const start = longestDatagram - size;
      assert.equal(from.sendMsg(out, start, size, to.localAddr(), null, []), size);
      await until(to, readable);
      const part = into.subarray(0, Math.max(size, i % 2));
      const got = receive(to, part, i % 3 ? 0 : 64);
      assert.deepEqual([got.n, got.from.family, got.control.length], [size, family, 0]);
      assert.equal(Buffer.compare(got.from.name, from.localAddr()[1]), 0);
      assert.equal(Buffer.compare(into.subarray(0, size), out.subarray(start)), 0);
    }
    from.close();
    to.close();
  }
}

// passing passes descriptors on and on, and none is left.
async function passing() {
  const before = descriptors();
  for (const type of [stream, dgram, seqpacket]) {
    const [from, to] = unixPair(type);
    const count = descriptors();
    let fd = ok(from.dup());
    const bytes = new Uint8Array(8);
    for (let i = 0; i < passes; i++) {
      assert.equal(from.sendMsg(bytes, 0, 1, null, rights(2), [fd, fd]), 1);
      fd.close();
      const got = receive(to, bytes, 64);
      assert.equal(got.fds.length, 2);
      fd = got.fds[0];
      got.fds[1].close();
      if (i % 100 === 0) ok(fd.toSocket()).close();
    }
    fd.close();
    assert.equal(descriptors(), count);
    assert.equal(binding.liveFds(), 0);
    // What is still under way when the sockets close is closed by the kernel.
    for (let i = 0; i < 5; i++) {
      const last = ok(from.dup());
      ok(from.sendMsg(bytes, 0, 1, null, rights(1), [last]));
      last.close();
    }
    from.close();
    to.close();
  }
  await turn();
  assert.equal(descriptors(), before);
}

// truncated receives descriptors with too little room, in every way there is.
async function truncated() {
  const [from, to] = unixPair(dgram);
  ok(to.setOption(binding.options.SO_PASSCRED, 1));
  const before = descriptors();
  const fd = ok(from.dup());
  const bytes = new Uint8Array(8);
  const most = 20;
  for (let i = 0; i < passes; i++) {
    const sent = i % (most + 1);
    assert.equal(from.sendMsg(bytes, 0, 1, null, sent === 0 ? null : rights(sent), Array(sent).fill(fd)), 1);
    const got = receive(to, bytes, i % 150);
    assert.equal(got.n, 1);
    assert.ok(got.fds.length <= sent && got.control.length <= i % 150);
    for (const one of got.fds) one.close();
    if (i % 100 === 0) assert.equal(descriptors(), before + 1);
  }
  fd.close();
  from.close();
  to.close();
  assert.equal(binding.liveFds(), 0);
}

// controls sends ancillary data that is random, or right but for some bytes. None of it may pass a descriptor that was
// not given, whatever numbers are in it.
async function controls() {
  const [from, to] = unixPair(dgram);
  const bytes = new Uint8Array(1);
  const before = descriptors();
  const random = (below) => Math.floor(Math.random() * below);
  let sent = 0;
  for (let i = 0; i < hostileControls; i++) {
    let control;
    if (i % 4 === 0) control = Uint8Array.from({ length: random(100) }, () => random(256));
    else {
      control = new Uint8Array(Buffer.concat(Array.from({ length: 1 + random(3) }, () => rights(random(4)))));
      for (let n = random(3); n >= 0; n--) {
        if (control.length > 0) control[random(control.length)] = random(40);
      }
      control = control.slice(random(2) * random(9), control.length - random(2) * random(9));
    }
    const rc = from.sendMsg(bytes, 0, 1, null, control, []);
    if (rc < 0) {
      assert.ok([errno.EINVAL, errno.EPERM, errno.ESRCH].includes(-rc), binding.errnos[-rc]);
      continue;
    }
    sent++;
    assert.deepEqual(receive(to, bytes, 256).fds, []);
  }
  assert.ok(sent > 0);
  assert.equal(descriptors(), before);
  from.close();
  to.close();
}

// races are arguments whose own code takes away what was there a moment ago.
async function races() {
  const [from, to] = unixPair(dgram);
  const fds = (act, fd) =>
    Object.defineProperty([null], 0, {
      get() {
        act();
        return fd;
      },
    });
  const address = (act) =>
    Object.defineProperty([1, null], 1, {
      get() {
        act();
        return to.localAddr()[1];
      },
    });
  for (let i = 0; i < 100; i++) {
    const bytes = new Uint8Array(4096);
    const control = rights(1);
    const fd = ok(from.dup());
    const detach = (b) => structuredClone(b.buffer, { transfer: [b.buffer] });
    const send = (to, fds) => from.sendMsg(bytes, 0, bytes.length, to, control, fds);
    const taking = [
      () =>
        send(
          null,
          fds(() => detach(bytes), fd),
        ),
      () =>
        send(
          address(() => detach(bytes)),
          [fd],
        ),
    ];
    assert.throws(taking[i % 2], RangeError);
    assert.equal(
      from.sendMsg(
        new Uint8Array(1),
        0,
        1,
        null,
        control,
        fds(() => detach(control), fd),
      ),
      -errno.EINVAL,
    );
    assert.equal(
      from.sendMsg(
        new Uint8Array(1),
        0,
        1,
        null,
        rights(1),
        fds(() => fd.close(), fd),
      ),
      -errno.EBADF,
    );
    const socket = open(1, dgram);
    assert.equal(
      socket.sendMsg(
        new Uint8Array(1),
        0,
        1,
        address(() => socket.close()),
        null,
        [],
      ),
      -errno.EBADF,
    );
  }
  from.close();
  to.close();
}

// dropFds leaves descriptors to the garbage collector: made here, received, and received in a call that throws away
// what it gave.
async function dropFds() {
  const before = descriptors();
  const [from, to] = unixPair(dgram);
  (() => {
    for (let i = 0; i < dropped; i++) {
      const fd = ok(from.dup());
      ok(from.sendMsg(new Uint8Array(1), 0, 1, null, rights(1), [fd]));
      receive(to, new Uint8Array(1), 64);
    }
  })();
  assert.equal(binding.liveFds(), 2 * dropped);
  for (let i = 0; i < 20 && binding.liveFds() > 0; i++) {
    globalThis.gc();
    await turn();
  }
  assert.equal(binding.liveFds(), 0);
  from.close();
  to.close();
  assert.equal(descriptors(), before);
}

// worker runs programs in a worker, which has an environment and a loop of its own.
async function worker() {
  const [code] = await once(start(["transfer", "reset", "reuse", "churn", "datagrams", "truncated"]), "exit");
  assert.equal(code, 0);
  assert.equal(binding.live(), 0);
}

// terminate ends workers whose sockets are polled and busy. The first one is not counted: a process keeps some
// descriptors of its first worker.
async function terminate() {
  let before;
  for (let i = 0; i <= terminations; i++) {
    const busy = start("busy");
    await once(busy, "message");
    assert.equal(await busy.terminate(), 1);
    before ??= descriptors();
  }
  assert.equal(binding.live(), 0);
  assert.equal(binding.liveFds(), 0);
  assert.equal(descriptors(), before);
}

// exits ends workers by process.exit inside a callback, and by running out of things to do.
async function exits() {
  for (const [mode, wanted] of [
    ["exit", 7],
    ["idle", 0],
  ]) {
    const [code] = await once(start(mode), "exit");
    assert.equal(code, wanted);
  }
  assert.equal(binding.live(), 0);
  assert.equal(binding.liveFds(), 0);
}

export async function run(names) {
  for (const name of names) {
    const start = performance.now();
    await programs[name]();
    console.log(`${name} ok, ${Math.round(performance.now() - start)} ms`);
  }
}

if (process.argv[1]?.endsWith("stress.mjs")) {
  const names = process.argv.slice(2);
  await run(names.length > 0 ? names : Object.keys(programs));
}
