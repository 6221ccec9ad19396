import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Net } from "./connect.js";
import { EOF } from "./io.js";
import type { File } from "./osfile.js";
import { failure as refusal } from "./testing/anatomy.js";
import { type Joined, overMemory } from "./testing/gateways.js";
import { tcpPair } from "./testing/tcppair.js";

function bytes(s: string): Uint8Array {
  return new TextEncoder().encode(s);
}

function text(b: Uint8Array): string {
  return new TextDecoder().decode(b);
}

const folder = mkdtempSync(join(tmpdir(), "gonet-file-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("files", () => {
  let joined: Joined;
  let net: Net;

  beforeAll(async () => {
    joined = await overMemory();
    net = joined.net;
  });

  afterAll(() => joined.close());

  const path = (name: string) => join(folder, name);

  test("a connection lives on in its file, and in a connection made of it", async () => {
    const [c, s] = await tcpPair(net);
    const f = await c.File();
    expect(f.Name()).toBe(`tcp:${c.LocalAddr().String()}->${c.RemoteAddr().String()}`);
    expect(f.Fd()).toBeGreaterThan(2);
    await c.Close();
    const again = await net.FileConn(f);
    expect(again).toBeInstanceOf(net.TCPConn);
    await f.Close();
    expect(again.LocalAddr().String()).toBe(c.LocalAddr().String());
    expect(again.RemoteAddr()?.String()).toBe(s.LocalAddr().String());
    await again.Write(bytes("still here"));
    const into = new Uint8Array(32);
    expect(text(into.subarray(0, await s.Read(into)))).toBe("still here");
    await again.Close();
    await expect(s.Read(into)).rejects.toBe(EOF);
    await s.Close();
  });

  test("a file is read and written as it is", async () => {
    const [c, s] = await tcpPair(net);
    await using f = await c.File();
    const large = new Uint8Array(100_000).map((_, i) => i * 31);
    const [n, back] = await Promise.all([
      f.Write(large),
      (async () => {
        const b = new Uint8Array(large.length);
        await net.io.ReadFull(s, b);
        return b;
      })(),
    ]);
    expect(n).toBe(large.length);
    expect(back).toEqual(large);
    await c.Close();
    await s.Close();
  });

  test("a read of what has not come yet waits, and can be given up", async () => {
    const [c, s] = await tcpPair(net);
    await using f = await c.File();
    await c.Close(); // or what comes would be its own to read
    const into = new Uint8Array(8);
    const reading = f.Read(into);
    await s.Write(bytes("late"));
    expect(text(into.subarray(0, await reading))).toBe("late");
    const abort = new AbortController();
    const given = f.Read(into, abort.signal);
    abort.abort();
    await expect(given).rejects.toThrow(/: operation was canceled$/);
    await s.Close();
    await expect(f.Read(into)).rejects.toBe(EOF);
  });

  test("what is done with a closed file says so", async () => {
    const [c, s] = await tcpPair(net);
    const f = await c.File();
    await f.Close();
    const name = f.Name();
    const b = new Uint8Array(1);
    for (const [op, act] of [
      ["read", () => f.Read(b)],
      ["write", () => f.Write(b)],
      ["close", () => f.Close()],
    ] as const) {
      const err = await act().catch((err: unknown) => err);
      expect(err).toBeInstanceOf(net.os.PathError);
      expect(String((err as Error).message)).toBe(`${op} ${name}: file already closed`);
      expect(net.errors.Is(err, net.os.ErrClosed)).toBe(true);
    }
    expect(f.Fd()).toBe(-1);
    await f[Symbol.asyncDispose]();
    for (const make of [net.FileConn, net.FileListener, net.FilePacketConn]) {
      expect((await refusal(() => make(f))).message).toBe(
        `file file+net ${name}: fcntl: bad file descriptor`,
      );
    }
    await c.Close();
    await s.Close();
  });

  test("a number that is no file", async () => {
    const f = net.os.NewFile(4242, "none") as File;
    expect((await refusal(() => net.FileConn(f))).message).toBe(
      "file file+net none: fcntl: bad file descriptor",
    );
    await expect(f.Read(new Uint8Array(1))).rejects.toThrow("read none: bad file descriptor");
    await expect(f.Close()).rejects.toThrow("close none: bad file descriptor");
    for (const fd of [-1, 1.5, Number.NaN, 2 ** 31]) expect(net.os.NewFile(fd, "x")).toBeNull();
  });

  test("a listener goes on listening in its file", async () => {
    const l = await net.Listen("tcp", "127.0.0.1:0");
    const f = await l.File();
    expect(f.Name()).toBe(`tcp:${l.Addr().String()}->`);
    await l.Close();
    const again = await net.FileListener(f);
    expect(again.Addr().String()).toBe(l.Addr().String());
    const [c, s] = await Promise.all([net.Dial("tcp", l.Addr().String()), again.Accept()]);
    await c.Close();
    await expect(s.Read(new Uint8Array(1))).rejects.toBe(EOF);
    await s.Close();
    await again.Close();
    await f.Close();
    expect((await refusal(() => net.Dial("tcp", l.Addr().String()))).message).toMatch(
      /connect: connection refused$/,
    );
  });

  test("packets", async () => {
    const u = await net.ListenPacket("udp", "127.0.0.1:0");
    await using f = await u.File();
    const p = await net.FilePacketConn(f);
    expect(p).toBeInstanceOf(net.UDPConn);
    await using c = await net.Dial("udp", u.LocalAddr().String());
    await u.Close();
    await c.Write(bytes("to the file"));
    const into = new Uint8Array(32);
    const [n, from] = await p.ReadFrom(into);
    expect([text(into.subarray(0, n)), from?.String()]).toEqual(["to the file", c.LocalAddr().String()]);
    // A connected socket that came as a file may be told an address, as in Go.
    await using fc = await c.File();
    const d = await net.FileConn(fc);
    expect(d.RemoteAddr()?.String()).toBe(p.LocalAddr().String());
    expect(await (d as typeof c).WriteTo(bytes("x"), p.LocalAddr())).toBe(1);
    await d.Close();
    await p.Close();
  });

  test("Unix sockets of each kind", async () => {
    const gram = await net.ListenPacket("unixgram", path("gram"));
    await using f = await gram.File();
    expect(f.Name()).toBe(`unixgram:${path("gram")}->`);
    const again = await net.FilePacketConn(f);
    expect(again).toBeInstanceOf(net.UnixConn);
    await gram.Close();
    await using c = await net.Dial("unixgram", path("gram"));
    await c.Write(bytes("x"));
    expect((await again.ReadFrom(new Uint8Array(8)))[0]).toBe(1);
    await again.Close();

    const l = await net.Listen("unixpacket", path("packet"));
    await using lf = await l.File();
    l.SetUnlinkOnClose(false);
    await l.Close();
    const l2 = await net.FileListener(lf);
    expect(l2).toBeInstanceOf(net.UnixListener);
    const [a, b] = await Promise.all([net.Dial("unixpacket", path("packet")), l2.Accept()]);
    await a.Write(bytes("record"));
    expect(await b.Read(new Uint8Array(16))).toBe(6);
    await Promise.all([a.Close(), b.Close(), l2.Close()]);
  });

  test("a socket of another kind is EINVAL", async () => {
    await using u = await net.ListenPacket("udp", "127.0.0.1:0");
    await using f = await u.File();
    expect((await refusal(() => net.FileListener(f))).message).toBe(
      `file file+net ${f.Name()}: invalid argument`,
    );
    await using l = await net.Listen("tcp", "127.0.0.1:0");
    await using lf = await l.File();
    expect((await refusal(() => net.FilePacketConn(lf))).message).toBe(
      `file file+net ${lf.Name()}: invalid argument`,
    );
    // As in Go, a listening socket makes a connection, which has no other end.
    await using c = await net.FileConn(lf);
    expect([c.LocalAddr().String(), c.RemoteAddr()]).toEqual([l.Addr().String(), null]);
  });

  test("files end with their session", async () => {
    const other = await overMemory();
    const u = await other.net.ListenPacket("udp", "127.0.0.1:0");
    const f = await u.File();
    await other.close();
    await expect(f.Read(new Uint8Array(1))).rejects.toThrow(/^read udp:\S+: connection reset by peer$/);
    await f.Close().catch(() => {});
    await f[Symbol.asyncDispose]();
  });
});
