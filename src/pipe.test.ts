import { describe, expect, test } from "vitest";
import { Is } from "./errors.js";
import { EOF, ErrClosedPipe, ReadAll } from "./io.js";
import { type Conn, OpError } from "./net.js";
import { ErrDeadlineExceeded } from "./os.js";
import { Pipe } from "./pipe.js";
import { testConn } from "./testing/nettest-vitest.js";

testConn("Pipe", async () => {
  const [c1, c2] = Pipe();
  return {
    c1,
    c2,
    async stop() {
      await c1.Close();
      await c2.Close();
    },
  };
});

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const past = new Date(1000);

async function read(c: Conn, size: number): Promise<string> {
  const b = new Uint8Array(size);
  return new TextDecoder().decode(b.subarray(0, await c.Read(b)));
}

// The state of a promise, once everything that can happen without a timer has happened.
async function settled(p: Promise<unknown>): Promise<boolean> {
  let done = false;
  p.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

async function reason(p: Promise<unknown>): Promise<unknown> {
  return p.then(
    (v) => expect.unreachable(`resolved to ${v}`),
    (err: unknown) => err,
  );
}

describe("Pipe", () => {
  test("a Write waits until all its bytes are read", async () => {
    const [a, b] = Pipe();
    const write = a.Write(bytes("0123456789"));
    expect(await read(b, 4)).toBe("0123");
    expect(await read(b, 4)).toBe("4567");
    expect(await settled(write)).toBe(false);
    expect(await read(b, 10)).toBe("89");
    expect(await write).toBe(10);
  });

  test("both ends are called pipe", () => {
    const [a, b] = Pipe();
    for (const addr of [a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr()]) {
      expect([addr?.Network(), addr?.String(), `${addr}`]).toEqual(["pipe", "pipe", "pipe"]);
    }
  });

  test("after Close: the end for the other, ErrClosedPipe for the closed one, and Close again is no error", async () => {
    const [a, b] = Pipe();
    await a.Close();
    expect(await reason(b.Read(new Uint8Array(4)))).toBe(EOF);
    expect(await reason(b.Read(new Uint8Array(4)))).toBe(EOF);
    expect(await reason(b.Write(bytes("x")))).toBe(ErrClosedPipe);
    expect(await reason(a.Read(new Uint8Array(4)))).toBe(ErrClosedPipe);
    expect(await reason(a.Write(bytes("x")))).toBe(ErrClosedPipe);
    await a.Close();
    await b.Close();
    for (const c of [a, b]) {
      expect(() => c.SetDeadline(past)).toThrow(ErrClosedPipe);
      expect(() => c.SetReadDeadline(null)).toThrow(ErrClosedPipe);
      expect(() => c.SetWriteDeadline(null)).toThrow(ErrClosedPipe);
    }
  });

  test("Close ends the calls that wait at both ends", async () => {
    const [a, b] = Pipe();
    const readA = reason(a.Read(new Uint8Array(1)));
    const readB = reason(b.Read(new Uint8Array(1)));
    await a.Close();
    expect(await readA).toBe(ErrClosedPipe);
    expect(await readB).toBe(EOF);

    const [c, d] = Pipe();
    const writeC = reason(c.Write(bytes("abc")));
    const writeD = reason(d.Write(bytes("abc")));
    expect(await read(c, 1)).toBe("a");
    await c.Close();
    expect(await writeC).toBe(ErrClosedPipe);
    const err = await writeD;
    expect(err).not.toBe(ErrClosedPipe);
    expect(Is(err, ErrClosedPipe)).toBe(true);
    expect(err).toMatchObject({ n: 1, message: "io: read/write on closed pipe" });
  });

  test("a deadline gives OpError, a Write that was half read its count", async () => {
    const [a, b] = Pipe();
    a.SetReadDeadline(past);
    const err = await reason(a.Read(new Uint8Array(4)));
    expect(err).toBeInstanceOf(OpError);
    expect(err).toMatchObject({
      message: "read pipe: i/o timeout",
      Op: "read",
      Net: "pipe",
      Source: null,
      Addr: null,
    });
    expect(Is(err, ErrDeadlineExceeded)).toBe(true);

    a.SetWriteDeadline(Date.now() + 20);
    expect(await reason(a.Write(bytes("x")))).toMatchObject({ message: "write pipe: i/o timeout", n: 0 });
    a.SetWriteDeadline(Date.now() + 20);
    const write = reason(a.Write(bytes("0123456789")));
    expect(await read(b, 3)).toBe("012");
    expect(await write).toMatchObject({ message: "write pipe: i/o timeout", n: 3 });

    a.SetDeadline(null);
    const again = a.Write(bytes("ok"));
    expect(await read(b, 8)).toBe("ok");
    expect(await again).toBe(2);
  });

  test("Writes go out whole, in the order of the calls", async () => {
    const [a, b] = Pipe();
    const writes = Promise.all([a.Write(bytes("aaaa")), a.Write(bytes("bbbb")), a.Write(bytes("cccc"))]);
    const got: string[] = [];
    for (let i = 0; i < 6; i++) {
      got.push(await read(b, 3));
    }
    expect(got).toEqual(["aaa", "a", "bbb", "b", "ccc", "c"]);
    expect(await writes).toEqual([4, 4, 4]);
  });

  test("a Write of nothing waits for a Read, and a Read into nothing for a Write", async () => {
    const [a, b] = Pipe();
    const write = a.Write(new Uint8Array());
    expect(await settled(write)).toBe(false);
    expect(await b.Read(new Uint8Array(4))).toBe(0);
    expect(await write).toBe(0);

    const none = b.Read(new Uint8Array());
    expect(await settled(none)).toBe(false);
    const one = a.Write(bytes("x"));
    expect(await none).toBe(0);
    expect(await settled(one)).toBe(false);
    expect(await read(b, 1)).toBe("x");
    expect(await one).toBe(1);
  });

  test("iteration ends at the end, and await using closes", async () => {
    const [a, b] = Pipe();
    const write = async (): Promise<void> => {
      await using end = a;
      await end.Write(bytes("one"));
      await end.Write(bytes("two"));
    };
    const got: string[] = [];
    const written = write();
    for await (const chunk of b) {
      got.push(new TextDecoder().decode(chunk));
    }
    await written;
    expect(got).toEqual(["one", "two"]);
    expect(await ReadAll(b)).toEqual(new Uint8Array());
  });
});
