// A session outlives its link, for real: a gateway, a WebSocket, and a network between them that breaks.

import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type ServeOptions, serve } from "../gateway/index.js";
import type { Net } from "./connect.js";
import { EOF } from "./io.js";
import { connect } from "./node.js";
import { Chaos, type Cut } from "./testing/chaos.js";
import { Random, testSeed } from "./testing/wirerandom.js";

const mib = 1024 * 1024;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Place {
  readonly net: Net;
  readonly chaos: Chaos;
}

// place joins a client and a gateway through a network that breaks when it is told to.
async function place(options: ServeOptions = {}, seed = 1): Promise<Place> {
  const chaos = await Chaos.start(seed);
  const gateway = await serve({ webRoot: null, hosts: [`127.0.0.1:${chaos.port}`], ...options });
  cleanups.push(() => gateway.close());
  cleanups.push(() => chaos.close());
  chaos.target = Number(new URL(gateway.url).port);
  const url = new URL(gateway.url);
  url.port = String(chaos.port);
  const net = await connect(url, { token: gateway.token, redialMs: [0, 20] });
  cleanups.push(() => net.session.close());
  return { net, chaos };
}

async function listening(onSocket: (socket: Socket) => void): Promise<{ server: Server; address: string }> {
  const server = createServer({ allowHalfOpen: true }, onSocket);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

// stream gives so many bytes, the same for the same seed, in pieces.
function* pieces(seed: number, total: number): Generator<Uint8Array> {
  const block = new Random(seed).bytes(mib + 7);
  for (let at = 0; at < total; at += block.length)
    yield block.subarray(0, Math.min(block.length, total - at));
}

function hashOf(seed: number, total: number): string {
  const hash = createHash("sha256");
  for (const piece of pieces(seed, total)) hash.update(piece);
  return hash.digest("hex");
}

describe("a network that breaks", () => {
  const total = 100 * mib;
  const cuts = 100;

  test(`N02: ${total / mib} MiB each way over ${cuts} cuts, equal by hash`, {
    timeout: 180_000,
  }, async () => {
    const seed = testSeed("cuts");
    const { net, chaos } = await place({}, seed);
    const { address } = await listening(async (socket) => {
      // What comes is hashed, what goes is made; both at once.
      const hash = createHash("sha256");
      socket.on("data", (data) => hash.update(data));
      const came = once(socket, "end");
      for (const piece of pieces(2, total)) {
        if (!socket.write(piece)) await once(socket, "drain");
      }
      await came;
      socket.end(hash.digest("hex"));
    });
    const c = await net.Dial("tcp", address);

    let made = 0;
    const kinds: Cut[] = ["reset", "end", "halfOpen"];
    const between = (2 * total) / cuts;
    let next = chaos.random.below(between);
    let lastBytes = 0;
    chaos.onPass = (through) => {
      if (through.isCut) return;
      if (through.bytes < lastBytes) lastBytes = 0;
      next -= through.bytes - lastBytes;
      lastBytes = through.bytes;
      if (next > 0 || made >= cuts) return;
      made++;
      next = chaos.random.below(between * 1.6);
      lastBytes = 0;
      const how = chaos.random.pick(kinds);
      through.cut(how);
      if (how === "halfOpen") setTimeout(() => through.release(), chaos.random.below(60)); // what was on its way comes late
    };

    const started = performance.now();
    const writing = (async () => {
      for (const piece of pieces(1, total)) await c.Write(piece);
      await c.CloseWrite();
    })();
    const hash = createHash("sha256");
    const buffer = new Uint8Array(256 * 1024);
    let got = 0;
    while (got < total) {
      const n = await c.Read(buffer.subarray(0, Math.min(buffer.length, total - got)));
      hash.update(buffer.subarray(0, n));
      got += n;
    }
    await writing;
    let digest = "";
    for (;;) {
      const n = await c.Read(buffer).catch((err: unknown) => (err === EOF ? 0 : Promise.reject(err)));
      if (n === 0) break;
      digest += Buffer.from(buffer.subarray(0, n)).toString("latin1");
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${made} cuts, ${chaos.made} connections, ${seconds} s`);
    expect(hash.digest("hex")).toBe(hashOf(2, total));
    expect(digest).toBe(hashOf(1, total));
    expect(made).toBe(cuts);
    await c.Close();
  });
});
