// Programs that try to break the addon: node --expose-gc native/testing/stress.mjs [name ...]. Without a name it runs
// them all. Each fails by an exception, by an abort, or by what a sanitizer reports. The tests run them one by one, and
// scripts/asan.mjs runs them with the instrumented binary.

import assert from "node:assert/strict";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { controls, datagrams, dropFds, passing, races, truncated } from "./messages.mjs";
import { misuse } from "./misuse.mjs";
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
