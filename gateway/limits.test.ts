// Every limit at work: what is still let through at it, what becomes of one more, and that there is room again afterwards.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server as HTTPServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { liveSockets, Socket } from "../native/index.js";
import { accept, closeAll, connect, keep, listen } from "../native/testing/loopback.js";
import { type NameServer, nameServer } from "../src/testing/nameserver.js";
import { turns } from "../src/testing/rawpeer.js";
import { closeCode } from "../src/wire/errors.js";
import { frameType as T } from "../src/wire/frame.js";
import { type LimitName, limitTable } from "../src/wire/limits.js";
import { frameCostBytes } from "../src/wire/replay.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { openGateway } from "./gateway.js";
import { type GatewayLimitName, gatewayLimitTable, type LimitSettings } from "./gatewaylimits.js";
import { Memory, type Pressure } from "./memory.js";
import { Sessions, type SessionsOptions } from "./sessions.js";
import { DoorDouble } from "./testing/doordouble.js";
import { anyPort, Guest } from "./testing/guest.js";
import { exchange, handshake } from "./testing/rawclient.js";

const silentMs = 60_000;

let server: Socket; // accepts nothing by itself, and has room for some
let at: SockAddr;
let folder: string;
let names: NameServer;
let isSilent: boolean;
let release: () => void;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gonet-limits-"));
  server = listen();
  at = server.localAddr() as SockAddr;
  isSilent = true;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  names = await nameServer(async () => {
    if (isSilent) await released;
    return { records: [Uint8Array.of(192, 0, 2, 1)] };
  });
});

afterEach(async () => {
  vi.useRealTimers();
  release();
  for (const each of open.splice(0)) await each.close();
  await names.close();
  closeAll();
  rmSync(folder, { recursive: true, force: true });
});

function gateway(limits: LimitSettings, more: SessionsOptions = {}): Sessions {
  const sessions = new Sessions({ limits, dnsServers: [names.address], ...more });
  open.push(sessions);
  return sessions;
}

// hole is an address that answers no SYN: its queue of connections is full.
async function hole(): Promise<SockAddr> {
  const full = keep(Socket.open(4, "stream"));
  full.bind(anyPort);
  full.listen(0);
  const address = full.localAddr() as SockAddr;
  await connect(address);
  return address;
}

// refused is the error of a limit, as it crosses.
const refused = (call: string, errno: string, limit: string) => ["errno", call, errno, ["limit", limit]];

// tooMuch is how a session ends that did too much of something.
const tooMuch = (reason: string) => ({ code: closeCode.tooMuch, reason });

const flowControl = { code: closeCode.protocol, reason: "flow control" };

function fakeTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
}

type Check = () => Promise<void>;

const ofSession: Record<LimitName, Check> = {
  async streams() {
    const guest = await Guest.begin(gateway({ streams: 2 }));
    const first = guest.dial(at);
    expect((await guest.answered(first))[0]).toBe(T.opened);
    expect((await guest.answered(guest.dial(at)))[0]).toBe(T.opened);
    expect((await guest.answered(guest.dial(at)))[2]).toEqual(refused("socket", "EMFILE", "streams"));
    await guest.close(first);
    expect((await guest.answered(guest.dial(at)))[0]).toBe(T.opened);
  },

  async listeners() {
    const guest = await Guest.begin(gateway({ listeners: 2 }));
    const first = guest.ask("listen", "tcp", anyPort, []);
    expect((await guest.answered(first))[0]).toBe(T.opened);
    const path = new TextEncoder().encode(join(folder, "a"));
    expect((await guest.answered(guest.ask("listen", "unix", [1, path], [])))[0]).toBe(T.opened);
    const third = await guest.answered(guest.ask("listen", "tcp", anyPort, []));
    expect(third[2]).toEqual(refused("socket", "EMFILE", "listeners"));
    await guest.close(first);
    expect((await guest.answered(guest.ask("listen", "tcp", anyPort, [])))[0]).toBe(T.opened);
  },

  async dials() {
    const nowhere = await hole();
    const guest = await Guest.begin(gateway({ dials: 2 }));
    const first = guest.dial(nowhere);
    guest.dial(nowhere);
    const third = guest.dial(at);
    await guest.quiet();
    expect(guest.answerTo(third, "open")).toBeUndefined();
    guest.send([T.cancel, first]);
    expect((await guest.answered(third))[0]).toBe(T.opened);
  },

  async lookups() {
    const guest = await Guest.begin(gateway({ lookups: 1 }));
    const asked = guest.call(0, "lookup", 1, "ip4", "a.test.", false);
    await guest.until(() => names.asked.length > 0);
    const second = guest.call(0, "lookup", 2, "host", "localhost", false);
    await guest.quiet();
    expect(guest.answerTo(second, "call")).toBeUndefined();
    guest.call(0, "forget", 1);
    expect((await guest.returned(second))[0]).toBe(T.return);
    expect((await guest.returned(asked))[0]).toBe(T.throw);
  },

  async files() {
    const guest = await Guest.begin(gateway({ files: 2 }));
    const id = guest.dial(at);
    await guest.answered(id);
    const [, , numbers] = (await guest.returned(guest.call(id, "file"))) as [number, number, number[]];
    expect((await guest.returned(guest.call(id, "file")))[0]).toBe(T.return);
    expect((await guest.returned(guest.call(id, "file")))[2]).toEqual(refused("dup", "EMFILE", "files"));
    await guest.returned(guest.call(0, "closeFile", numbers[0]));
    expect((await guest.returned(guest.call(id, "file")))[0]).toBe(T.return);
  },

  async calls() {
    const guest = await Guest.begin(gateway({ calls: 2 }));
    const first = guest.call(0, "lookup", 1, "ip4", "a.test.", false);
    const second = guest.call(0, "lookup", 2, "ip4", "b.test.", false);
    const third = guest.call(0, "interfaces");
    expect((await guest.returned(third))[2]).toEqual(refused("interfaces", "EAGAIN", "calls"));
    isSilent = false;
    release();
    expect((await guest.returned(first))[0]).toBe(T.return);
    expect((await guest.returned(second))[0]).toBe(T.return);
    expect((await guest.returned(guest.call(0, "interfaces")))[0]).toBe(T.return);
  },

  async streamWindow() {
    const window = 1000;
    const guest = await Guest.begin(gateway({ streamWindow: window }));
    const id = guest.dial(at);
    await guest.answered(id);
    const credit = () => guest.all(T.credit).filter(([, of]) => of === id);
    guest.send([T.data, id, new Uint8Array(window)]);
    await guest.until(() => credit().length === 1);
    // What was taken is free again, to the byte.
    guest.send([T.data, id, new Uint8Array((credit()[0]?.[2] ?? 0) - window)]);
    await guest.until(() => credit().length === 2);
    expect(guest.closed).toBeNull();
    const next = guest.dial(at);
    await guest.answered(next);
    guest.send([T.data, next, new Uint8Array(window + 1)]);
    expect(await guest.end()).toEqual(flowControl);
  },

  async sessionWindow() {
    const window = 1000;
    const guest = await Guest.begin(gateway({ sessionWindow: window, streamWindow: window }));
    const [one, two] = [guest.dial(at), guest.dial(at)];
    await guest.answered(two);
    guest.send([T.data, one, new Uint8Array(window / 2)], [T.data, two, new Uint8Array(window / 2)]);
    await guest.until(() => guest.all(T.credit).some(([, of, offset]) => of === 0 && offset === 2 * window));
    expect(guest.closed).toBeNull();
    guest.send([T.data, one, new Uint8Array(window / 2)], [T.data, two, new Uint8Array(window / 2 + 1)]);
    expect(await guest.end()).toEqual(flowControl);
  },

  async replayBytes() {
    const frames = 3;
    const payload = 1000;
    const guest = await Guest.begin(gateway({ replayBytes: frames * (payload + frameCostBytes) }));
    guest.autoAck = false;
    const id = guest.dial(at);
    await guest.answered(id);
    const far = await accept(server);
    for (let i = 0; i < frames + 1; i++) {
      far.write(new Uint8Array(payload), 0, payload);
      await guest.quiet();
    }
    expect(guest.bytesOf(id)).toBe(frames * payload);
    guest.send([T.ack, guest.numbered]);
    await guest.until(() => guest.bytesOf(id) === (frames + 1) * payload);
  },

  async controlBytes() {
    const guest = await Guest.begin(gateway({ controlBytes: 1000 }));
    guest.autoAck = false;
    const answers = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) guest.call(0, "closeFile", 99);
      await guest.quiet();
    };
    await answers(1);
    const each = guest.all(T.throw).length;
    expect(each).toBe(1);
    await answers(20);
    expect(guest.closed).toBeNull();
    guest.send([T.ack, guest.numbered]);
    await answers(20);
    expect(guest.closed).toBeNull();
    await answers(100);
    expect(await guest.end()).toEqual(tooMuch("answers not acknowledged"));
  },

  async linkBuffer() {
    const linkBuffer = 10_000;
    const guest = await Guest.begin(gateway({ linkBuffer }));
    const id = guest.dial(at);
    await guest.answered(id);
    const far = await accept(server);
    const { a } = guest.link;
    a.held = true;
    for (let i = 0; i < 100; i++) {
      far.write(new Uint8Array(1000), 0, 1000);
      await turns(2);
    }
    await guest.quiet();
    // A frame is begun while there is room, and 100 KiB fit one frame.
    expect(a.bufferedBytes()).toBeGreaterThanOrEqual(linkBuffer);
    expect(a.bufferedBytes()).toBeLessThan(2 * linkBuffer);
    a.release();
    await guest.until(() => guest.bytesOf(id) === 100_000);
  },

  async stallMs() {
    fakeTime();
    const limits = { linkBuffer: 10_000, stallMs: 1000, pingMs: silentMs, deadMs: silentMs };
    const guest = await Guest.begin(gateway(limits));
    const id = guest.dial(at);
    await guest.answered(id);
    const far = await accept(server);
    const { a } = guest.link;
    const fillLink = async () => {
      a.held = true;
      far.write(new Uint8Array(50_000), 0, 50_000);
      await guest.until(() => a.bufferedBytes() >= limits.linkBuffer);
      await guest.quiet();
    };
    await fillLink();
    vi.advanceTimersByTime(999);
    a.release();
    await guest.until(() => guest.bytesOf(id) === 50_000);
    await guest.quiet();
    await fillLink(); // full anew, and so the time begins anew
    vi.advanceTimersByTime(999);
    await guest.quiet();
    expect(guest.closed).toBeNull();
    vi.advanceTimersByTime(1);
    a.release();
    expect(await guest.end()).toEqual({ code: closeCode.goingAway, reason: "link stalled" });
  },

  async acceptAhead() {
    // The gateway says it, and a client keeps to it: a listener has no credit but what its client gives.
    const guest = await Guest.begin(gateway({ acceptAhead: 7 }));
    const [welcome] = guest.all(T.welcome);
    expect(welcome?.[8]).toContainEqual(["acceptAhead", 7]);
    const id = guest.ask("listen", "tcp", anyPort, []);
    const [, , [address]] = (await guest.answered(id)) as [number, number, SockAddr[]];
    await connect(address as SockAddr);
    await connect(address as SockAddr);
    await guest.quiet();
    expect(guest.all(T.accepted)).toEqual([]);
    guest.send([T.credit, id, 1]);
    await guest.next(T.accepted);
    await guest.quiet();
    expect(guest.all(T.accepted).length).toBe(1);
    guest.send([T.credit, id, 2]);
    await guest.next(T.accepted);
  },

  async pings() {
    fakeTime();
    const guest = await Guest.begin(gateway({ pings: 3, pingsPerSecond: 1 }));
    for (let i = 0; i < 3; i++) guest.send([T.ping, i]);
    await guest.quiet();
    expect(guest.closed).toBeNull();
    vi.advanceTimersByTime(1000);
    guest.send([T.ping, 3]);
    await guest.quiet();
    expect(guest.closed).toBeNull();
    guest.send([T.ping, 4]);
    expect(await guest.end()).toEqual(tooMuch("pings"));
  },

  async pingsPerSecond() {
    fakeTime();
    const guest = await Guest.begin(gateway({ pings: 1, pingsPerSecond: 10 }));
    for (let i = 0; i < 20; i++) {
      guest.send([T.ping, i]);
      await guest.quiet();
      vi.advanceTimersByTime(100);
    }
    expect(guest.closed).toBeNull();
    guest.send([T.ping, 20]);
    await guest.quiet();
    vi.advanceTimersByTime(99);
    guest.send([T.ping, 21]);
    expect(await guest.end()).toEqual(tooMuch("pings"));
  },

  async cancels() {
    const nowhere = await hole();
    fakeTime();
    const guest = await Guest.begin(gateway({ cancels: 3, cancelsPerSecond: 1 }));
    for (let i = 0; i < 3; i++) guest.send([T.cancel, guest.dial(nowhere)]);
    await guest.quiet();
    expect(guest.closed).toBeNull();
    expect(guest.all(T.refused).length).toBe(3);
    vi.advanceTimersByTime(1000);
    guest.send([T.cancel, guest.dial(nowhere)]);
    await guest.quiet();
    expect(guest.closed).toBeNull();
    guest.send([T.cancel, guest.dial(nowhere)]);
    expect(await guest.end()).toEqual(tooMuch("cancels"));
  },

  async cancelsPerSecond() {
    const nowhere = await hole();
    fakeTime();
    const guest = await Guest.begin(gateway({ cancels: 1, cancelsPerSecond: 10 }));
    for (let i = 0; i < 20; i++) {
      guest.send([T.cancel, guest.dial(nowhere)]);
      await guest.quiet();
      vi.advanceTimersByTime(100);
    }
    expect(guest.closed).toBeNull();
    guest.send([T.cancel, guest.dial(nowhere)], [T.cancel, guest.dial(nowhere)]);
    expect(await guest.end()).toEqual(tooMuch("cancels"));
  },

  async helloMs() {
    const sessions = gateway({ helloMs: 1000 });
    fakeTime();
    const guest = new Guest();
    const late = new Guest();
    sessions.serve(guest.link.a, { remoteAddress: "127.0.0.1", origin: null, principal: "a" });
    sessions.serve(late.link.a, { remoteAddress: "127.0.0.1", origin: null, principal: "a" });
    vi.advanceTimersByTime(999);
    guest.send([T.hello, 1, [], null, null, 1, 0, ""]);
    await guest.next(T.welcome);
    vi.advanceTimersByTime(1);
    expect((await late.end()).code).toBe(closeCode.helloTimeout);
    expect(guest.closed).toBeNull();
  },

  async pingMs() {
    fakeTime();
    const guest = await Guest.begin(gateway({ pingMs: 1000, deadMs: silentMs }));
    vi.advanceTimersByTime(999);
    await guest.quiet();
    expect(guest.all(T.ping)).toEqual([]);
    vi.advanceTimersByTime(1);
    await guest.next(T.ping);
    guest.send([T.pong, 0]); // a sign of life, and the time begins anew
    await guest.quiet();
    vi.advanceTimersByTime(999);
    await guest.quiet();
    expect(guest.all(T.ping).length).toBe(1);
  },

  async deadMs() {
    fakeTime();
    const guest = await Guest.begin(gateway({ pingMs: 1000, deadMs: 3000 }));
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 500) {
        vi.advanceTimersByTime(500);
        await guest.quiet();
      }
    };
    await pass(2500);
    expect(guest.closed).toBeNull();
    guest.send([T.pong, 0]);
    await guest.quiet();
    await pass(2500);
    expect(guest.closed).toBeNull();
    await pass(500);
    await guest.end();
  },

  async graceMs() {
    const sessions = gateway({ graceMs: 1000 });
    const guest = await Guest.begin(sessions, true);
    fakeTime();
    guest.link.cut();
    vi.advanceTimersByTime(999);
    expect(sessions.size).toBe(1);
    vi.advanceTimersByTime(1);
    expect(sessions.size).toBe(0);
  },

  async leaveMs() {
    const sessions = gateway({ graceMs: 5000, leaveMs: 1000 });
    const guest = await Guest.begin(sessions, true);
    fakeTime();
    guest.link.b.close(closeCode.goingAway, "");
    await guest.quiet();
    vi.advanceTimersByTime(999);
    expect(sessions.size).toBe(1);
    vi.advanceTimersByTime(1);
    expect(sessions.size).toBe(0);
  },

  async flushMs() {
    const guest = await Guest.begin(gateway({ flushMs: 1000 }));
    const before = liveSockets();
    const id = guest.dial(at);
    await guest.answered(id);
    const far = await accept(server);
    await fill(guest, id);
    fakeTime();
    guest.send([T.close, id]);
    await guest.quiet();
    vi.advanceTimersByTime(999);
    expect(guest.all(T.close)).toEqual([]);
    vi.advanceTimersByTime(1);
    await guest.until(() => guest.all(T.close).length === 1);
    far.close();
    expect(liveSockets()).toBe(before);
  },

  async halfClosedMs() {
    const guest = await Guest.begin(gateway({ halfClosedMs: 1000 }));
    const id = guest.dial(at);
    await guest.answered(id);
    const far = await accept(server);
    fakeTime();
    guest.send([T.fin, id]);
    await guest.quiet();
    vi.advanceTimersByTime(999);
    far.write(Uint8Array.of(1), 0, 1); // something comes: the time begins anew
    await guest.until(() => guest.bytesOf(id) === 1);
    vi.advanceTimersByTime(999);
    await guest.quiet();
    expect(guest.all(T.reset)).toEqual([]);
    vi.advanceTimersByTime(1);
    await guest.until(() => guest.all(T.reset).length === 1);
    expect(guest.all(T.reset)[0]?.[2]).toEqual(["errno", "", "ECONNRESET"]);
    await guest.close(id);
  },

  async idleMs() {
    fakeTime();
    const sessions = gateway({ idleMs: 4000, pingMs: silentMs });
    const guest = await Guest.begin(sessions);
    vi.advanceTimersByTime(3000);
    const id = guest.dial(at);
    await guest.answered(id);
    vi.advanceTimersByTime(8000); // with a socket it is not idle, however long nothing is said
    expect(sessions.size).toBe(1);
    const [, , [file]] = (await guest.returned(guest.call(id, "file"))) as [number, number, number[]];
    await guest.close(id);
    vi.advanceTimersByTime(8000); // nor is it while it keeps a file
    expect(sessions.size).toBe(1);
    await guest.answered(guest.dial(at));
    await guest.returned(guest.call(0, "closeFile", file));
    await guest.close(id + 2);
    vi.advanceTimersByTime(3000);
    expect(sessions.size).toBe(1);
    vi.advanceTimersByTime(2000);
    expect(await guest.end()).toEqual({ code: closeCode.goodbye, reason: "idle" });
    expect(sessions.size).toBe(0);
  },
};

// fill sends on a stream until its far end, which does not read, and the kernel take no more.
async function fill(guest: Guest, id: number): Promise<void> {
  const piece = 64 * 1024;
  let sent = 0;
  for (let idle = 0; idle < 20; ) {
    const granted = Math.max(
      limitTable.streamWindow.value,
      ...guest.all(T.credit).map(([, of, offset]) => (of === id ? offset : 0)),
    );
    if (granted - sent < piece) {
      idle++;
      await turns(10);
      continue;
    }
    idle = 0;
    guest.send([T.data, id, new Uint8Array(piece)]);
    sent += piece;
    await turns(2);
  }
}

// door is a gateway's front door before a double of the sessions.
async function door(
  limits: LimitSettings,
  double: DoorDouble,
  slow = 0,
): Promise<{ port: number; letIn(): void; asked(): number }> {
  const http: HTTPServer = createServer();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  let asked = 0;
  let letIn = (): void => {};
  const later = new Promise<string>((resolve) => {
    letIn = () => resolve("a");
  });
  const made = await openGateway(
    {
      server: http,
      limits,
      webRoot: null,
      // The first ones wait, as a slow directory of users would make them.
      authenticate: () => (asked++ < slow ? later : "a"),
    },
    double,
  );
  open.push({
    async close() {
      letIn();
      await made.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  });
  return { port, letIn, asked: () => asked };
}

const ofGateway: Record<GatewayLimitName, Check> = {
  async handshakes() {
    const { port, letIn, asked } = await door({ handshakes: 2 }, new DoorDouble(), 2);
    const ask = handshake({ host: `127.0.0.1:${port}`, token: "t" });
    const waiting = [exchange(port, ask), exchange(port, ask)];
    while (asked() < 2) await turns(1);
    expect((await exchange(port, ask)).status).toBe(503);
    letIn();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([101, 101]);
    expect((await exchange(port, ask)).status).toBe(101);
  },

  async allDials() {
    const nowhere = await hole();
    const sessions = gateway({ allDials: 1 });
    const [one, two] = [await Guest.begin(sessions), await Guest.begin(sessions)];
    const first = one.dial(nowhere);
    await one.quiet();
    const second = two.dial(at);
    await two.quiet();
    expect(two.answerTo(second, "open")).toBeUndefined();
    one.send([T.cancel, first]);
    expect((await two.answered(second))[0]).toBe(T.opened);
  },

  async allSockets() {
    const sessions = gateway({ allSockets: liveSockets() + 2 });
    const guest = await Guest.begin(sessions);
    const other = await Guest.begin(sessions);
    const first = guest.dial(at);
    expect((await guest.answered(first))[0]).toBe(T.opened);
    expect((await other.answered(other.dial(at)))[0]).toBe(T.opened);
    const full = refused("socket", "ENFILE", "allSockets");
    expect((await other.answered(other.dial(at)))[2]).toEqual(full);
    expect((await guest.answered(guest.ask("listen", "tcp", anyPort, [])))[2]).toEqual(full);
    expect((await guest.answered(guest.ask("listenPacket", "udp", anyPort, [])))[2]).toEqual(full);
    await guest.close(first);
    expect((await other.answered(other.dial(at)))[0]).toBe(T.opened);
  },

  async memoryBytes() {
    fakeTime();
    let used = 0;
    const told: Pressure[] = [];
    const memory = new Memory({
      limitBytes: 1,
      used: () => used,
      collect: (done) => done(),
      onPressure: (pressure) => told.push(pressure),
    });
    const levelAt = (share: number): Pressure => {
      used = share;
      vi.advanceTimersByTime(300);
      return memory.pressure;
    };
    expect(levelAt(0.849)).toBe("none");
    expect(told).toEqual([]);
    expect(levelAt(0.85)).toBe("full");
    expect(levelAt(0.919)).toBe("full");
    expect(levelAt(0.92)).toBe("pause");
    expect(levelAt(0.95)).toBe("drop");
    // One look at which something was collected is enough to know that it was not in use.
    used = 0.5;
    vi.advanceTimersByTime(100);
    expect(memory.pressure).toBe("none");
    expect(told.at(-1)).toBe("none");
    memory.stop();
  },
};

describe("a limit of a session: at it, past it, and after it was freed", { timeout: 60_000 }, () => {
  test.each(Object.entries(ofSession))("%s", (_, check) => check());
  test("is one of the table, and none is left out", () => {
    expect(Object.keys(ofSession).sort()).toEqual(Object.keys(limitTable).sort());
  });
});

describe("a limit of the gateway: at it, past it, and after it was freed", { timeout: 60_000 }, () => {
  test.each(Object.entries(ofGateway))("%s", (_, check) => check());
  test("is one of the table, and none is left out", () => {
    expect(Object.keys(ofGateway).sort()).toEqual(Object.keys(gatewayLimitTable).sort());
  });
});

// useMemory makes the share of its memory that a gateway without a limit of its own sees be what used gives.
function useMemory(used: () => number): void {
  vi.spyOn(process, "memoryUsage").mockImplementation(
    () =>
      ({
        rss: 0,
        heapTotal: 0,
        heapUsed: 0,
        arrayBuffers: 0,
        external: used() * Number.MAX_SAFE_INTEGER,
      }) as NodeJS.MemoryUsage,
  );
}

describe("memory that runs short", () => {
  test("is collected first, a small part of the time, and what goes then was not in use", () => {
    fakeTime();
    const told: Pressure[] = [];
    let used = 0.5;
    let left = 0.5; // what a collection leaves
    let collections = 0;
    let end = (): void => {};
    const memory = new Memory({
      limitBytes: 1,
      used: () => used,
      onPressure: (pressure) => told.push(pressure),
      collect: (done) => {
        collections++;
        end = () => {
          used = left;
          done();
        };
      },
    });
    try {
      vi.advanceTimersByTime(1000);
      expect(collections).toBe(0);
      used = 0.99;
      vi.advanceTimersByTime(100);
      expect(collections).toBe(1);
      end();
      vi.advanceTimersByTime(2000);
      expect(told).toEqual([]);
      // One that takes 300 ms and helps nothing is not repeated for 3 s, and never while it goes on.
      used = 0.99;
      left = 0.99;
      vi.advanceTimersByTime(400);
      expect(collections).toBe(2);
      expect(memory.pressure).toBe("drop");
      end();
      vi.advanceTimersByTime(2900);
      expect(collections).toBe(2);
      vi.advanceTimersByTime(100);
      expect(collections).toBe(3);
    } finally {
      memory.stop();
    }
  });

  test("refuses who is new, and takes back who was there", async () => {
    const double = new DoorDouble();
    const { port } = await door({}, double);
    const host = `127.0.0.1:${port}`;
    double.isShort = true;
    const answer = await exchange(port, handshake({ host, token: "t" }));
    expect(answer.status).toBe(503);
    expect(answer.body).toContain("memory");
    const again = await exchange(port, handshake({ host, token: "t", path: "/gonet/v1/ws?gateway=gw" }));
    expect(again.status).toBe(101);
    double.isShort = false;
    expect((await exchange(port, handshake({ host, token: "t" }))).status).toBe(101);
  });

  test("drops the sessions that wait, the oldest first, and reads no sockets until there is room", async () => {
    const sessions = gateway({});
    const guests = [await Guest.begin(sessions, true), await Guest.begin(sessions, true)];
    const reader = await Guest.begin(sessions);
    const id = reader.dial(at);
    await reader.answered(id);
    const far = await accept(server);
    let used = 0.96;
    useMemory(() => used);
    try {
      guests[0]?.link.cut();
      await turns(5);
      guests[1]?.link.cut();
      const sizes = new Set<number>();
      await vi.waitFor(
        () => {
          sizes.add(sessions.size);
          expect(sessions.size).toBe(1);
        },
        { timeout: 20_000, interval: 5 },
      );
      expect([...sizes]).toEqual([3, 2, 1]);
      far.write(new Uint8Array(1000), 0, 1000);
      await reader.quiet();
      expect(reader.bytesOf(id)).toBe(0);
      expect((await Guest.begin(sessions)).closed).toEqual(tooMuch("no memory left"));
      used = 0;
      await reader.until(() => reader.bytesOf(id) === 1000);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test("ends, after 10 s, the session that has the most that it does not acknowledge, then the next", async () => {
    let used = 0;
    useMemory(() => used);
    fakeTime();
    try {
      const sessions = gateway({});
      const [much, less, nothing] = await Promise.all([1, 2, 3].map(() => Guest.begin(sessions)));
      if (much === undefined || less === undefined || nothing === undefined) throw new Error("three began");
      for (const [guest, bytes, acks] of [
        [less, 1000, false],
        [much, 5000, false],
        [nothing, 9000, true],
      ] as const) {
        guest.autoAck = acks;
        const id = guest.dial(at);
        await guest.answered(id);
        const far = await accept(server);
        far.write(new Uint8Array(bytes), 0, bytes);
        await guest.until(() => guest.bytesOf(id) === bytes);
        await guest.quiet();
      }
      const over = () => [much, less, nothing].map(({ closed }) => closed !== null);
      const pass = async (ms: number) => {
        vi.advanceTimersByTime(ms);
        await nothing.quiet();
      };
      used = 0.93;
      await pass(10_200); // three looks are before it is sure
      expect(over()).toEqual([false, false, false]);
      await pass(200);
      expect(over()).toEqual([true, false, false]);
      expect(much.closed).toEqual(tooMuch("no memory left"));
      await pass(800);
      expect(over()).toEqual([true, false, false]);
      await pass(300);
      expect(over()).toEqual([true, true, false]);
      await pass(5000);
      expect(over()).toEqual([true, true, false]);
    } finally {
      vi.restoreAllMocks();
    }
  });
});
