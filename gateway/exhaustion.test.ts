import { connect as connectPlain, type Socket as PlainSocket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { closeAll } from "../native/testing/loopback.js";
import type { Net } from "../src/connect.js";
import { connect as connectNet } from "../src/node.js";
import { Bystander, tripsText } from "../src/testing/bystander.js";
import {
  GatewayProcess,
  type Holdings,
  type Launch,
  type ProcessOptions,
} from "../src/testing/gatewayprocess.js";
import { form, isLong } from "../src/testing/long.js";
import { ended, PlainServer } from "../src/testing/plainpeer.js";
import { closeCode } from "../src/wire/errors.js";
import { frameType as T } from "../src/wire/frame.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { Guest } from "./testing/guest.js";

const kibibyte = 1024;
const mebibyte = 2 ** 20;

const ending: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  closeAll();
});

async function start(options: ProcessOptions = {}, launch: Launch = {}): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(options, launch);
  ending.push(() => gateway.stop());
  return gateway;
}

async function listening(): Promise<PlainServer> {
  const server = await PlainServer.listen();
  ending.push(() => server[Symbol.asyncDispose]());
  return server;
}

async function guestOf(gateway: GatewayProcess): Promise<Guest> {
  return Guest.over((await gateway.webSocket()).transport);
}

const addressOf = ({ port }: PlainServer): SockAddr => [4, Uint8Array.of(127, 0, 0, 1), port];

// besides does something while somebody else echoes over the same gateway, and tells how that fared.
async function besides(name: string, gateway: GatewayProcess, work: () => Promise<void>): Promise<void> {
  const bystander = await Bystander.start(await gateway.connect());
  try {
    await work();
  } finally {
    console.log(`${name}: ${tripsText(await bystander.stop())}`);
  }
}

// passing are handles that are there now and then, for a moment.
const passing = new Set(["Immediate", "SimpleShutdownWrap", "SimpleWriteWrap", "Timeout"]);

const lasting = ({ resources }: Holdings) => resources.filter((name) => !passing.has(name));

// backTo waits until a gateway holds no more sockets, descriptors and handles than before, and gives what it holds then.
async function backTo(before: Holdings, gateway: GatewayProcess): Promise<Holdings> {
  for (;;) {
    const now = await gateway.holdings();
    const isBack = now.sockets <= before.sockets && now.descriptors <= before.descriptors;
    if (isBack && lasting(now).length <= lasting(before).length) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// failures are the texts that promises failed with, each with how often.
async function failures(attempts: readonly Promise<unknown>[]): Promise<Map<string, number>> {
  const texts = new Map<string, number>();
  for (const result of await Promise.allSettled(attempts)) {
    const text = result.status === "fulfilled" ? "" : String(result.reason.message);
    const kind = text.replace(/^dial tcp \S+ /, "");
    texts.set(kind, (texts.get(kind) ?? 0) + 1);
  }
  return texts;
}

async function livez(gateway: GatewayProcess): Promise<number> {
  const { host } = new URL(gateway.url);
  return (await fetch(`http://${host}/livez`)).status;
}

describe("a gateway that is asked for all it has", { timeout: isLong ? 900_000 : 120_000 }, () => {
  const sessions = isLong ? 10_000 : 1_000;

  test(`R01: ${sessions} idle sessions cost little, and one more is refused${form}`, async () => {
    const gateway = await start({ maxSessions: sessions + 1 });
    const before = await gateway.holdings();
    await besides("R01", gateway, async () => {
      for (let i = 0; i < sessions; i++) await guestOf(gateway);
      const after = await gateway.holdings();
      const each = (after.rss - before.rss) / sessions;
      console.log(`R01: ${sessions} sessions take ${(each / kibibyte).toFixed(1)} KiB each`);
      expect(each).toBeLessThan(60 * kibibyte);
      await expect(gateway.connect()).rejects.toMatchObject({ reason: "limit", retryAfterMs: 5000 });
    });
  });

  test("R04: more dials than descriptors fail with a kernel's error, and there is room again", async () => {
    const gateway = await start({ limits: { dials: 400 } }, { descriptors: 256 });
    const server = await listening();
    const net = await gateway.connect();
    await besides("R04", gateway, async () => {
      const before = await gateway.holdings();
      const dials = Array.from({ length: 400 }, () => net.Dial("tcp", server.address));
      const texts = await failures(dials);
      const connected = texts.get("") ?? 0;
      console.log(`R04: of 400 dials ${connected} connected`, Object.fromEntries(texts));
      expect([...texts.keys()].sort()).toEqual(["", "socket: too many open files in system"]);
      // Half of the descriptors are kept for what is not a socket of a client.
      expect(connected).toBeGreaterThan(100);
      expect(connected).toBeLessThanOrEqual(128);
      expect(await livez(gateway)).toBe(200);
      for (const dial of dials) void dial.then((conn) => conn.Close()).catch(() => {});
      await backTo(before, gateway);
      await (await net.Dial("tcp", server.address)).Close();
    });
    await net.session.close();
  });

  test("R05: when memory runs short, nobody new is let in, nothing is lost, and it goes on", async () => {
    const limitBytes = 128 * mebibyte;
    const gateway = await start(
      { limits: { memoryBytes: limitBytes, graceMs: 60_000 } },
      { flags: ["--max-old-space-size=256"] },
    );
    const server = await listening();
    const bytesEach = 4 * mebibyte - 256 * kibibyte; // what a session may keep of data that nobody acknowledges
    const slow: { client: Guest; id: number; far: PlainSocket }[] = [];
    await besides("R05", gateway, async () => {
      // Each takes data and acknowledges none of it, until the gateway has had enough.
      const refused = await (async () => {
        for (let i = 0; i < 200; i++) {
          const client = await guestOf(gateway).catch(() => null);
          if (client === null || client.sessionID === "") return true; // refused at the door, or after it
          client.autoAck = false;
          const id = client.dial(addressOf(server));
          await client.answered(id);
          const far = await server.accepted();
          client.send([T.credit, id, 4 * mebibyte]);
          far.write(Buffer.alloc(bytesEach, i));
          slow.push({ client, id, far });
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return false;
      })();
      const { arrayBuffers, heapUsed } = await gateway.holdings();
      const held = `${((arrayBuffers + heapUsed) / mebibyte).toFixed()} MiB held`;
      console.log(`R05: ${slow.length} sessions that acknowledge nothing, ${held}`);
      expect(refused).toBe(true);
      // Memory is looked at now and then; what comes in between is beyond it.
      expect(arrayBuffers + heapUsed).toBeLessThan(1.5 * limitBytes);
      // They go on: what was kept for them arrives, whole.
      for (const { client } of slow) {
        client.autoAck = true;
        client.send([T.ack, client.numbered]);
      }
      for (const { client, id } of slow) {
        await client.until(() => client.bytesOf(id) === bytesEach || client.closed !== null);
        expect(client.closed).toBeNull();
      }
    });
    for (;;) {
      const late = await gateway.connect().catch(() => null);
      if (late !== null) return late.session.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  const churnMs = isLong ? 600_000 : 2_000;

  test(`R09: connecting, accepting and closing on and on leaves nothing behind${form}`, async () => {
    const gateway = await start();
    const server = await listening();
    const round = async (net: Net): Promise<void> => {
      const conn = await net.Dial("tcp", server.address);
      (await server.accepted()).end();
      await net.io.ReadAll(conn);
      await conn.Close();
      const listener = await net.Listen("tcp", "127.0.0.1:0");
      const plain = connectPlain(Number(listener.Addr().String().split(":")[1]), "127.0.0.1");
      const accepted = await listener.Accept();
      await accepted.Close();
      await ended(plain);
      plain.destroy();
      await listener.Close();
    };
    const atFirst = await gateway.holdings();
    const warm = await gateway.connect();
    for (let i = 0; i < 50; i++) await round(warm);
    await warm.session.close();
    const before = await backTo(atFirst, gateway);
    let rounds = 0;
    const began = performance.now();
    while (performance.now() - began < churnMs) {
      const net = await gateway.connect();
      for (let i = 0; i < 100; i++, rounds++) await round(net);
      await net.session.close();
    }
    const after = await backTo(before, gateway);
    const grown = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / kibibyte;
    console.log(`R09: ${rounds} rounds; heap and buffers grew by ${grown.toFixed()} KiB`);
    expect(lasting(after)).toEqual(lasting(before));
    expect(grown).toBeLessThan(2 * kibibyte);
  });

  const dials = isLong ? 100_000 : 5_000;

  test(`R12: ${dials} dials at once all settle, a few at a time${form}`, async () => {
    const gateway = await start();
    const server = await PlainServer.listen();
    const { address } = server;
    await server[Symbol.asyncDispose](); // nobody listens there any more
    const net = await gateway.connect();
    const before = process.memoryUsage();
    let settled = 0;
    let most = 0;
    const attempts = Array.from({ length: dials }, () =>
      net.Dial("tcp", address).catch((err: Error) => {
        settled++;
        if (settled % 1000 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
        if (err.message !== `dial tcp ${address}: connect: connection refused`) throw err;
      }),
    );
    await Promise.all(attempts);
    expect(settled).toBe(dials);
    console.log(`R12: heap grew by at most ${((most - before.heapUsed) / mebibyte).toFixed()} MiB`);
    const { sockets } = await gateway.holdings();
    expect(sockets).toBe(0);
    await net.session.close();
  });

  test("a session that ends by the gateway's will says so to its client", async () => {
    const gateway = await start({ limits: { idleMs: 100 } });
    const client = await guestOf(gateway);
    expect(await client.end()).toEqual({ code: closeCode.goodbye, reason: "idle" });
    const net = await connectNet(gateway.url, { token: gateway.token });
    await net.session.close();
  });
});
