import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { liveSockets } from "../native/index.js";
import { EOF, ReadFull } from "./io.js";
import { ErrClosed } from "./net.js";
import type { OpError } from "./node.js";
import { ErrDeadlineExceeded } from "./os.js";
import { anatomy, failure } from "./testing/anatomy.js";
import { type Joined, overMemory, overWebSocket } from "./testing/gateways.js";
import { ended, PlainServer } from "./testing/plainpeer.js";
import { tcpPair } from "./testing/tcppair.js";

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
const past = 1000;
const shortMs = 50;

let at: Joined;
beforeAll(async () => {
  at = await overMemory();
});
afterAll(() => at.close());

/** soon is the n-th number of the timer's queue: other things had a turn. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, shortMs));

describe("several calls at once", () => {
  it("gives reads in the order in which they came", async () => {
    const [c, s] = await tcpPair(at.net);
    const bufs = [new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)];
    const reads = bufs.map((b) => c.Read(b));
    await s.Write(utf8("abc"));
    expect(await Promise.all(reads)).toEqual([1, 1, 1]);
    expect(bufs.map((b) => String.fromCharCode(b[0] as number)).join("")).toBe("abc");
    await c.Close();
    await s.Close();
  });

  it("lets each Write go out whole", async () => {
    const [c, s] = await tcpPair(at.net);
    const size = 700_000; // more than a window
    const writes = ["a", "b", "c"].map((letter) => c.Write(utf8(letter.repeat(size))));
    const got = new Uint8Array(3 * size);
    await ReadFull(s, got);
    expect(await Promise.all(writes)).toEqual([size, size, size]);
    const text = new TextDecoder().decode(got);
    expect(text === "a".repeat(size) + "b".repeat(size) + "c".repeat(size)).toBe(true);
    await c.Close();
    await s.Close();
  });

  it("ends all that wait when the connection is closed", async () => {
    const [c, s] = await tcpPair(at.net);
    const reads = [1, 2, 3].map(() => failure(c.Read(new Uint8Array(8))));
    const write = failure(c.Write(new Uint8Array(64 << 20)));
    await turn();
    await c.Close();
    for (const err of await Promise.all(reads)) {
      expect(err.Err).toBe(ErrClosed);
    }
    const { n, message } = await write;
    expect(message).toMatch(/^write tcp .*->.*: use of closed network connection$/);
    expect(n).toBeGreaterThan(0);
    await s.Close();
  });
});

describe("an AbortSignal", () => {
  it("ends Read, and the connection goes on", async () => {
    const [c, s] = await tcpPair(at.net);
    const stop = new AbortController();
    const read = failure(c.Read(new Uint8Array(8), stop.signal));
    await turn();
    stop.abort();
    expect((await read).message).toMatch(/^read tcp .*: operation was canceled$/);
    expect((await failure(c.Read(new Uint8Array(8), AbortSignal.timeout(1)))).Timeout()).toBe(true);
    await s.Write(utf8("x"));
    expect(await c.Read(new Uint8Array(8))).toBe(1);
    await c.Close();
    await s.Close();
  });

  it("ends a call that waits behind another one", async () => {
    const [c, s] = await tcpPair(at.net);
    const first = c.Read(new Uint8Array(8));
    const stop = new AbortController();
    const second = failure(c.Read(new Uint8Array(8), stop.signal));
    const third = c.Read(new Uint8Array(8));
    await turn();
    stop.abort();
    expect((await second).message).toMatch(/operation was canceled$/);
    await s.Write(utf8("1"));
    expect(await first).toBe(1);
    await s.Write(utf8("3"));
    expect(await third).toBe(1);
    expect((await failure(c.Read(new Uint8Array(8), AbortSignal.abort()))).message).toMatch(/canceled$/);
    await c.Close();
    await s.Close();
  });

  it("ends Write, which says how much it wrote", async () => {
    const [c, s] = await tcpPair(at.net);
    const stop = new AbortController();
    const data = new Uint8Array(64 << 20).fill(7);
    const write = failure(c.Write(data, stop.signal));
    await turn();
    stop.abort();
    const { n = 0 } = await write;
    expect(n).toBeGreaterThan(0);
    expect(n).toBeLessThan(data.length);
    await c.CloseWrite();
    expect((await at.net.io.ReadAll(s)).length).toBe(n);
    await c.Close();
    await s.Close();
  });

  it("ends Accept, and the listener goes on", async () => {
    const l = await at.net.Listen("tcp", "127.0.0.1:0");
    const stop = new AbortController();
    const accept = failure(l.Accept(stop.signal));
    const behind = failure(l.Accept(stop.signal));
    await turn();
    stop.abort();
    expect((await accept).message).toMatch(/^accept tcp .*: operation was canceled$/);
    expect((await behind).message).toMatch(/operation was canceled$/);
    const c = await at.net.Dial("tcp", l.Addr().String());
    await (await l.Accept()).Close();
    await c.Close();
    await l.Close();
  });
});

describe("deadlines", () => {
  it("hold for calls that wait behind another one too", async () => {
    const [c, s] = await tcpPair(at.net);
    const reads = [1, 2, 3].map(() => failure(c.Read(new Uint8Array(8))));
    c.SetReadDeadline(Date.now() + shortMs);
    for (const err of await Promise.all(reads)) {
      expect(err.Err).toBe(ErrDeadlineExceeded);
    }
    await c.Close();
    await s.Close();
  });

  it("of one direction leave the other alone", async () => {
    const [c, s] = await tcpPair(at.net);
    c.SetReadDeadline(past);
    expect(await c.Write(utf8("x"))).toBe(1);
    c.SetReadDeadline(null);
    c.SetWriteDeadline(new Date(past));
    expect((await failure(c.Write(utf8("y")))).n).toBeUndefined();
    expect(await s.Read(new Uint8Array(8))).toBe(1);
    c.SetDeadline(null);
    expect(await c.Write(utf8("y"))).toBe(1);
    await c.Close();
    await s.Close();
  });

  it("refuse what is no time, and stay as they were", async () => {
    const [c, s] = await tcpPair(at.net);
    c.SetReadDeadline(past);
    expect(() => c.SetReadDeadline(Number.NaN)).toThrow();
    expect((await failure(c.Read(new Uint8Array(8)))).Timeout()).toBe(true);
    await c.Close();
    await s.Close();
  });
});

describe("empty calls", () => {
  it("read and write nothing at once", async () => {
    const [c, s] = await tcpPair(at.net);
    expect(await c.Read(new Uint8Array(0))).toBe(0);
    expect(await c.Write(new Uint8Array(0))).toBe(0);
    await c.Close();
    expect((await failure(c.Read(new Uint8Array(0)))).Err).toBe(ErrClosed);
    expect((await failure(c.Write(new Uint8Array(0)))).Err).toBe(ErrClosed);
    await s.Close();
  });

  it("read nothing at the end of the stream, as Go does", async () => {
    const [c, s] = await tcpPair(at.net);
    await s.Close();
    expect(await c.Read(new Uint8Array(0))).toBe(0);
    await expect(c.Read(new Uint8Array(1))).rejects.toBe(EOF);
    expect(await c.Read(new Uint8Array(0))).toBe(0);
    await c.Close();
  });
});

describe("Close", () => {
  it("with data unread resets the connection", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    far.write("read me");
    // One byte of it: then the rest is here, unread.
    await c.Read(new Uint8Array(1));
    await c.Close();
    expect(await ended(far)).toEqual({ bytes: Buffer.alloc(0), error: "ECONNRESET" });
  });

  it("with everything read ends it in an orderly way", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    far.write("read me");
    await ReadFull(c, new Uint8Array(7));
    await c.Write(utf8("bye"));
    await c.Close();
    expect(await ended(far)).toEqual({ bytes: Buffer.from("bye"), error: null });
  });

  it("of a reset connection delivers what was written before", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    await c.SetLinger(0);
    await c.Write(utf8("last words"));
    await c.Close();
    expect((await ended(far)).bytes.toString()).toBe("last words");
    // Node takes the hang-up for an end, but a write finds no connection any more.
    const failed = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) =>
      far.write("x", resolve),
    );
    expect(failed?.code).toBe("ECONNRESET");
  });
});

describe("options", () => {
  it("take any number without harm to the session", async () => {
    const [c, s] = await tcpPair(at.net);
    await c.SetReadBuffer(2 ** 40 + 4096);
    expect((await failure(c.SetKeepAlivePeriod(0))).message).toMatch(
      /^set tcp .*: setsockopt: invalid argument$/,
    );
    expect((await failure(c.SetKeepAlivePeriod(2 ** 50))).message).toMatch(/setsockopt: invalid argument$/);
    await c.SetLinger(2 ** 33);
    await expect(c.SetLinger(1.5)).rejects.toThrow(RangeError);
    await expect(c.SetWriteBuffer(Number.NaN)).rejects.toThrow(RangeError);
    await c.SetNoDelay(1 as unknown as boolean);
    expect(await c.Write(utf8("still here"))).toBe(10);
    await c.Close();
    await s.Close();
  });
});

describe("a session that is lost", () => {
  it("fails everything with a reset whose cause says why", async () => {
    const lost = await overWebSocket();
    const { net } = lost;
    const l = await net.Listen("tcp", "127.0.0.1:0");
    const [c, s] = await tcpPair(net);
    const waiting = [c.Read(new Uint8Array(8)), l.Accept(), l.Accept()].map((call) => failure(call));
    await turn();
    await lost.sessions.close();
    const [read, accept, second] = (await Promise.all(waiting)) as [OpError, OpError, OpError];
    expect(read.message).toMatch(/^read tcp .*->.*: read: connection reset by peer$/);
    expect(accept.message).toMatch(/^accept tcp .*: use of closed network connection$/);
    expect(second.message).toBe(accept.message);
    for (const err of [read, accept]) {
      expect(err.cause).toMatchObject({ code: "GONET_SESSION_LOST" });
    }
    await expect(c.Read(new Uint8Array(8))).rejects.toBe(EOF);
    expect((await failure(c.Write(utf8("x")))).message).toMatch(/write: broken pipe$/);
    expect((await failure(s.SetNoDelay(true))).message).toMatch(/setsockopt: connection reset by peer$/);
    await c.Close();
    await s.Close();
    await l.Close();
    expect((await failure(l.Close())).Err).toBe(ErrClosed);
    anatomy(await failure(l.Accept()));
    await expect.poll(liveSockets).toBe(0);
    await lost.close();
  });
});
