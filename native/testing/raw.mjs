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

// descriptors counts what this process has open. One is the folder that is being read.
export function descriptors() {
  return readdirSync("/proc/self/fd").length - 1;
}
