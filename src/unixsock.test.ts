import { lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Net } from "./connect.js";
import { EOF } from "./io.js";
import { failure as refusal } from "./testing/anatomy.js";
import { type Joined, overMemory, ways } from "./testing/gateways.js";
import type { Pair } from "./testing/nettest.js";
import { testConn } from "./testing/nettest-vitest.js";
import type { UnixConn } from "./unixsock.js";

const folder = mkdtempSync(join(tmpdir(), "gonet-unix-"));
let names = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

// path is a path that nobody has used.
function path(): string {
  return join(folder, `s${++names}`);
}

function bytes(s: string): Uint8Array {
  return new TextEncoder().encode(s);
}

function text(b: Uint8Array): string {
  return new TextDecoder().decode(b);
}

function isThere(p: string): boolean {
  return lstatSync(p, { throwIfNoEntry: false }) !== undefined;
}

// pair is two ends of a connection of that network.
async function pair(net: Net, network: "unix" | "unixpacket"): Promise<[UnixConn, UnixConn]> {
  await using l = await net.Listen(network, path());
  return await Promise.all([net.Dial(network, l.Addr().String()), l.AcceptUnix()]);
}

for (const [way, joinBy] of Object.entries(ways)) {
  describe(`Unix sockets over ${way}`, () => {
    let joined: Joined;

    beforeAll(async () => {
      joined = await joinBy();
    });

    afterAll(() => joined.close());

    testConn("a stream", async (): Promise<Pair> => {
      const [c1, c2] = await pair(joined.net, "unix");
      return {
        c1,
        c2,
        async stop() {
          await Promise.allSettled([c1.Close(), c2.Close()]);
        },
      };
    });
  });
}

describe("Unix sockets", () => {
  let joined: Joined;
  let net: Net;

  beforeAll(async () => {
    joined = await overMemory();
    net = joined.net;
  });

  afterAll(() => joined.close());

  const address = (name: string, network: string) => new net.UnixAddr({ Name: name, Net: network });

  test("a plain program is at the other end of a path", async () => {
    const at = path();
    const server = createServer((c) => c.pipe(c));
    await new Promise<void>((resolve) => server.listen(at, resolve));
    await using c = await net.Dial("unix", at);
    await c.Write(bytes("echo"));
    const into = new Uint8Array(16);
    expect(text(into.subarray(0, await c.Read(into)))).toBe("echo");
    await c.CloseWrite();
    await expect(c.Read(into)).rejects.toBe(EOF);
    await new Promise((resolve) => server.close(resolve));

    await using l = await net.ListenUnix("unix", address(at, "unix"));
    const plain = createConnection(at);
    await using s = await l.AcceptUnix();
    plain.end("hello");
    expect(text(await net.io.ReadAll(s))).toBe("hello");
    plain.destroy();
  });

  test("closing a listener removes its file, unless it was told not to", async () => {
    const at = path();
    const l = await net.Listen("unix", at);
    expect(isThere(at)).toBe(true);
    await l.Close();
    expect(isThere(at)).toBe(false);
    const kept = await net.Listen("unixpacket", at);
    kept.SetUnlinkOnClose(false);
    await kept.Close();
    expect(isThere(at)).toBe(true);
    expect((await refusal(() => net.Listen("unix", at))).message).toBe(
      `listen unix ${at}: bind: address already in use`,
    );
    expect((await refusal(() => net.Dial("unix", at))).message).toBe(
      `dial unix ${at}: connect: connection refused`,
    );
  });

  test("names: abstract, chosen by the kernel, none, too long", async () => {
    await using l = await net.ListenUnix("unix", address("", "unix"));
    expect(l.Addr().String()).toMatch(/^@[0-9a-f]{5}$/);
    await using c = await net.Dial("unix", l.Addr().String());
    expect([c.LocalAddr().String(), c.RemoteAddr()?.String()]).toEqual(["@", l.Addr().String()]);
    const long = "x".repeat(108);
    expect((await refusal(() => net.Dial("unix", long))).message).toBe(
      `dial unix ${long}: connect: invalid argument`,
    );
    expect((await refusal(() => net.Listen("unix", long))).message).toBe(
      `listen unix ${long}: bind: invalid argument`,
    );
    const abstract = `@${"y".repeat(107)}`;
    await using longest = await net.Listen("unix", abstract);
    expect(longest.Addr().String()).toBe(abstract);
  });

  test("what Go refuses", async () => {
    const message = async (act: () => unknown): Promise<string> => (await refusal(act)).message;
    expect(await message(() => net.ListenUnix("unix", null))).toBe("listen unix: missing address");
    expect(await message(() => net.ListenUnix("unixgram", address("/x", "unixgram")))).toBe(
      "listen unixgram /x: unknown network unixgram",
    );
    expect(await message(() => net.ListenUnixgram("unix", address("/x", "unix")))).toBe(
      "listen unix /x: unknown network unix",
    );
    expect(await message(() => net.DialUnix("unix", null, null))).toBe("dial unix: missing address");
    expect(await message(() => net.DialUnix("unixgram", address("", "unixgram"), null))).toBe(
      "dial unixgram : missing address",
    );
    expect(await message(() => net.Listen("unixgram", "/x"))).toBe(
      "listen unixgram /x: address /x: unexpected address type",
    );
    expect(await message(() => net.ListenPacket("unix", "/x"))).toBe(
      "listen unix /x: address /x: unexpected address type",
    );
    expect(() => net.ResolveUnixAddr("tcp", "/x")).toThrow("unknown network tcp");
    expect(net.ResolveUnixAddr("unixgram", "/x").Network()).toBe("unixgram");
  });

  test("a stream takes no address, and gives the name of its other end", async () => {
    await using l = await net.Listen("unix", path());
    const name = l.Addr().String();
    await using c = await net.Dial("unix", name);
    await using s = await l.AcceptUnix();
    await s.Write(bytes("abc"));
    const one = new Uint8Array(1);
    const [n, from] = await c.ReadFrom(one);
    expect([n, from?.String()]).toEqual([1, name]);
    const [m, oobn, flags, again] = await c.ReadMsgUnix(one, new Uint8Array(8));
    expect([m, oobn, flags, again?.String()]).toEqual([1, 0, net.syscall.MSG_CMSG_CLOEXEC, name]);
    await c.Write(bytes("x"));
    expect((await s.ReadFromUnix(one))[1]).toBeNull();
    const at = l.Addr() as InstanceType<typeof net.UnixAddr>;
    expect((await refusal(() => c.WriteTo(one, at))).Err).toBe(net.ErrWriteToConnected);
    expect((await refusal(() => s.WriteTo(one, at))).message).toBe(
      `write unix ${name}->${name}: sendto: transport endpoint is already connected`,
    );
    expect((await refusal(() => c.WriteMsgUnix(one, null, at))).message).toBe(
      `write unix @->${name}: sendmsg: transport endpoint is already connected`,
    );
    expect((await refusal(() => c.WriteMsgUnix(one, null, address("/x", "unixgram")))).message).toBe(
      "write unix @->/x: address family not supported by protocol",
    );
    const end = refusal(() => s.ReadFrom(one));
    await c.Close();
    expect((await end).message).toBe(`read unix ${name}->@: EOF`);
  });

  test("datagrams: bound to a name, to none, connected", async () => {
    const at = path();
    const a = await net.ListenUnixgram("unixgram", address(at, "unixgram"));
    await using c = await net.Dial("unixgram", at);
    expect([c.LocalAddr().String(), c.RemoteAddr()?.String()]).toEqual(["@", at]);
    await c.Write(bytes("from nobody"));
    const into = new Uint8Array(32);
    const [n, from] = await a.ReadFrom(into);
    expect([text(into.subarray(0, n)), from]).toEqual(["from nobody", null]);
    await c.Write(new Uint8Array(0));
    expect(await a.ReadFrom(into)).toEqual([0, null]);
    expect((await refusal(() => c.WriteTo(into, a.LocalAddr()))).Err).toBe(net.ErrWriteToConnected);
    expect((await refusal(() => c.WriteMsgUnix(into, null, null))).Err).toBe(net.ErrWriteToConnected);

    await using named = await net.DialUnix("unixgram", address(path(), "unixgram"), address(at, "unixgram"));
    await named.Write(bytes("0123456789"));
    const got = await a.ReadMsgUnix(into.subarray(0, 4), new Uint8Array(0));
    expect(got.slice(0, 3)).toEqual([4, 0, net.syscall.MSG_TRUNC | net.syscall.MSG_CMSG_CLOEXEC]);
    expect(got[3]?.String()).toBe(named.LocalAddr().String());

    await using open = await net.DialUnix("unixgram", address("", "unixgram"), address(at, "unixgram"));
    expect((await refusal(() => open.WriteToUnix(into, null))).Err).toBe(net.ErrWriteToConnected);
    await using bound = await net.DialUnix("unixgram", address(path(), "unixgram"), null);
    expect(bound.RemoteAddr()).toBeNull();
    expect((await refusal(() => bound.WriteToUnix(into, null))).message).toBe(
      `write unixgram ${bound.LocalAddr().String()}: missing address`,
    );
    await bound.WriteTo(bytes("x"), a.LocalAddr());
    expect((await a.ReadFrom(into))[1]?.String()).toBe(bound.LocalAddr().String());
    expect((await refusal(() => bound.WriteTo(into, address("/nowhere", "unixgram")))).message).toBe(
      `write unixgram ${bound.LocalAddr().String()}->/nowhere: sendto: no such file or directory`,
    );
    await a.Close();
    expect(isThere(at)).toBe(true);
    expect((await refusal(() => c.Write(bytes("x")))).message).toBe(
      `write unixgram @->${at}: write: connection refused`,
    );
  });

  test("a full receiver makes the sender wait, and a deadline ends that", async () => {
    const at = path();
    await using a = await net.ListenUnixgram("unixgram", address(at, "unixgram"));
    await using c = await net.Dial("unixgram", at);
    const block = new Uint8Array(32 * 1024);
    c.SetWriteDeadline(Date.now() + 200);
    let sent = 0;
    const late = await refusal(async () => {
      // The kernel holds a few, the window of the stream some more.
      for (;;) {
        await c.Write(block);
        sent++;
      }
    });
    expect(late.Timeout()).toBe(true);
    expect(sent).toBeGreaterThan(0);
    for (let i = 0; i < sent; i++) {
      expect(await a.Read(new Uint8Array(block.length))).toBe(block.length);
    }
  });

  test("records keep their boundaries, and end", async () => {
    const [c, s] = await pair(net, "unixpacket");
    const into = new Uint8Array(16);
    for (const record of ["one", "twotwo", "3"]) await c.Write(bytes(record));
    expect(await s.Read(into)).toBe(3);
    const [n, , flags] = await s.ReadMsgUnix(into.subarray(0, 4), new Uint8Array(0));
    expect([n, flags & net.syscall.MSG_TRUNC]).toEqual([4, net.syscall.MSG_TRUNC]);
    expect(await s.Read(into)).toBe(1);
    await c.CloseWrite();
    await expect(s.Read(into)).rejects.toBe(EOF);
    await expect(s.Read(into)).rejects.toBe(EOF);
    expect((await refusal(() => s.ReadFrom(into))).message).toMatch(/: EOF$/);
    expect((await refusal(() => c.Write(into))).message).toMatch(/: write: broken pipe$/);
    await s.Write(bytes("back"));
    expect(await c.Read(into)).toBe(4);
    await Promise.all([c.Close(), s.Close()]);
  });

  test("after Close every call says so", async () => {
    const [c, s] = await pair(net, "unix");
    const waiting = refusal(() => c.ReadMsgUnix(new Uint8Array(1), new Uint8Array(1)));
    await c.Close();
    expect((await waiting).Err).toBe(net.ErrClosed);
    const b = new Uint8Array(1);
    for (const act of [
      () => c.Close(),
      () => c.CloseRead(),
      () => c.CloseWrite(),
      () => c.Read(b),
      () => c.ReadFrom(b),
      () => c.Write(b),
      () => c.WriteMsgUnix(b, b, null),
      () => c.SetDeadline(null),
      () => c.SetWriteBuffer(4096),
      () => c.File(),
    ]) {
      expect((await refusal(act)).Err).toBe(net.ErrClosed);
    }
    await s.Close();
  });

  test("a listener's deadline, its iteration and its end", async () => {
    const l = await net.ListenUnix("unix", address(path(), "unix"));
    l.SetDeadline(1000);
    expect((await refusal(() => l.Accept())).Timeout()).toBe(true);
    l.SetDeadline(null);
    const accepted = (async () => {
      let count = 0;
      for await (const c of l) {
        count++;
        await c.Close();
      }
      return count;
    })();
    for (let i = 0; i < 3; i++) {
      const c = await net.Dial("unix", l.Addr().String());
      await expect(c.Read(new Uint8Array(1))).rejects.toBe(EOF);
      await c.Close();
    }
    await l.Close();
    expect(await accepted).toBe(3);
    expect((await refusal(() => l.AcceptUnix())).Err).toBe(net.ErrClosed);
    expect((await refusal(() => l.Close())).Err).toBe(net.ErrClosed);
  });

  test("open files go along with bytes", async () => {
    const [c, s] = await pair(net, "unix");
    const { UnixRights, ParseSocketControlMessage, ParseUnixRights } = net.syscall;
    const far = await net.ListenPacket("udp", "127.0.0.1:0");
    const f = await far.File();
    await far.Close();

    const into = new Uint8Array(64);
    const oob = new Uint8Array(64);
    await c.Write(bytes("plain"));
    expect((await s.ReadMsgUnix(into, oob)).slice(0, 2)).toEqual([5, 0]);
    expect(await c.WriteMsgUnix(bytes("with"), UnixRights(f.Fd()), null)).toEqual([4, 24]);
    await c.Write(bytes("after"));
    await f.Close();

    // A part of the bytes brings the file, the rest is plain.
    const [n, oobn, flags, from] = await s.ReadMsgUnix(into.subarray(0, 2), oob);
    expect([text(into.subarray(0, n)), oobn, flags, from]).toEqual([
      "wi",
      24,
      net.syscall.MSG_CMSG_CLOEXEC,
      null,
    ]);
    expect((await s.ReadMsgUnix(into, oob))[1]).toBe(0);
    const [message] = ParseSocketControlMessage(oob.subarray(0, oobn));
    const [fd = -1] = ParseUnixRights(message as never);
    const g = net.os.NewFile(fd, "g");
    const again = await net.FilePacketConn(g as never);
    expect(again.LocalAddr().String()).toBe(far.LocalAddr().String());
    await again.Close();
    await g?.Close();
    await Promise.all([c.Close(), s.Close()]);
  });

  test("files that nobody took are closed", async () => {
    const [c, s] = await pair(net, "unix");
    const { UnixRights, MSG_CTRUNC } = net.syscall;
    await using kept = await net.ListenPacket("udp", "127.0.0.1:0");
    await using f = await kept.File();
    const four = UnixRights(f.Fd(), f.Fd(), f.Fd(), f.Fd());
    const into = new Uint8Array(8);

    // A Read passes them by; a small oob takes what fits.
    await c.WriteMsgUnix(bytes("x"), four, null);
    expect(await s.Read(into)).toBe(1);
    await c.WriteMsgUnix(bytes("y"), four, null);
    const oob = new Uint8Array(24);
    const [n, oobn, flags] = await s.ReadMsgUnix(into, oob);
    expect([n, oobn, flags & MSG_CTRUNC]).toEqual([1, 24, MSG_CTRUNC]);
    const [message] = net.syscall.ParseSocketControlMessage(oob);
    const taken = net.syscall.ParseUnixRights(message as never);
    expect(taken).toHaveLength(2);
    for (const fd of taken) await net.os.NewFile(fd, "taken")?.Close();

    // What was not read when the connection is closed goes too.
    await c.WriteMsgUnix(bytes("z"), four, null);
    await s.ReadMsgUnix(into.subarray(0, 0), new Uint8Array(0)).catch(() => null);
    await c.Close();
    await s.Close();

    // Every number of them is free again: closing one says that there is none.
    const last = Math.max(...taken);
    for (let fd = f.Fd() + 1; fd <= last; fd++) {
      await expect(net.os.NewFile(fd, "gone")?.Close()).rejects.toThrow("bad file descriptor");
    }
  });

  test("a message without bytes sends one that nobody sees", async () => {
    const [c, s] = await pair(net, "unix");
    await using u = await net.ListenPacket("udp", "127.0.0.1:0");
    await using f = await u.File();
    expect(await c.WriteMsgUnix(new Uint8Array(0), net.syscall.UnixRights(f.Fd()), null)).toEqual([0, 24]);
    const oob = new Uint8Array(32);
    const [n, oobn] = await s.ReadMsgUnix(new Uint8Array(0), oob);
    expect([n, oobn]).toEqual([1, 24]);
    await Promise.all([c.Close(), s.Close()]);
  });

  test("files go along with datagrams and records too", async () => {
    const at = path();
    await using a = await net.ListenUnixgram("unixgram", address(at, "unixgram"));
    await using b = await net.ListenUnixgram("unixgram", address(path(), "unixgram"));
    const [c, s] = await pair(net, "unixpacket");
    const [fc, fs] = await pair(net, "unix");
    await using f = await fs.File();
    const rights = net.syscall.UnixRights(f.Fd());
    expect(await b.WriteMsgUnix(bytes("d"), rights, address(at, "unixgram"))).toEqual([1, 24]);
    expect(await c.WriteMsgUnix(bytes("r"), rights, null)).toEqual([1, 24]);
    for (const conn of [a, s]) {
      const oob = new Uint8Array(24);
      const [n, oobn] = await conn.ReadMsgUnix(new Uint8Array(4), oob);
      expect([n, oobn]).toEqual([1, 24]);
      const [message] = net.syscall.ParseSocketControlMessage(oob);
      const [fd = -1] = net.syscall.ParseUnixRights(message as never);
      const g = net.os.NewFile(fd, "g");
      await g?.Write(bytes("through the file"));
      await g?.Close();
      const into = new Uint8Array(32);
      expect(text(into.subarray(0, await fc.Read(into)))).toBe("through the file");
    }
    await Promise.all([c.Close(), s.Close(), fc.Close(), fs.Close()]);
  });

  test("a file that the gateway does not have cannot be sent", async () => {
    const [c, s] = await pair(net, "unix");
    const err = await refusal(() => c.WriteMsgUnix(bytes("x"), net.syscall.UnixRights(999_999), null));
    expect(err.message).toBe("write unix @: sendmsg: bad file descriptor");
    // The stream goes on.
    await c.Write(bytes("more"));
    expect(await s.Read(new Uint8Array(8))).toBe(4);
    await Promise.all([c.Close(), s.Close()]);
  });

  test("a socket at a path that is no socket", async () => {
    const at = path();
    writeFileSync(at, "");
    expect((await refusal(() => net.Dial("unix", at))).message).toBe(
      `dial unix ${at}: connect: connection refused`,
    );
  });
});
