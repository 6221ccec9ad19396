// What a client may ask for, and what ends its session: operations as they come over the wire, without the library.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { liveSockets } from "../native/index.js";
import { PiecesError, RefusedError, type SessionError } from "../src/wire/errors.js";
import { pair } from "../src/wire/pair.js";
import { Session } from "../src/wire/session.js";
import type { Stream } from "../src/wire/stream.js";
import { Sessions } from "./sessions.js";

const loopback = [4, Uint8Array.of(127, 0, 0, 1), 0];
const caller = { remoteAddress: "127.0.0.1", origin: null, principal: "test" };

let sessions: Sessions;
let session: Session;
let over: Promise<SessionError>;

beforeEach(async () => {
  sessions = new Sessions();
  const link = pair({ defer: setImmediate });
  sessions.serve(link.b, caller);
  await new Promise<void>((attached) => {
    over = new Promise((resolve) => {
      session = new Session({
        role: "client",
        onAttached: () => attached(),
        onOver: (_, reason) => resolve(reason),
      });
    });
    session.attach(link.a);
  });
});

afterEach(async () => {
  session.close();
  await sessions.close();
  await expect.poll(liveSockets).toBe(0);
});

/** listening opens a listener and gives its stream and its port. */
async function listening(): Promise<[Stream, number]> {
  const { stream, answer } = session.open("listen", ["tcp", loopback, []]);
  const [address] = (await answer) as [[number, Uint8Array, number]];
  return [stream, address[2]];
}

/** refusal is how the gateway refuses, without ending the session. */
async function refusal(asked: Promise<unknown>): Promise<readonly unknown[]> {
  const err = await asked.then(
    () => null,
    (e: unknown) => e,
  );
  expect(err).toBeInstanceOf(PiecesError);
  expect(session.state).toBe("attached");
  return (err as PiecesError).pieces;
}

describe("what cannot be served is refused", () => {
  it.each([
    ["an unknown operation", "teleport", [], ["text", "unknown operation teleport"]],
    ["an unknown network", "dial", ["tcp5", loopback, null, []], ["network", "tcp5"]],
    ["a network that has no listeners", "listen", ["udp", loopback, []], ["network", "udp"]],
    [
      "a name that is none",
      "dial",
      ["tcp", ["name", "127.1", 1], null, []],
      ["dns", "no such host", "127.1", "", 4],
    ],
    ["a number for a name", "dial", ["tcp", ["name", "2130706433", 1], null, []], null],
    ["a hexadecimal address", "dial", ["tcp", ["name", "0x7f.1", 1], null, []], null],
    ["wide digits", "dial", ["tcp", ["name", "１２７.0.0.1", 1], null, []], null],
    ["a zero byte", "dial", ["tcp", ["name", "127.0.0.1\0.test", 1], null, []], null],
    ["an unknown service", "dial", ["tcp", ["name", "localhost", "nosuch"], null, []], null],
  ])("%s", async (_, op, args, pieces) => {
    const found = await refusal(session.open(op, args).answer);
    if (pieces === null) expect(["dns", "addr"]).toContain(found[0]);
    else if (pieces[0] === "dns") expect(found.slice(0, 3)).toEqual(pieces.slice(0, 3));
    else expect(found).toEqual(pieces);
  });

  it("an unknown call", async () => {
    expect(await refusal(session.call("teleport", []))).toEqual(["text", "unknown operation teleport"]);
  });

  it("a refused connection, with the address that was tried", async () => {
    const [stream, port] = await listening();
    stream.close();
    await expect.poll(liveSockets).toBe(0);
    const to = [4, Uint8Array.of(127, 0, 0, 1), port];
    const err = (await session.open("dial", ["tcp", to, null, []]).answer.catch((e) => e)) as RefusedError;
    expect(err).toBeInstanceOf(RefusedError);
    expect(err.pieces).toEqual(["errno", "connect", "ECONNREFUSED"]);
    expect([err.source, err.addr]).toEqual([null, to]);
  });
});

describe("what breaks the protocol ends the session", () => {
  const dial = (...args: unknown[]): [string, unknown[]] => ["dial", args];
  const listen = (...args: unknown[]): [string, unknown[]] => ["listen", args];
  it.each([
    ["too few arguments", dial("tcp", loopback, null)],
    ["too many arguments", dial("tcp", loopback, null, [], 1)],
    ["a network that is no string", dial(4, loopback, null, [])],
    ["a target that is none", dial("tcp", 1, null, [])],
    ["a family that is none", dial("tcp", [5, Uint8Array.of(127, 0, 0, 1), 1], null, [])],
    ["an address that is too short", dial("tcp", [4, Uint8Array.of(127, 0, 0), 1], null, [])],
    ["an address that is text", dial("tcp", [4, "127.0.0.1", 1], null, [])],
    ["a port beyond 65535", dial("tcp", [4, Uint8Array.of(127, 0, 0, 1), 65536], null, [])],
    ["a port below 0", dial("tcp", [4, Uint8Array.of(127, 0, 0, 1), -1], null, [])],
    ["a port that is no whole number", dial("tcp", [4, Uint8Array.of(127, 0, 0, 1), 1.5], null, [])],
    ["an IPv6 address without zone", dial("tcp", [6, new Uint8Array(16), 1], null, [])],
    ["a zone that is too long", dial("tcp", [6, new Uint8Array(16), 1, "z".repeat(65)], null, [])],
    ["a Unix address for TCP", dial("tcp", [1, new Uint8Array(3)], null, [])],
    ["a source that is a name", dial("tcp", loopback, ["name", "localhost", 1], [])],
    ["options that are no list", dial("tcp", loopback, null, null)],
    ["an unknown option", dial("tcp", loopback, null, [["colour", 1]])],
    ["an option named like a property", dial("tcp", loopback, null, [["__proto__", 1]])],
    ["an option of another kind", dial("tcp", loopback, null, [["noDelay", 1]])],
    ["an option without value", dial("tcp", loopback, null, [["noDelay"]])],
    ["a number beyond 32 bits", dial("tcp", loopback, null, [["keepAlive", 2 ** 40]])],
    ["nothing to dial", dial("tcp", null, null, [])],
    ["a listener's options that are none", listen("tcp", loopback, [["timeout", 1]])],
  ])("%s", async (_, [op, args]) => {
    void session.open(op, args).answer.catch(() => {});
    expect((await over).message).toMatch(/bad field \(4400\)$/);
    await expect.poll(() => sessions.size).toBe(0);
  });

  it("a call about a stream of another kind", async () => {
    const [listener] = await listening();
    void session.call("closeRead", [], listener).catch(() => {});
    expect((await over).message).toMatch(/unknown id \(4400\)$/);
  });

  it("an option of a socket with a value of another kind", async () => {
    const [, port] = await listening();
    const { stream, answer } = session.open("dial", [
      "tcp",
      [4, Uint8Array.of(127, 0, 0, 1), port],
      null,
      [],
    ]);
    await answer;
    void session.call("noDelay", [1], stream).catch(() => {});
    expect((await over).message).toMatch(/bad field \(4400\)$/);
  });
});

describe("the end of a session", () => {
  it("closes every socket of it, of dials that are under way too", async () => {
    const [, port] = await listening();
    const to = [4, Uint8Array.of(127, 0, 0, 1), port];
    await Promise.all([1, 2, 3].map(() => session.open("dial", ["tcp", to, null, []]).answer));
    for (let i = 0; i < 100; i++) void session.open("dial", ["tcp", to, null, []]).answer.catch(() => {});
    expect(liveSockets()).toBeGreaterThan(3);
    session.close();
    await expect.poll(liveSockets).toBe(0);
    expect(sessions.size).toBe(0);
  });
});
