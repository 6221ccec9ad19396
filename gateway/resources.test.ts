// Group R: what runs out. Each test takes more than there may be, sees who is told, and that all of it comes back.

import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { liveSockets, Socket } from "../native/index.js";
import { closeAll, connect, failure, keep } from "../native/testing/loopback.js";
import { connectOver, type Net } from "../src/connect.js";
import { type NameServer, nameServer } from "../src/testing/nameserver.js";
import { PlainServer } from "../src/testing/plainpeer.js";
import { turns } from "../src/testing/rawpeer.js";
import { closeCode } from "../src/wire/errors.js";
import { frameType as T } from "../src/wire/frame.js";
import { defaultLimits } from "../src/wire/limits.js";
import { pair } from "../src/wire/pair.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { Sessions } from "./sessions.js";
import { anyPort, Guest } from "./testing/guest.js";

let sessions: Sessions;
let server: PlainServer;
let names: NameServer;
let socketsBefore: number;

beforeEach(async () => {
  // Names below "dead." are never answered.
  names = await nameServer((asked) =>
    asked.name.includes("dead.")
      ? null
      : { records: asked.type === "A" ? [Uint8Array.of(192, 0, 2, 1)] : [] },
  );
  server = await PlainServer.listen();
  socketsBefore = liveSockets();
  sessions = new Sessions({ dnsServers: [names.address] });
});

afterEach(async () => {
  vi.useRealTimers();
  await sessions.close();
  closeAll();
  await server[Symbol.asyncDispose]();
  await names.close();
  expect(liveSockets()).toBe(socketsBefore);
});

async function client(): Promise<Net> {
  const link = pair({ defer: setImmediate });
  sessions.serve(link.b, { remoteAddress: "127.0.0.1", origin: null, principal: "client" });
  return connectOver(async () => link.a);
}

const at = (): SockAddr => [4, Uint8Array.of(127, 0, 0, 1), server.port];

// hole is the address of a listener that answers no SYN: its queue is full.
async function hole(): Promise<string> {
  const full = keep(Socket.open(4, "stream"));
  full.bind(anyPort);
  full.listen(0);
  const address = full.localAddr() as SockAddr;
  await connect(address);
  return `127.0.0.1:${address[2]}`;
}

describe("more than there may be", { timeout: 60_000 }, () => {
  test("R02: of 1,025 streams the last is refused, and closing one makes room for one", async () => {
    const net = await client();
    const { streams } = defaultLimits;
    const dial = () => net.Dial("tcp", server.address);
    const conns = [];
    for (let i = 0; i < streams; i++) conns.push(await dial());
    const full = `dial tcp ${server.address}: socket: too many open files`;
    await expect(dial()).rejects.toMatchObject({
      message: full,
      cause: { code: "GONET_LIMIT", limit: "streams" },
    });
    for (let i = 0; i < 10; i++) {
      await conns[i]?.Close();
      conns[i] = await dial();
    }
    await expect(dial()).rejects.toThrow(full);
    await net.session.close();
  });

  test("R03: the 65th dial into a black hole waits, and each ends at its own time", async () => {
    const net = await client();
    const nowhere = await hole();
    const { dials } = defaultLimits;
    const stops = Array.from({ length: dials }, () => new AbortController());
    const held = stops.map(({ signal }) =>
      net.Dial("tcp", nowhere, signal).catch((err: Error) => err.message),
    );
    await turns(20);
    expect(liveSockets() - socketsBefore).toBe(dials + 2); // the hole's own two, and no 65th
    const timeoutMs = 300;
    const began = performance.now();
    await expect(net.DialTimeout("tcp", server.address, timeoutMs)).rejects.toThrow("i/o timeout");
    expect(performance.now() - began).toBeGreaterThanOrEqual(timeoutMs - 1);
    // It never began: nobody came to the server, and the next in line does.
    const next = net.Dial("tcp", server.address);
    for (const stop of stops) stop.abort();
    await (await next).Close();
    expect(new Set(await Promise.all(held))).toEqual(
      new Set([`dial tcp ${nowhere}: operation was canceled`]),
    );
    await net.session.close();
  });

  test("R06: the 33rd lookup that nobody answers waits; other sessions, and files, are not held up", async () => {
    const [one, other] = [await Guest.begin(sessions), await Guest.begin(sessions)];
    const { lookups } = defaultLimits;
    for (let i = 1; i <= lookups; i++) one.call(0, "lookup", i, "ip4", `n${i}.dead.test.`, false);
    await one.until(() => names.asked.length === lookups);
    const waits = one.call(0, "lookup", lookups + 1, "host", "localhost", false);
    // Four threads do all of Node's file system; a resolver that used them would stop here.
    for (let i = 0; i < 50; i++) {
      expect((await readFile("/etc/hosts")).length).toBeGreaterThan(0);
      const answer = await other.returned(other.call(0, "lookup", i + 1, "ip4", `n${i}.alive.test.`, false));
      expect(answer[0]).toBe(T.return);
    }
    expect(one.answerTo(waits, "call")).toBeUndefined();
    one.call(0, "forget", 1);
    expect((await one.returned(waits))[0]).toBe(T.return);
  });

  test("R07: of 1,000 listeners the 33rd is refused, and all are closed when the session ends", async () => {
    const guest = await Guest.begin(sessions);
    const { listeners } = defaultLimits;
    const ids = Array.from({ length: 1000 }, () => guest.ask("listen", "tcp", anyPort, []));
    const answers = [];
    for (const id of ids) answers.push(await guest.answered(id));
    expect(answers.map(([type]) => type)).toEqual(ids.map((_, i) => (i < listeners ? T.opened : T.refused)));
    expect(answers[listeners]?.[2]).toEqual(["errno", "socket", "EMFILE", ["limit", "listeners"]]);
    expect(liveSockets() - socketsBefore).toBe(listeners);
    const ports = answers.slice(0, listeners).map(([, , result]) => (result as [SockAddr])[0]);
    guest.send([T.goodbye, closeCode.goodbye, ""]);
    await guest.end();
    expect(liveSockets()).toBe(socketsBefore);
    for (const port of ports) {
      // Nobody listens any more, so that the port can be had again.
      const again = Socket.open(4, "stream");
      expect(failure(() => again.bind(port))).toBe("no error");
      again.close();
    }
  });

  test("R08: 1,000 half-closed connections whose far ends stay silent are reset in time", async () => {
    const guest = await Guest.begin(sessions);
    const far = [];
    const ids = [];
    for (let i = 0; i < 1000; i++) {
      const id = guest.dial(at());
      expect((await guest.answered(id))[0]).toBe(T.opened);
      ids.push(id);
      far.push(await server.accepted());
    }
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    for (const id of ids) guest.send([T.fin, id]);
    await guest.quiet();
    const { halfClosedMs, pingMs } = defaultLimits;
    // The client shows that it is there, all the while.
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= pingMs) {
        vi.advanceTimersByTime(Math.min(left, pingMs));
        guest.send([T.pong, 0]);
        await turns(3);
      }
    };
    await pass(halfClosedMs - 1);
    expect(guest.closed).toBeNull();
    expect(guest.all(T.reset)).toEqual([]);
    await pass(1);
    await guest.until(() => guest.all(T.reset).length === ids.length);
    for (const id of ids) guest.send([T.close, id]);
    await guest.until(() => guest.all(T.close).length === ids.length);
    expect(liveSockets()).toBe(socketsBefore);
    vi.useRealTimers();
  });
});

test.skip("R10: an audit log on a disk that is full or slow (there is no audit log yet)");
