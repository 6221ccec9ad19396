// What a worker of stress.mjs does: workerData is a list of programs to run, or one of the ways to end below.

import { parentPort, workerData } from "node:worker_threads";
import { dgram, listen, ok, open, pair, readable, rights, unixPair, writable } from "./raw.mjs";
import { run } from "./stress.mjs";

const busySockets = 50;

// own leaves descriptors open, some of them on their way from one socket to another.
function own() {
  const [from, to] = unixPair(dgram);
  ok(to.wait(writable));
  const fds = [from.dup(), to.dup()];
  ok(from.sendMsg(new Uint8Array(1), 0, 1, null, rights(2), fds));
  return [from, to, ...fds];
}

// busy has sockets that are ready in every turn of the loop, and some that wait in vain. It never ends by itself.
async function busy() {
  globalThis.kept = own();
  const listener = listen();
  ok(listener.wait(readable));
  for (let i = 0; i < busySockets; i++) {
    const sockets = await pair();
    for (const socket of sockets) {
      socket.onReady = () => ok(socket.write(new Uint8Array(1), 0, 0));
      ok(socket.wait(i % 2 ? readable | writable : readable));
    }
  }
  parentPort.postMessage("busy");
}

// exit leaves in the middle of a callback.
async function exit() {
  const [client, server] = await pair();
  server.onReady = () => process.exit(7);
  ok(server.wait(readable));
  client.close();
}

// idle ends with open sockets, one of them with a poll handle, none of them waiting.
async function idle() {
  await pair();
  open();
  const [, to] = own();
  ok(to.wait(0));
}

if (Array.isArray(workerData)) await run(workerData);
else await { busy, exit, idle }[workerData]();
