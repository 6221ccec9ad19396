import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Net } from "./connect.js";
import { SyscallError } from "./os.js";
import { failure as refusal } from "./testing/anatomy.js";
import { type Joined, ways } from "./testing/gateways.js";
import type { UDPConn } from "./udpsock.js";

const longestUDP = 65507; // 65535 less the headers of IPv4 and UDP

function bytes(s: string): Uint8Array {
  return new TextEncoder().encode(s);
}

function text(b: Uint8Array): string {
  return new TextDecoder().decode(b);
}

describe.each(Object.entries(ways))("UDP over %s", (_, join) => {
  let joined: Joined;
  let net: Net;

  beforeAll(async () => {
    joined = await join();
    net = joined.net;
  });

  afterAll(() => joined.close());

  const loopback = () => new net.UDPAddr({ IP: net.IPv4(127, 0, 0, 1) });
  const open = () => net.ListenUDP("udp", loopback());

  test("a datagram arrives with its sender, and the answer finds the way back", async () => {
    await using a = await open();
    await using b = await open();
    expect(await a.WriteTo(bytes("ping"), b.LocalAddr())).toBe(4);
    const into = new Uint8Array(16);
    const [n, from] = await b.ReadFrom(into);
    expect(text(into.subarray(0, n))).toBe("ping");
    expect(from.String()).toBe(a.LocalAddr().String());
    await b.WriteTo(bytes("pong"), from);
    expect(await a.Read(into)).toBe(4);
  });

  test("a datagram keeps its boundaries, whatever its length", async () => {
    await using a = await open();
    await using b = await open();
    await b.SetReadBuffer(4 * longestUDP);
    const sizes = [0, 1, 1472, 9000, longestUDP];
    const into = new Uint8Array(longestUDP);
    for (const size of sizes) {
      const sent = new Uint8Array(size).map((_, i) => i * 7);
      expect(await a.WriteTo(sent, b.LocalAddr())).toBe(size);
      const [n] = await b.ReadFrom(into);
      expect(n).toBe(size);
      expect(into.subarray(0, n)).toEqual(sent);
    }
  });

  test("what is longer than a datagram can be is refused", async () => {
    await using a = await open();
    for (const size of [longestUDP + 1, 300_000]) {
      const err = await refusal(() => a.WriteTo(new Uint8Array(size), a.LocalAddr()));
      const { Syscall, Err } = err.Err as SyscallError;
      expect([Syscall, String((Err as Error).message)]).toEqual(["sendto", "message too long"]);
    }
  });

  test("what does not fit into the buffer is lost, and ReadMsgUDP says so", async () => {
    await using a = await open();
    await using b = await open();
    for (const s of ["0123456789", "0123456789", "0123456789", "whole"]) {
      await a.WriteTo(bytes(s), b.LocalAddr());
    }
    const into = new Uint8Array(6);
    expect((await b.ReadFrom(into))[0]).toBe(6);
    const oob = new Uint8Array(64);
    const [n, oobn, flags, from] = await b.ReadMsgUDP(into, oob);
    expect([n, oobn, flags]).toEqual([6, 0, net.syscall.MSG_TRUNC]);
    expect(from.String()).toBe(a.LocalAddr().String());
    // A buffer of no bytes takes a whole datagram for ReadFrom, and none for Read.
    expect(await b.Read(new Uint8Array(0))).toBe(0);
    expect((await b.ReadFrom(new Uint8Array(0)))[0]).toBe(0);
    const rest = await b.ReadMsgUDP(into, oob);
    expect([text(into.subarray(0, rest[0])), rest[2]]).toEqual(["whole", 0]);
  });

  test("a socket of both families has IPv4 peers too", async () => {
    await using both = await net.ListenUDP("udp", null);
    await using four = await open();
    expect(both.LocalAddr().String()).toMatch(/^\[::\]:\d+$/);
    const { Port } = await net.ResolveUDPAddr("udp", both.LocalAddr().String());
    await four.WriteTo(bytes("x"), new net.UDPAddr({ IP: net.IPv4(127, 0, 0, 1), Port }));
    const [, from] = await both.ReadFromUDP(new Uint8Array(1));
    expect(from.String()).toBe(four.LocalAddr().String());
    await both.WriteToUDP(bytes("yes"), from);
    expect(await four.Read(new Uint8Array(8))).toBe(3);
  });

  test("what a connected socket and an open one may not do", async () => {
    await using a = await open();
    await using c = await net.Dial("udp", a.LocalAddr().String());
    expect(c.RemoteAddr()?.String()).toBe(a.LocalAddr().String());
    expect(a.RemoteAddr()).toBeNull();
    const to = a.LocalAddr() as InstanceType<typeof net.UDPAddr>;
    for (const act of [
      () => c.WriteTo(bytes("x"), to),
      () => c.WriteToUDP(bytes("x"), to),
      () => c.WriteMsgUDP(bytes("x"), null, to),
    ]) {
      expect((await refusal(act)).Err).toBe(net.ErrWriteToConnected);
    }
    const me = a.LocalAddr().String();
    expect((await refusal(() => a.WriteToUDP(bytes("x"), null))).message).toBe(
      `write udp ${me}: missing address`,
    );
    expect((await refusal(() => a.WriteMsgUDP(bytes("x"), null, null))).message).toBe(
      `write udp ${me}: missing address`,
    );
    expect((await refusal(() => a.WriteTo(bytes("x"), null))).message).toBe(
      `write udp ${me}: invalid argument`,
    );
    const tcp = new net.TCPAddr({ IP: net.IPv4(127, 0, 0, 1), Port: 9 });
    expect((await refusal(() => a.WriteTo(bytes("x"), tcp))).message).toBe(
      `write udp ${me}->127.0.0.1:9: invalid argument`,
    );
    const six = new net.UDPAddr({ IP: net.ParseIP("::1"), Port: 9 });
    expect((await refusal(() => a.WriteTo(bytes("x"), six))).message).toBe(
      `write udp ${me}->[::1]:9: address ::1: non-IPv4 address`,
    );
    const far = new net.UDPAddr({ IP: net.IPv4(127, 0, 0, 1), Port: 99999 });
    expect((await refusal(() => a.WriteTo(bytes("x"), far))).message).toBe(
      `write udp ${me}->127.0.0.1:99999: sendto: invalid argument`,
    );
    expect((await refusal(() => a.Write(bytes("x")))).message).toBe(
      `write udp ${me}: write: destination address required`,
    );
    // A connected socket takes messages without an address, and an open one with it.
    expect(await c.WriteMsgUDP(bytes("abc"), null, null)).toEqual([3, 0]);
    const [n] = await a.ReadFrom(new Uint8Array(8));
    expect(n).toBe(3);
    expect(await a.WriteMsgUDP(bytes("de"), null, c.LocalAddr() as typeof to)).toEqual([2, 0]);
    expect(await c.Read(new Uint8Array(8))).toBe(2);
  });

  test("nobody there is told to the next call, once", async () => {
    const dead = await open();
    const to = dead.LocalAddr().String();
    await dead.Close();
    await using c = await net.Dial("udp", to);
    await c.Write(bytes("x"));
    const err = await refusal(() => c.Read(new Uint8Array(8)));
    expect(err.message).toBe(`read udp ${c.LocalAddr().String()}->${to}: read: connection refused`);
    c.SetReadDeadline(Date.now() + 50);
    expect((await refusal(() => c.Read(new Uint8Array(8)))).Timeout()).toBe(true);
  });

  test("deadlines and signals end a wait, and the socket stays usable", async () => {
    await using a = await open();
    const into = new Uint8Array(8);
    a.SetReadDeadline(1000);
    expect((await refusal(() => a.ReadFrom(into))).Err).toBe(net.os.ErrDeadlineExceeded);
    a.SetReadDeadline(null);
    const waiting = refusal(() => a.ReadFrom(into));
    a.SetReadDeadline(Date.now() + 20);
    expect((await waiting).Timeout()).toBe(true);
    a.SetReadDeadline(null);
    const abort = new AbortController();
    const given = refusal(() => a.ReadMsgUDP(into, into, abort.signal));
    abort.abort();
    expect((await given).message).toMatch(/: operation was canceled$/);
    a.SetWriteDeadline(1000);
    expect((await refusal(() => a.WriteTo(bytes("x"), a.LocalAddr()))).Timeout()).toBe(true);
    a.SetWriteDeadline(null);
    await a.WriteTo(bytes("x"), a.LocalAddr());
    expect(await a.Read(into)).toBe(1);
  });

  test("Close wakes who waits, and every call afterwards says so", async () => {
    const a = await open();
    const me = a.LocalAddr().String();
    const waiting = refusal(() => a.ReadFrom(new Uint8Array(8)));
    await a.Close();
    expect((await waiting).message).toBe(`read udp ${me}: use of closed network connection`);
    const to = a.LocalAddr();
    const acts: Record<string, () => unknown> = {
      close: () => a.Close(),
      read: () => a.Read(new Uint8Array(1)),
      "read ": () => a.ReadMsgUDP(new Uint8Array(1), new Uint8Array(0)),
      write: () => a.Write(bytes("x")),
      "write ": () => a.WriteTo(bytes("x"), to),
      set: () => a.SetDeadline(null),
      "set ": () => a.SetReadBuffer(4096),
      file: () => a.File(),
    };
    for (const [op, act] of Object.entries(acts)) {
      const err = await refusal(act);
      expect([err.Op, err.Err]).toEqual([op.trim(), net.ErrClosed]);
    }
  });

  test("when Close is done, the port is free", async () => {
    const a = await open();
    const at = (await net.ResolveUDPAddr("udp", a.LocalAddr().String())) as never;
    await a.Close();
    await using again = await net.ListenUDP("udp", at);
    expect(again.LocalAddr().String()).toBe(a.LocalAddr().String());
  });

  test("many writes at once go out in the order of the calls", async () => {
    await using a = await open();
    await using b = await open();
    await b.SetReadBuffer(1 << 20);
    const count = 300;
    const sends = Array.from({ length: count }, (_, i) => a.WriteTo(Uint8Array.of(i >> 8, i), b.LocalAddr()));
    const into = new Uint8Array(2);
    for (let i = 0; i < count; i++) {
      await b.ReadFrom(into);
      expect((into[0] as number) * 256 + (into[1] as number)).toBe(i);
    }
    expect(await Promise.all(sends)).toEqual(Array(count).fill(2));
  });

  test("addresses in use, and networks that are none", async () => {
    await using a = await open();
    const at = await net.ResolveUDPAddr("udp", a.LocalAddr().String());
    expect((await refusal(() => net.ListenUDP("udp", at))).message).toBe(
      `listen udp ${at.String()}: bind: address already in use`,
    );
    expect((await refusal(() => net.ListenUDP("tcp", at))).message).toBe(
      `listen tcp ${at.String()}: unknown network tcp`,
    );
    expect((await refusal(() => net.DialUDP("udp", null, null))).message).toBe("dial udp: missing address");
    expect((await refusal(() => net.ListenMulticastUDP("udp4", null, null))).message).toBe(
      "listen udp4: missing address",
    );
  });

  test("a socket that a session took with it fails, and goes on failing", async () => {
    const other = await join();
    const a = await other.net.ListenUDP("udp", loopback());
    const waiting = refusal(() => a.Read(new Uint8Array(8)));
    await other.close();
    const err = await waiting;
    expect(err.Err).toBeInstanceOf(SyscallError);
    expect(err.message).toMatch(/read: connection reset by peer$/);
    expect((await refusal(() => a.Read(new Uint8Array(8)))).message).toBe(err.message);
    await a.Close();
  });
});

test("iterating gives each datagram", async () => {
  const joined = await ways.memory();
  const { net } = joined;
  const a: UDPConn = await net.ListenPacket("udp", "127.0.0.1:0");
  await using c = await net.Dial("udp", a.LocalAddr().String());
  for (const s of ["one", "two", "three"]) {
    await c.Write(bytes(s));
  }
  const got: string[] = [];
  for await (const b of a) {
    got.push(text(b));
    if (got.length === 3) break;
  }
  expect(got).toEqual(["one", "two", "three"]);
  await joined.close();
});
