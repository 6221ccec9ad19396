// Who may take a session up again, how long it waits for that, and what becomes of its sockets.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket as PlainSocket, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { again, readable, type Socket, type SysError } from "../native/index.js";
import { accept, closeAll, listen, until } from "../native/testing/loopback.js";
import { RawLine, turns } from "../src/testing/rawpeer.js";
import { closeCode } from "../src/wire/errors.js";
import { frameType as T } from "../src/wire/frame.js";
import { resumeCap } from "../src/wire/handshake.js";
import { type Caller, Sessions } from "./sessions.js";

const caller: Caller = { remoteAddress: "127.0.0.1", origin: null, principal: "ann" };
const graceMs = 120_000;
const leaveMs = 10_000;

let sessions: Sessions;
let server: Server;
const arrived: PlainSocket[] = [];

beforeEach(async () => {
  sessions = new Sessions({ gatewayID: "gw" });
  server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("error", () => {});
    arrived.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(async () => {
  vi.useRealTimers();
  await sessions.close();
  closeAll();
  for (const socket of arrived.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

interface HelloParts {
  sessionID?: string | null;
  resumeKey?: Uint8Array | null;
  epoch?: number;
  received?: number;
  by?: Caller;
}

function visit({
  sessionID = null,
  resumeKey = null,
  epoch = 1,
  received = 0,
  by = caller,
}: HelloParts): RawLine {
  const line = new RawLine();
  sessions.serve(line.link.a, by);
  line.send([T.hello, 1, [resumeCap], sessionID, resumeKey, epoch, received, "raw"]);
  return line;
}

interface Begun {
  readonly line: RawLine;
  readonly sessionID: string;
  readonly resumeKey: Uint8Array;
}

async function begin(): Promise<Begun> {
  const line = visit({});
  const [, , , sessionID, resumeKey] = await line.next(T.welcome);
  return { line, sessionID, resumeKey: resumeKey as Uint8Array };
}

// dialed has the session dial our server and gives its end of the connection.
async function dialed(line: RawLine): Promise<PlainSocket> {
  const { port } = server.address() as AddressInfo;
  const connection = once(server, "connection") as Promise<[PlainSocket]>;
  line.send([T.open, 1, "dial", ["tcp", [4, Uint8Array.of(127, 0, 0, 1), port], null, []]]);
  await line.next(T.opened);
  return (await connection)[0];
}

// fill sends on stream 1 until its far end, which does not read, and the kernel take no more.
async function fill(line: RawLine): Promise<void> {
  const piece = new Uint8Array(128 * 1024);
  let sent = 1;
  for (let idle = 0; idle < 50; ) {
    const granted = Math.max(
      256 * 1024,
      ...line.all(T.credit).map(([, id, offset]) => (id === 1 ? offset : 0)),
    );
    if (granted - sent < piece.length) {
      idle++;
      await turns(10);
      continue;
    }
    idle = 0;
    line.send([T.data, 1, piece]);
    sent += piece.length;
    await turns(2);
  }
}

// ended reads to the end and says what that was.
async function ended(socket: Socket): Promise<string> {
  const b = new Uint8Array(1 << 20);
  for (;;) {
    try {
      const n = socket.read(b, 0, b.length);
      if (n === 0) return "end";
      if (n === again) await until(socket, readable);
    } catch (err) {
      return (err as SysError).errno;
    }
  }
}

describe("taking a session up", () => {
  test("takes its id and its key, which are new and long", async () => {
    const [a, b] = [await begin(), await begin()];
    expect(a.sessionID).toMatch(/^gw\.[\w-]{22}$/);
    expect(a.resumeKey.length).toBe(32);
    expect(a.sessionID).not.toBe(b.sessionID);
    expect(a.resumeKey).not.toEqual(b.resumeKey);
    a.line.link.cut();
    const again = visit({ ...a, epoch: 2 });
    expect(await again.next(T.welcome)).toMatchObject({ 3: a.sessionID, 4: null, 5: 2 });
    expect(sessions.size).toBe(2);
  });

  test("an unknown session, one that ended and a wrong key are answered alike", async () => {
    const { line, sessionID, resumeKey } = await begin();
    const other = await begin();
    other.line.send([T.goodbye, 1000, ""]);
    await other.line.quiet();
    line.link.cut();
    const wrong = resumeKey.map((byte, i) => (i === 31 ? byte ^ 1 : byte));
    const ends = [
      visit({ sessionID: `gw.${"A".repeat(22)}`, resumeKey, epoch: 2 }),
      visit({ sessionID: other.sessionID, resumeKey: other.resumeKey, epoch: 2 }),
      visit({ sessionID, resumeKey: wrong, epoch: 2 }),
      visit({ sessionID, resumeKey: null, epoch: 2 }),
      visit({ sessionID, resumeKey: new Uint8Array(), epoch: 2 }),
      visit({ sessionID, resumeKey: other.resumeKey, epoch: 2 }),
      visit({ sessionID: "no dot", resumeKey, epoch: 2 }),
      visit({ sessionID: "gw.__proto__", resumeKey, epoch: 2 }),
    ];
    for (const end of ends) {
      expect(await end.end()).toEqual({ code: closeCode.noSession, reason: "no such session" });
      expect(end.got).toEqual([[T.goodbye, closeCode.noSession, "no such session"]]);
    }
    await visit({ sessionID, resumeKey, epoch: 2 }).next(T.welcome);
  });

  test("somebody else with the key is told so, somebody else without it learns nothing", async () => {
    const { line, sessionID, resumeKey } = await begin();
    line.link.cut();
    const by = { ...caller, principal: "bob" };
    expect((await visit({ sessionID, resumeKey, epoch: 2, by }).end()).code).toBe(closeCode.forbidden);
    expect((await visit({ sessionID, epoch: 2, by }).end()).code).toBe(closeCode.noSession);
    await visit({ sessionID, resumeKey, epoch: 2 }).next(T.welcome);
  });

  test("N10: a session of another gateway is known by its id", async () => {
    const { resumeKey } = await begin();
    expect((await visit({ sessionID: "other.x", resumeKey, epoch: 2 }).end()).code).toBe(
      closeCode.wrongGateway,
    );
  });

  test("N07: an old attempt is turned away, and does not end the new link", async () => {
    const { line, sessionID, resumeKey } = await begin();
    const second = visit({ sessionID, resumeKey, epoch: 3 });
    await second.next(T.welcome);
    expect((await line.end()).code).toBe(1006);
    expect((await visit({ sessionID, resumeKey, epoch: 2 }).end()).code).toBe(closeCode.superseded);
    second.send([T.call, 1, 0, "port", ["tcp", "http"]]);
    expect(await second.next(T.return)).toEqual([T.return, 1, [80], false]);
  });

  test("a link that says nothing, or something else, is ended and holds nothing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const silent = new RawLine();
    sessions.serve(silent.link.a, caller);
    const odd = new RawLine();
    sessions.serve(odd.link.a, caller);
    odd.send([T.open, 1, "dial", []]);
    expect(await odd.end()).toEqual({ code: closeCode.protocol, reason: "unexpected frame" });
    const broken = new RawLine();
    sessions.serve(broken.link.a, caller);
    broken.sendBytes(Uint8Array.of(0xc1));
    expect(await broken.end()).toEqual({ code: closeCode.protocol, reason: "malformed" });
    expect(sessions.size).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect((await silent.end()).code).toBe(closeCode.helloTimeout);
    expect(sessions.size).toBe(0);
  });
});

describe("without a link", () => {
  test.each([
    ["that broke", (line: RawLine) => line.link.cut(), graceMs],
    ["of a page that went away", (line: RawLine) => line.link.a.ended(1001, ""), leaveMs],
  ] as const)("%s, a session waits, then is gone for good", async (_, end, ms) => {
    const { line, sessionID, resumeKey } = await begin();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    end(line);
    vi.advanceTimersByTime(ms - 1);
    expect(sessions.size).toBe(1);
    vi.advanceTimersByTime(1);
    expect(sessions.size).toBe(0);
    vi.useRealTimers();
    expect((await visit({ sessionID, resumeKey, epoch: 2 }).end()).code).toBe(closeCode.noSession);
  });

  test("a session that was taken up waits anew when that link breaks", async () => {
    const { line, sessionID, resumeKey } = await begin();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    line.link.cut();
    vi.advanceTimersByTime(graceMs - 1000);
    const second = visit({ sessionID, resumeKey, epoch: 2 });
    await second.next(T.welcome);
    vi.advanceTimersByTime(2000);
    expect(sessions.size).toBe(1);
    second.link.cut();
    vi.advanceTimersByTime(graceMs - 1000);
    expect(sessions.size).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(sessions.size).toBe(0);
  });

  test("GOODBYE, and a link closed on purpose, end it at once", async () => {
    const a = await begin();
    a.line.send([T.goodbye, 1000, ""]);
    await a.line.quiet();
    const b = await begin();
    b.line.link.a.ended(1000, "");
    expect(sessions.size).toBe(0);
  });

  test("the sockets stay, what they bring is kept, and what was sent to them arrives", async () => {
    const { line, sessionID, resumeKey } = await begin();
    const socket = await dialed(line);
    line.send([T.data, 1, Buffer.from("before")]);
    await line.quiet();
    line.link.cut();
    socket.resume();
    const [before] = (await once(socket, "data")) as [Buffer];
    expect(before.toString()).toBe("before");
    socket.end("meanwhile");
    await turns(50);
    const second = visit({ sessionID, resumeKey, epoch: 2, received: 1 });
    expect(Buffer.from((await second.next(T.data))[2]).toString()).toBe("meanwhile");
    expect(await second.next(T.fin)).toEqual([T.fin, 1]);
  });

  test("at the end sockets are closed; with a reset, if they have not taken all that was sent", async () => {
    const { line } = await begin();
    const far = listen();
    const address = far.localAddr();
    line.send(
      [T.open, 1, "dial", ["tcp", address, null, []]],
      [T.open, 3, "dial", ["tcp", address, null, []]],
    );
    await line.next(T.opened);
    await line.next(T.opened);
    const accepted = [await accept(far), await accept(far)];
    line.send([T.data, 1, Buffer.from("x")], [T.data, 3, Buffer.from("x")]);
    await line.quiet();
    await fill(line);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    line.link.cut();
    vi.advanceTimersByTime(graceMs);
    vi.useRealTimers();
    expect(sessions.size).toBe(0);
    const ends = await Promise.all(accepted.map(ended));
    expect(ends.sort()).toEqual(["ECONNRESET", "end"]);
  });

  test("close ends detached sessions and links that have yet to say hello", async () => {
    const { line } = await begin();
    line.link.cut();
    const silent = new RawLine();
    sessions.serve(silent.link.a, caller);
    expect(sessions.size).toBe(2);
    await sessions.close();
    expect(sessions.size).toBe(0);
    expect((await silent.end()).code).toBe(closeCode.draining);
  });
});
