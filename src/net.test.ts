import { describe, expect, test } from "vitest";
import { Canceled, DeadlineExceeded, Err } from "./context.js";
import { Is, New } from "./errors.js";
import { EOF } from "./io.js";
import { ParseIP } from "./ip.js";
import {
  AddrError,
  DNSConfigError,
  DNSError,
  ErrClosed,
  ErrWriteToConnected,
  errCanceled,
  errMissingAddress,
  errTimeout,
  InvalidAddrError,
  mapErr,
  type NetError,
  OpError,
  ParseError,
  UnknownNetworkError,
} from "./net.js";
import { ErrDeadlineExceeded, NewSyscallError, SyscallError } from "./os.js";
import { errno } from "./syscall.js";
import { TCPAddr } from "./tcpaddr.js";
import { UnixAddr } from "./unixaddr.js";

const here = new TCPAddr({ IP: ParseIP("127.0.0.1"), Port: 1234 });
const there = new TCPAddr({ IP: ParseIP("fe80::1"), Port: 80, Zone: "eth0" });
const sys = (call: string, code: string): SyscallError =>
  new SyscallError({ Syscall: call, Err: errno(code) });

describe("OpError", () => {
  test.each([
    [new OpError({ Op: "dial", Err: New("x") }), "dial: x"],
    [new OpError({ Op: "dial", Net: "tcp", Err: errMissingAddress }), "dial tcp: missing address"],
    [
      new OpError({ Op: "listen", Net: "tcp", Addr: here, Err: sys("bind", "EADDRINUSE") }),
      "listen tcp 127.0.0.1:1234: bind: address already in use",
    ],
    [
      new OpError({ Op: "read", Net: "tcp", Source: here, Addr: there, Err: sys("read", "ECONNRESET") }),
      "read tcp 127.0.0.1:1234->[fe80::1%eth0]:80: read: connection reset by peer",
    ],
    [
      new OpError({ Op: "close", Net: "tcp", Source: here, Err: ErrClosed }),
      "close tcp 127.0.0.1:1234: use of closed network connection",
    ],
    [
      new OpError({ Op: "dial", Net: "unix", Addr: new UnixAddr({ Name: "", Net: "unix" }), Err: EOF }),
      "dial unix : EOF",
    ],
    [
      new OpError({ Op: "dial", Net: "tcp", Err: new OpError({ Op: "set", Err: EOF }) }),
      "dial tcp: set: EOF",
    ],
  ])("prints %s", (e, want) => {
    expect([e.Error(), e.message, String(e)]).toEqual([want, want, `OpError: ${want}`]);
  });

  test("keeps Go's fields, null and empty for what is left out", () => {
    const e = new OpError({ Op: "dial", Err: EOF });
    expect([e.Op, e.Net, e.Source, e.Addr, e.Err, e.Unwrap(), e.cause]).toEqual([
      "dial",
      "",
      null,
      null,
      EOF,
      EOF,
      EOF,
    ]);
  });

  // Seen in Go: the rule for accept is about a bare number only.
  test.each<[string, Error, boolean, boolean]>([
    ["read", ErrDeadlineExceeded, true, true],
    ["read", sys("read", "ETIMEDOUT"), true, true],
    ["read", sys("read", "EAGAIN"), true, true],
    ["read", sys("read", "EINTR"), false, true],
    ["accept", sys("accept", "EMFILE"), false, true],
    ["accept", errno("ECONNABORTED"), false, true],
    ["accept", errno("ECONNRESET"), false, true],
    ["read", errno("ECONNRESET"), false, false],
    ["accept", sys("accept", "ECONNABORTED"), false, false],
    ["accept", errno("EPIPE"), false, false],
    ["read", ErrClosed, false, false],
    ["read", EOF, false, false],
    ["dial", new DNSError({ Err: "i/o timeout", Name: "x", IsTimeout: true }), true, true],
    ["dial", new OpError({ Op: "dial", Err: sys("connect", "ETIMEDOUT") }), true, true],
    ["dial", new SyscallError({ Syscall: "connect", Err: New("x") }), false, false],
    ["dial", new Error("from elsewhere"), false, false],
  ])("%s: %s has Timeout %s, Temporary %s", (op, err, timeout, temporary) => {
    const e = new OpError({ Op: op, Err: err });
    expect([e.Timeout(), e.Temporary()]).toEqual([timeout, temporary]);
  });
});

test.each<[NetError, string, boolean, boolean]>([
  [
    new AddrError({ Err: "missing port in address", Addr: "x" }),
    "address x: missing port in address",
    false,
    false,
  ],
  [new AddrError({ Err: "only this" }), "only this", false, false],
  [new ParseError({ Type: "IP address", Text: "x" }), "invalid IP address: x", false, false],
  [new UnknownNetworkError("foo"), "unknown network foo", false, false],
  [new InvalidAddrError("bad"), "bad", false, false],
  [
    new DNSConfigError({ Err: errno("ENOENT") }),
    "error reading DNS config: no such file or directory",
    false,
    false,
  ],
  [
    new DNSError({ Err: "no such host", Name: "a.test", IsNotFound: true }),
    "lookup a.test: no such host",
    false,
    false,
  ],
  [
    new DNSError({ Err: "x", Name: "a", Server: "[::1]:53", IsTemporary: true }),
    "lookup a on [::1]:53: x",
    false,
    true,
  ],
  [new DNSError({ Err: "x", Name: "a", IsTimeout: true }), "lookup a: x", true, true],
])("%s", (e, text, timeout, temporary) => {
  expect([e.Error(), e.message, e.Timeout(), e.Temporary()]).toEqual([text, text, timeout, temporary]);
  expect(e).toBeInstanceOf(Error);
  expect(e.name).toBe(e.constructor.name);
  expect(e.stack).toContain(`${e.name}: ${text}`);
});

test("the errors inside are found", () => {
  expect(Is(new DNSConfigError({ Err: errno("EACCES") }), errno("EACCES"))).toBe(true);
  expect(Is(new DNSError({ Err: "x", Name: "y", UnwrapErr: Canceled }), Canceled)).toBe(true);
  expect(ErrWriteToConnected.message).toBe("use of WriteTo with pre-connected connection");
});

describe("contexts", () => {
  test("mapErr makes the errors of package net of the errors of a context, and leaves all others", () => {
    expect([mapErr(Canceled), mapErr(DeadlineExceeded), mapErr(EOF), mapErr(null)]).toEqual([
      errCanceled,
      errTimeout,
      EOF,
      null,
    ]);
    expect([Is(errCanceled, Canceled), Is(errTimeout, DeadlineExceeded), Is(errTimeout, Canceled)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(Is(errTimeout, ErrDeadlineExceeded)).toBe(false);
    expect([errCanceled.message, errTimeout.message]).toEqual(["operation was canceled", "i/o timeout"]);
  });

  test("Err says why a signal is aborted", async () => {
    expect(Err(new AbortController().signal)).toBe(null);
    expect(Err(AbortSignal.abort())).toBe(Canceled);
    expect(Err(AbortSignal.abort("no reason an error would give"))).toBe(Canceled);
    const late = AbortSignal.timeout(1);
    await new Promise((resolve) => late.addEventListener("abort", resolve));
    expect(Err(late)).toBe(DeadlineExceeded);
  });
});

test("NewSyscallError of nothing is nothing", () => {
  expect(NewSyscallError("read", null)).toBe(null);
  expect(NewSyscallError("read", errno("EIO"))).toMatchObject({
    Syscall: "read",
    message: "read: input/output error",
  });
  expect("Temporary" in sys("read", "EAGAIN")).toBe(false);
});
