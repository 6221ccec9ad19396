// A session outlives its link, for real: a gateway, a WebSocket, and a network between them that breaks.

import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { liveSockets } from "../native/index.js";
import { EOF } from "./io.js";
import type { Cut } from "./testing/chaos.js";
import { form, isLong } from "./testing/long.js";
import { listening, place, quantiles, tidy } from "./testing/place.js";
import { Random, testSeed } from "./testing/wirerandom.js";

const mib = 1024 * 1024;

afterEach(tidy);

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
  const cuts = isLong ? 1000 : 100;

  test(`N02: ${total / mib} MiB each way over ${cuts} cuts, equal by hash${form}`, {
    timeout: 600_000,
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
    const kinds: Cut[] = ["reset", "end", "halfOpen", "blackhole"];
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
      const late = () => setTimeout(() => through.release(), chaos.random.below(60)); // what was on its way comes then
      if (how === "halfOpen") late();
      if (how !== "blackhole") return;
      setTimeout(() => {
        through.cut("halfOpen"); // as a client's system does when it gave up waiting
        late();
      }, chaos.random.below(100));
    };
    const gaps: number[] = []; // from one link to the next, in ms
    let lostAt = 0;
    net.session.watch(({ state }) => {
      if (state === "detached" && lostAt === 0) lostAt = performance.now();
      if (state !== "attached") return;
      gaps.push(performance.now() - lostAt);
      lostAt = 0;
    });

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
    console.log(
      `${made} cuts, ${chaos.made} connections, ${seconds} s; ms without a link: ${quantiles(gaps)}`,
    );
    expect(hash.digest("hex")).toBe(hashOf(2, total));
    expect(digest).toBe(hashOf(1, total));
    expect(made).toBe(cuts);
    await c.Close();
  });
});

describe("a link that breaks in the middle of an operation", () => {
  test("N03: between OPEN and its answer: the target is dialled once", async () => {
    const { net, chaos } = await place();
    const accepted: Socket[] = [];
    const { address } = await listening((socket) => accepted.push(socket));
    const dialing = net.Dial("tcp", address);
    // The OPEN is the first that passes; it arrives, and nothing comes back over this link.
    chaos.onPass = (through) => {
      chaos.onPass = null;
      through.cut("halfOpen");
      setTimeout(() => through.release(), 50);
    };
    const c = await dialing;
    expect(chaos.made).toBe(2);
    expect(accepted).toHaveLength(1);
    accepted[0]?.write("x");
    expect(await c.Read(new Uint8Array(8))).toBe(1);
    await c.Close();
  });

  test("N04: between CLOSE and its answer: Close resolves, the target sees one end, nothing is left", async () => {
    const { net, chaos } = await place();
    let ends = 0;
    const { address } = await listening((socket) => {
      socket.on("end", () => {
        ends++;
        socket.end();
      });
      socket.resume();
    });
    const c = await net.Dial("tcp", address);
    await acknowledged();
    const cut = new Promise<void>((resolve) => {
      chaos.onPass = (through) => {
        chaos.onPass = null;
        through.cut("halfOpen");
        setTimeout(() => through.release(), 50);
        resolve();
      };
    });
    await c.Close();
    await cut;
    await expect.poll(liveSockets).toBe(0);
    await expect.poll(() => net.session.status.state).toBe("attached");
    const again = await net.Dial("tcp", address);
    await again.Close();
    await expect.poll(liveSockets).toBe(0);
    expect(chaos.made).toBe(2);
    expect(ends).toBe(2);
  });

  // acknowledged waits until the last ACK has passed, so that what passes next is what a test sends.
  const acknowledged = () => new Promise((resolve) => setTimeout(resolve, 250));
});

const slowMs = isLong ? 600_000 : 5_000;

test(`N17: a network that is slow, late and choppy for ${slowMs / 1000} s is no dead one${form}`, {
  timeout: slowMs + 60_000,
}, async () => {
  const { net, chaos } = await place();
  const states: string[] = [];
  net.session.watch(({ state }) => states.push(state));
  chaos.toxics = { latencyMs: 300, jitterMs: 200, sliceBytes: 7, bytesPerSecond: 64 * 1024 };
  const { address } = await listening((socket) => socket.pipe(socket));
  const c = await net.Dial("tcp", address);
  const block = new Random(3).bytes(10_007);
  const b = new Uint8Array(block.length);
  let rounds = 0;
  for (const began = performance.now(); performance.now() - began < slowMs; rounds++) {
    await c.Write(block);
    await net.io.ReadFull(c, b);
    expect(Buffer.compare(b, block)).toBe(0);
  }
  expect(states).toEqual([]);
  console.log(`${rounds} times ${block.length} bytes there and back`);
  await c.Close();
});
