import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Chaos, type Toxics } from "./chaos.js";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Ends {
  readonly chaos: Chaos;
  readonly near: Socket;
  readonly far: Socket;
}

// joined is a connection through a proxy with these toxics.
async function joined(toxics: Toxics): Promise<Ends> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const chaos = await Chaos.start(7);
  cleanups.push(() => chaos.close());
  chaos.target = (server.address() as AddressInfo).port;
  chaos.toxics = toxics;
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const near = connect({ port: chaos.port, host: "127.0.0.1", noDelay: true });
  const [far] = await accepted;
  for (const socket of [near, far]) {
    socket.on("error", () => {});
    cleanups.push(() => socket.destroy());
  }
  return { chaos, near, far };
}

// received collects what comes until its end; "reset" is noted too.
function received(socket: Socket): { chunks: Buffer[]; over: Promise<string> } {
  const chunks: Buffer[] = [];
  socket.on("data", (data) => chunks.push(data));
  const over = new Promise<string>((resolve) => {
    socket.on("end", () => resolve("end"));
    socket.on("error", (err: NodeJS.ErrnoException) => resolve(err.code ?? ""));
  });
  return { chunks, over };
}

const sample = Buffer.from(Array.from({ length: 2000 }, (_, i) => i & 0xff));

test("without toxics everything passes, both ways, and so do the ends", async () => {
  const { near, far, chaos } = await joined({});
  const [atFar, atNear] = [received(far), received(near)];
  near.end(sample);
  expect(await atFar.over).toBe("end");
  far.end(sample);
  expect(await atNear.over).toBe("end");
  for (const { chunks } of [atFar, atNear]) expect(Buffer.concat(chunks).equals(sample)).toBe(true);
  await expect.poll(() => chaos.through).toEqual([]);
});

test("latency delays, jitter varies it, and nothing overtakes anything", async () => {
  const { near, far } = await joined({ latencyMs: 60, jitterMs: 50 });
  const { chunks, over } = received(far);
  const began = performance.now();
  let first = 0;
  far.once("data", () => {
    first = performance.now() - began;
  });
  for (let at = 0; at < sample.length; at += 10) near.write(sample.subarray(at, at + 10));
  near.end();
  await over;
  expect(first).toBeGreaterThan(9);
  expect(Buffer.concat(chunks).equals(sample)).toBe(true);
});

test("bandwidth bounds what passes in a time", async () => {
  const { near, far } = await joined({ bytesPerSecond: 10_000 });
  const { chunks, over } = received(far);
  const began = performance.now();
  near.end(sample);
  await over;
  expect(performance.now() - began).toBeGreaterThan(190);
  expect(Buffer.concat(chunks).equals(sample)).toBe(true);
});

test("slices are small", async () => {
  const { near, far, chaos } = await joined({ sliceBytes: 7, latencyMs: 1 });
  let passed = 0;
  let last = 0;
  chaos.onPass = ({ bytes }) => {
    expect(bytes - last).toBeLessThanOrEqual(7);
    last = bytes;
    passed++;
  };
  const { chunks, over } = received(far);
  near.end(sample);
  await over;
  expect(passed).toBeGreaterThan(sample.length / 7);
  expect(Buffer.concat(chunks).equals(sample)).toBe(true);
});

test.each([0, 1, 999, 1999])("a cut comes after byte %i exactly", async (bytes) => {
  const { near, far } = await joined({ cutAt: { bytes, how: "end" } });
  const { chunks, over } = received(far);
  near.write(sample);
  expect(await over).toBe("end");
  expect(Buffer.concat(chunks).equals(sample.subarray(0, bytes))).toBe(true);
});

test("a reset is one, at both ends", async () => {
  const { near, far, chaos } = await joined({});
  const ends = [received(near).over, received(far).over];
  near.write("x");
  await once(far, "data");
  chaos.cut("reset");
  expect(await Promise.all(ends)).toEqual(["ECONNRESET", "ECONNRESET"]);
});

test("a black hole says nothing, until it is let go", async () => {
  const { near, far, chaos } = await joined({});
  const { chunks } = received(far);
  const [through] = chaos.through;
  through?.cut("blackhole");
  near.write("held");
  await new Promise((resolve) => setTimeout(resolve, 30)); // nothing happens
  expect(chunks).toEqual([]);
  through?.release();
  await expect.poll(() => Buffer.concat(chunks).toString()).toBe("held");
});

test("half open: the near side is reset, the far one gets what was on its way, late", async () => {
  const { near, far, chaos } = await joined({ latencyMs: 200 });
  const { over } = received(near);
  const { chunks } = received(far);
  near.write("late");
  await new Promise((resolve) => setTimeout(resolve, 50)); // it is on its way
  const [through] = chaos.through;
  through?.cut("halfOpen");
  expect(await over).toBe("ECONNRESET");
  expect(chunks).toEqual([]);
  through?.release();
  await expect.poll(() => Buffer.concat(chunks).toString()).toBe("late");
});

test("who is down refuses", async () => {
  const { chaos } = await joined({});
  chaos.isDown = true;
  const socket = connect({ port: chaos.port, host: "127.0.0.1" });
  expect(await received(socket).over).toBe("ECONNRESET");
});

test("one connection's black hole begins after the byte it was told, and loses nothing", async () => {
  const { near, far, chaos } = await joined({});
  const { chunks } = received(far);
  const [through] = chaos.through;
  through?.cutAfter(5, "blackhole");
  near.write(sample);
  await expect.poll(() => through?.isCut).toBe(true);
  await expect.poll(() => Buffer.concat(chunks).length).toBe(5);
  through?.release();
  await expect.poll(() => Buffer.concat(chunks).equals(sample)).toBe(true);
});
