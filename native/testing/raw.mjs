// The addon's binary as it is, without the typed surface, for programs that run in a child process or a worker: plain
// Node cannot read TypeScript. Codes are results or negated errnos.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const built = fileURLToPath(new URL("../build/Release/gonet.node", import.meta.url));
export const binding = createRequire(import.meta.url)(process.env.GONET_ADDON ?? built);

export const errno = constants.errno;
export const stream = 0;
export const dgram = 1;
export const seqpacket = 2;
export const raw = 3;
export const readable = 1;
export const writable = 2;
export const loopback = [4, Uint8Array.of(127, 0, 0, 1), 0];

// ok fails unless the code is a result.
export function ok(code) {
  if (typeof code === "number") assert.ok(code >= 0, binding.errnos[-code]);
  return code;
}

export function open(family = 4, type = stream) {
  return ok(binding.open(family, type, 0));
}

export function listen(address = loopback) {
  const listener = open(address[0]);
  ok(listener.bind(address));
  ok(listener.listen(128));
  return listener;
}

// until waits for one event and stops waiting.
export function until(socket, events) {
  return new Promise((resolve) => {
    socket.onReady = (got) => {
      ok(socket.wait(0));
      resolve(got);
    };
    ok(socket.wait(events));
  });
}

export async function pair(listener) {
  const own = listener ?? listen();
  const client = open(own.localAddr()[0]);
  const code = client.connect(own.localAddr());
  if (code < 0) assert.equal(code, -errno.EINPROGRESS);
  await Promise.all([until(own, readable), code < 0 ? until(client, writable) : undefined]);
  const server = ok(own.accept());
  if (!listener) own.close();
  return [client, server];
}

const factsBytes = 160;
const words = { n: 0, flags: 1, controlSize: 2, family: 4, port: 5, zone: 6, nameSize: 7, name: 8 };

// receive is recvMsg with what the addon leaves in memory taken apart: a negated errno, or the message's facts.
export function receive(socket, bytes, controlBytes = 0) {
  const facts = new Int32Array(factsBytes / 4);
  const memory = new Uint8Array(facts.buffer);
  const control = new Uint8Array(controlBytes);
  const got = socket.recvMsg(bytes, 0, bytes.length, control, memory);
  if (got < 0) return got;
  const name = memory.slice(4 * words.name, 4 * words.name + facts[words.nameSize]);
  return {
    n: facts[words.n],
    flags: facts[words.flags],
    control: control.subarray(0, facts[words.controlSize]),
    fds: typeof got === "number" ? [] : got.filter((_, i) => i % 2 === 0),
    from: { family: facts[words.family], port: facts[words.port], zone: facts[words.zone], name },
  };
}

// rights is ancillary data with places for so many descriptors, on a 64-bit Linux.
export function rights(count) {
  const made = new Uint8Array(16 + 4 * count + ((4 * count) % 8));
  const header = new DataView(made.buffer);
  header.setUint32(0, 16 + 4 * count, true);
  header.setUint32(8, 1, true);
  header.setUint32(12, 1, true);
  return made;
}

// unixPair is two Unix sockets that are connected with each other.
export function unixPair(type) {
  const at = open(1, type);
  ok(at.bind([1, new Uint8Array(0)]));
  const from = open(1, type);
  if (type === dgram) {
    ok(from.connect(at.localAddr()));
    return [from, at];
  }
  ok(at.listen(1));
  ok(from.connect(at.localAddr()));
  const to = ok(at.accept());
  at.close();
  return [from, to];
}

// descriptors counts what this process has open. One is the folder that is being read.
export function descriptors() {
  return readdirSync("/proc/self/fd").length - 1;
}
