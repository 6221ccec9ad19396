// Errors of every operation, taken apart storey by storey, with the text that Go 1.19 prints for the same call. The
// transcripts in conformance/ have more of them; these need no namespace of their own.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrClosed, OpError } from "./net.js";
import { ErrDeadlineExceeded, SyscallError } from "./os.js";
import { errno } from "./syscall.js";
import { anatomy, failure } from "./testing/anatomy.js";
import { type Joined, overMemory } from "./testing/gateways.js";
import { PlainServer } from "./testing/plainpeer.js";
import { tcpPair } from "./testing/tcppair.js";

let at: Joined;
beforeAll(async () => {
  at = await overMemory();
});
afterAll(() => at.close());

/** nobody is an address of loopback where nobody listens. */
async function nobody(): Promise<string> {
  const l = await at.net.Listen("tcp", "127.0.0.1:0");
  await l.Close();
  return l.Addr().String();
}

// As in dial-bad-address and dial-unknown-network of the transcripts, and some more.
const dialErrorTests: readonly (readonly [network: string, address: string, text: string])[] = [
  ["tcp", "", "dial tcp: missing address"],
  ["tcp", "127.0.0.1", "dial tcp: address 127.0.0.1: missing port in address"],
  ["tcp", "[::1", "dial tcp: address [::1: missing ']' in address"],
  ["tcp", "::1:80", "dial tcp: address ::1:80: too many colons in address"],
  ["tcp", "127.0.0.1:nosuch", "dial tcp: address tcp/nosuch: unknown port"],
  ["tcp", "127.0.0.1:-1", "dial tcp: address -1: invalid port"],
  ["tcp", "127.0.0.1:65536", "dial tcp: address 65536: invalid port"],
  ["tcp", "no such name:80", "dial tcp: lookup no such name: no such host"],
  ["tcp4", "[::1]:80", "dial tcp4: address ::1: no suitable address found"],
  ["tcp6", "127.0.0.1:80", "dial tcp6: address 127.0.0.1: no suitable address found"],
  ["tcp", "255.255.255.255:80", "dial tcp 255.255.255.255:80: connect: network is unreachable"],
  ["tcp5", "127.0.0.1:80", "dial tcp5: unknown network tcp5"],
  ["", "127.0.0.1:80", "dial: unknown network "],
  ["TCP", "127.0.0.1:80", "dial TCP: unknown network TCP"],
  ["tcp:80", "127.0.0.1:80", "dial tcp:80: unknown network tcp:80"],
];

const listenErrorTests: readonly (readonly [network: string, address: string, text: string])[] = [
  ["tcp", "127.0.0.1", "listen tcp: address 127.0.0.1: missing port in address"],
  ["tcp", "127.0.0.1:nosuch", "listen tcp: address tcp/nosuch: unknown port"],
  ["tcp", "192.0.2.1:0", "listen tcp 192.0.2.1:0: bind: cannot assign requested address"],
  ["tcp", "no such name:0", "listen tcp: lookup no such name: no such host"],
  ["tcp4", "[::1]:0", "listen tcp4: address ::1: no suitable address found"],
  ["tcp5", "127.0.0.1:0", "listen tcp5: unknown network tcp5"],
  ["udp", "127.0.0.1:0", "listen udp 127.0.0.1:0: address 127.0.0.1:0: unexpected address type"],
];

describe("dialling", () => {
  it.each(dialErrorTests)('Dial("%s", "%s")', async (network, address, text) => {
    const err = await failure(at.net.Dial(network, address));
    if (text.endsWith("network is unreachable")) {
      // What the kernel says of it depends on the machine's routes.
      expect(err.message).toMatch(/^dial tcp 255\.255\.255\.255:80: connect: /);
    } else {
      expect(err.message).toBe(text);
    }
    const later = await failure(at.net.DialTimeout(network, address, 10_000));
    expect(later.message).toBe(err.message);
  });

  it("a port where nobody listens: OpError, SyscallError, Errno", async () => {
    const address = await nobody();
    const err = await failure(at.net.Dial("tcp", address));
    expect(err).toBeInstanceOf(OpError);
    expect([err.Op, err.Net, err.Source, err.Addr?.String()]).toEqual(["dial", "tcp", null, address]);
    expect(err.Err).toBeInstanceOf(SyscallError);
    expect((err.Err as SyscallError).Syscall).toBe("connect");
    expect((err.Err as SyscallError).Err).toBe(errno("ECONNREFUSED"));
    expect(at.net.errors.Is(err, errno("ECONNREFUSED"))).toBe(true);
    expect(at.net.errors.As(err, SyscallError)).toBe(err.Err);
    expect(`${err}`).toBe(`OpError: dial tcp ${address}: connect: connection refused`);
    expect(err.stack).toContain("error.test.ts");
  });

  it("names both ends, if it was asked to come from one", async () => {
    const to = await at.net.ResolveTCPAddr("tcp", await nobody());
    const from = new at.net.TCPAddr({ IP: at.net.IPv4(127, 0, 0, 1) });
    const err = await failure(at.net.DialTCP("tcp", from, to));
    expect(err.message).toBe(`dial tcp 127.0.0.1:0->${to}: connect: connection refused`);
    expect(err.Source).toBe(from);
  });
});

describe("listening", () => {
  it.each(listenErrorTests)('Listen("%s", "%s")', async (network, address, text) => {
    const err = await failure(at.net.Listen(network, address));
    expect(err.message).toBe(text);
  });

  it("an address in use", async () => {
    await using l = await at.net.Listen("tcp", "127.0.0.1:0");
    const err = await failure(at.net.Listen("tcp", l.Addr().String()));
    expect(err.message).toBe(`listen tcp ${l.Addr()}: bind: address already in use`);
    expect(at.net.errors.Is(err, errno("EADDRINUSE"))).toBe(true);
    expect(err.Source).toBeNull();
  });
});

describe("a connection", () => {
  it("that is closed", async () => {
    const [c, s] = await tcpPair(at.net);
    await c.Close();
    const ends = `${c.LocalAddr()}->${c.RemoteAddr()}`;
    const texts: Record<string, () => unknown> = {
      [`read tcp ${ends}`]: () => c.Read(new Uint8Array(1)),
      [`write tcp ${ends}`]: () => c.Write(new Uint8Array(1)),
      [`close tcp ${ends}`]: () => c.Close(),
      [`set tcp ${ends}`]: () => c.SetNoDelay(true),
      [`file tcp ${ends}`]: () => c.File(),
      [`set tcp ${c.LocalAddr()}`]: () => c.SetDeadline(null),
    };
    for (const [text, call] of Object.entries(texts)) {
      const err = await failure(call);
      expect(err.message).toBe(`${text}: use of closed network connection`);
      expect(err.Err).toBe(ErrClosed);
      expect(at.net.errors.Is(err, ErrClosed)).toBe(true);
    }
    await s.Close();
  });

  it("whose deadline has passed", async () => {
    const [c, s] = await tcpPair(at.net);
    c.SetDeadline(1);
    for (const err of [await failure(c.Read(new Uint8Array(1))), await failure(c.Write(new Uint8Array(1)))]) {
      expect(err.Err).toBe(ErrDeadlineExceeded);
      expect([err.Timeout(), err.Temporary()]).toEqual([true, true]);
    }
    await c.Close();
    await s.Close();
  });

  it("that was reset", async () => {
    await using server = await PlainServer.listen();
    const c = await at.net.Dial("tcp", server.address);
    const far = await server.accepted();
    const read = failure(c.Read(new Uint8Array(1)));
    far.resetAndDestroy();
    const err = await read;
    expect(err.message).toBe(`read tcp ${c.LocalAddr()}->${c.RemoteAddr()}: read: connection reset by peer`);
    expect(at.net.errors.Is(err, errno("ECONNRESET"))).toBe(true);
    await c.Close();
  });
});

describe("the anatomy itself", () => {
  it("notices what is not as in Go", () => {
    const fields = { Op: "read", Net: "tcp", Err: ErrClosed };
    expect(() => anatomy(new Error("plain"))).toThrow("neither EOF nor an OpError");
    expect(() => anatomy(new OpError(fields))).toThrow("no address");
    expect(() => anatomy(new OpError({ ...fields, Op: "dial", Err: new Error("other") }))).toThrow(
      "nothing that Go has inside",
    );
    const wrongCall = new SyscallError({ Syscall: "bind", Err: errno("EPIPE") });
    const addr = new at.net.TCPAddr();
    expect(() => anatomy(new OpError({ ...fields, Source: addr, Addr: addr, Err: wrongCall }))).toThrow(
      "read makes no bind",
    );
  });
});
