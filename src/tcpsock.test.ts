import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { liveSockets } from "../native/index.js";
import type { Net } from "./connect.js";
import { EOF, ReadAll, ReadFull } from "./io.js";
import { ErrClosed } from "./net.js";
import type { TCPConn } from "./tcpsock.js";
import { anatomy, failure } from "./testing/anatomy.js";
import { type Joined, overMemory, ways } from "./testing/gateways.js";
import { ended, PlainServer, plainDial } from "./testing/plainpeer.js";
import { tcpPair } from "./testing/tcppair.js";

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);
const text = (b: Uint8Array): string => new TextDecoder().decode(b);

/** untilFailure writes until a Write fails. */
async function untilFailure(c: TCPConn): Promise<string> {
  for (;;) {
    try {
      await c.Write(new Uint8Array(1000));
    } catch (err) {
      return anatomy(err).message;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe.each(Object.entries(ways))("TCP over %s", (_, join) => {
  let at: Joined;
  beforeAll(async () => {
    at = await join();
  });
  afterAll(() => at.close());

  it("echoes between a dialled and an accepted connection", async () => {
    const [c, s] = await tcpPair(at.net);
    expect(s.RemoteAddr().String()).toBe(c.LocalAddr().String());
    expect(c.RemoteAddr().String()).toBe(s.LocalAddr().String());
    expect(await c.Write(utf8("hello"))).toBe(5);
    const b = new Uint8Array(16);
    const n = await s.Read(b);
    expect(text(b.subarray(0, n))).toBe("hello");
    await s.Write(b.subarray(0, n));
    expect(await ReadFull(c, b.subarray(0, 5))).toBe(5);
    await c.Close();
    await expect(s.Read(b)).rejects.toBe(EOF);
    await s.Close();
  });
});

describe("with a plain peer", () => {
  let at: Joined;
  beforeAll(async () => {
    at = await overMemory();
  });
  afterAll(() => at.close());

  it("half closes in both ways", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    await c.Write(utf8("request"));
    await c.CloseWrite();
    expect(await ended(far)).toEqual({ bytes: Buffer.from("request"), error: null });
    far.write("answer");
    const b = new Uint8Array(6);
    await ReadFull(c, b);
    expect(text(b)).toBe("answer");
    far.end();
    await expect(c.Read(b)).rejects.toBe(EOF);
    expect((await failure(c.Write(b))).message).toMatch(/write: broken pipe$/);
    await c.Close();
  });

  it("goes on writing after the far end has finished", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    far.end("only this");
    expect(text(await ReadAll(c))).toBe("only this");
    await c.Write(utf8("but I have more"));
    await c.Close();
    expect((await ended(far)).bytes.toString()).toBe("but I have more");
  });

  /** stuffed is a connection that takes no more, and how much it took. */
  async function stuffed(net: Net, server: PlainServer): Promise<[TCPConn, Socket, number]> {
    const c = await net.Dial("tcp", server.address);
    const far = await server.accepted();
    const data = new Uint8Array(16 << 20).map((_, i) => i >> 8);
    c.SetWriteDeadline(Date.now() + 200);
    const { n = 0 } = await failure(c.Write(data));
    expect(n).toBeGreaterThan(0);
    return [c, far, n];
  }

  it("delivers what was written before Close, though the session is closed right after", async () => {
    const own = await overMemory();
    await using server = await PlainServer.listen({ paused: true });
    const [c, far, n] = await stuffed(own.net, server);
    await c.Close();
    await own.net.session.close();
    const { bytes, error } = await ended(far);
    expect([bytes.length, error]).toEqual([n, null]);
    expect(bytes.every((byte, i) => byte === ((i >> 8) & 0xff))).toBe(true);
    await own.close();
    await expect.poll(liveSockets).toBe(0);
  });

  it("discards, when the session ends, what was not closed", async () => {
    const own = await overMemory();
    await using server = await PlainServer.listen({ paused: true });
    const [, far, n] = await stuffed(own.net, server);
    await own.net.session.close();
    expect((await ended(far)).bytes.length).toBeLessThan(n);
    await own.close();
    await expect.poll(liveSockets).toBe(0);
  });

  it("hears that a far end which had finished is gone, without a second write", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    far.destroy();
    expect(text(await ReadAll(c))).toBe("");
    // The answer to this is a reset.
    expect(await c.Write(utf8("x"))).toBe(1);
    // An empty write sends nothing; it only asks.
    let told: Error | null = null;
    for (const end = Date.now() + 10_000; told === null && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      told = await c.Write(new Uint8Array(0)).then(
        () => null,
        (err: Error) => err,
      );
    }
    expect(told?.message).toMatch(/write: broken pipe$/);
    await expect(c.Read(new Uint8Array(1))).rejects.toBe(EOF);
    await c.Close();
  });

  it("reads what a server said before it reset an upload", async () => {
    await using server = await PlainServer.listen({ paused: true });
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    const upload = untilFailure(c);
    const refusal = "413 too large".repeat(1000);
    await new Promise((resolve) => far.write(refusal, resolve));
    far.resetAndDestroy();
    expect(await upload).toMatch(/^write tcp .*: write: (connection reset by peer|broken pipe)$/);
    const b = new Uint8Array(refusal.length);
    await ReadFull(c, b);
    expect(text(b)).toBe(refusal);
    await expect(c.Read(b)).rejects.toBe(EOF);
    await c.Close();
  });

  it("tells a reset to whoever asks first, once", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    const read = failure(c.Read(new Uint8Array(1)));
    far.resetAndDestroy();
    expect((await read).message).toMatch(/^read tcp .*: read: connection reset by peer$/);
    await expect(c.Read(new Uint8Array(1))).rejects.toBe(EOF);
    expect((await failure(c.Write(utf8("x")))).message).toMatch(/write: broken pipe$/);
    expect((await failure(c.CloseWrite())).message).toMatch(
      /^close tcp .*: shutdown: transport endpoint is not connected$/,
    );
    await c.Close();
  });

  it("resets connections that nobody accepted when the listener is closed", async () => {
    const l = await at.net.Listen("tcp", "127.0.0.1:0");
    const [first, second] = [await plainDial(l.Addr().String()), await plainDial(l.Addr().String())];
    const c = await l.Accept(); // the gateway has taken both by now, or will
    await new Promise((resolve) => setTimeout(resolve, 50));
    const over = ended(second);
    await l.Close();
    expect(await over).toEqual({ bytes: Buffer.alloc(0), error: "ECONNRESET" });
    await c.Close();
    first.destroy();
  });

  it("iterates: over a listener until it is closed, over a connection until its end", async () => {
    const l = await at.net.Listen("tcp", "127.0.0.1:0");
    const heard: string[] = [];
    const serving = (async () => {
      for await (const c of l) {
        let all = "";
        for await (const chunk of c) all += text(chunk);
        heard.push(all);
        await c.Close();
        if (heard.length === 2) await l.Close();
      }
    })();
    for (const words of ["one", "two"]) {
      const socket = await plainDial(l.Addr().String());
      socket.end(words);
      await ended(socket);
      socket.destroy();
    }
    await serving;
    expect(heard).toEqual(["one", "two"]);
    expect((await failure(l.Accept())).Err).toBe(ErrClosed);
  });

  it("closes at the end of `await using`", async () => {
    await using server = await PlainServer.listen();
    let c: TCPConn;
    {
      await using inside = await at.net.Dial("tcp", server.address);
      c = inside;
    }
    expect((await failure(c.Write(utf8("x")))).Err).toBe(ErrClosed);
    expect(await ended(await server.accepted())).toEqual({ bytes: Buffer.alloc(0), error: null });
  });

  it("is a pair of WHATWG streams", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    expect(c.readable).toBe(c.readable);
    const far = await server.accepted();
    far.pipe(far);
    const words = new Blob(["through ", "and back"]).stream();
    const sent = words.pipeTo(c.writable);
    const back = await new Response(c.readable).text();
    await sent;
    expect(back).toBe("through and back");
    await c.Close();
  });

  it("closes when its WHATWG streams are canceled or aborted, and does not mind if it is closed", async () => {
    for (const end of ["cancel", "abort"]) {
      for (const isClosed of [false, true]) {
        const [c, s] = await tcpPair(at.net);
        if (isClosed) await c.Close();
        await (end === "cancel" ? c.readable.cancel() : c.writable.abort());
        expect((await failure(c.Close())).Err).toBe(ErrClosed);
        await expect(s.Read(new Uint8Array(1))).rejects.toBe(EOF);
        await s.Close();
      }
    }
  });

  it("does not read ahead of its WHATWG stream", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    void c.readable;
    (await server.accepted()).end("for Read");
    expect(text(await ReadAll(c))).toBe("for Read");
    await c.Close();
  });

  it("copies from a reader and to a writer, and says how much when that fails", async () => {
    const [c, s] = await tcpPair(at.net);
    const boom = new Error("boom");
    const reader = {
      left: 3,
      async Read(b: Uint8Array) {
        if (this.left-- === 0) throw boom;
        b.fill(1, 0, 10);
        return 10;
      },
    };
    const read = await failure(c.ReadFrom(reader), boom);
    expect([read.n, read.Err]).toEqual([30, boom]);
    expect(read.message).toMatch(/^readfrom tcp .*->.*: boom$/);
    await c.CloseWrite();
    const bang = new Error("bang");
    const full = {
      async Write() {
        throw bang;
      },
    };
    const write = await failure(s.WriteTo(full), bang);
    expect(write.message).toMatch(/^writeto tcp .*->.*: bang$/);
    expect(write.n ?? 0).toBe(0);
    await c.Close();
    await s.Close();
  });
});
