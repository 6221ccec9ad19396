// The anatomy of an error: what Go's error types promise about each other, checked on any error that a test meets.

import { same } from "../errorvalue.js";
import { EOF } from "../io.js";
import {
  AddrError,
  DNSError,
  ErrClosed,
  ErrWriteToConnected,
  errCanceled,
  errMissingAddress,
  errTimeout,
  InvalidAddrError,
  OpError,
  ParseError,
  UnknownNetworkError,
} from "../net.js";
import { ErrDeadlineExceeded, SyscallError } from "../os.js";
import { Errno } from "../syscall.js";

type Addr = { Network(): string; String(): string } | null;

// What the operations know: both ends, this end alone, or (dial) the far end and perhaps where from.
const bothEnds = new Set(["read", "write", "close", "readfrom", "writeto", "set", "file"]);
const thisEnd = new Set(["accept", "listen", "close", "set", "file"]);

// The system calls that can be behind an operation, as Go names them.
const syscalls: Readonly<Record<string, readonly string[]>> = {
  dial: ["socket", "bind", "connect", "setsockopt", "getsockopt", "getsockname"],
  listen: ["socket", "bind", "listen", "setsockopt", "getsockname", "connect"],
  accept: ["accept4", "accept"],
  read: ["read", "recvfrom", "recvmsg"],
  write: ["write", "sendto", "sendmsg"],
  close: ["shutdown", "close"],
  set: ["setsockopt"],
  file: ["fcntl", "getsockopt", "setnonblock"],
};

const values = [
  ErrClosed,
  ErrDeadlineExceeded,
  ErrWriteToConnected,
  errTimeout,
  errCanceled,
  errMissingAddress,
];
const plain = [AddrError, DNSError, UnknownNetworkError, ParseError, InvalidAddrError];

function ok(condition: boolean, what: string, err: unknown): asserts condition {
  if (!condition) {
    throw new Error(`${what}: ${err}`, { cause: err });
  }
}

/**
 * anatomy takes err apart, storey by storey, and throws if a storey is not what Go has there. It is io.EOF, bare, or an
 * OpError. own are errors of the test's own making, which may stand inside.
 */
export function anatomy(err: unknown, ...own: readonly unknown[]): OpError | typeof EOF {
  if (same(err, EOF)) {
    ok(err === EOF, "EOF is a copy", err);
    return EOF;
  }
  ok(err instanceof OpError, "neither EOF nor an OpError", err);
  addresses(err);
  ok(err.Error() === err.message, "Error() is not the message", err);
  ok(err.message === text(err), `the text should be ${text(err)}`, err);
  ok(err.Unwrap() === err.Err, "Unwrap() is not Err", err);
  ok(err.n === undefined || (Number.isSafeInteger(err.n) && err.n >= 0), "n is not a count", err);
  inner(err, own);
  return err;
}

function text({ Op, Net, Source, Addr, Err }: OpError): string {
  const ends = [Source, Addr].filter((a) => a !== null).map((a) => (a as NonNullable<Addr>).String());
  const what = [Op, Net].filter((s) => s !== "");
  if (ends.length > 0) {
    what.push(ends.join("->")); // an address may be empty
  }
  return `${what.join(" ")}: ${Err.message}`;
}

function addresses(err: OpError): void {
  const { Op, Source, Addr, Net } = err;
  for (const a of [Source, Addr]) {
    // Where an address of another kind is what is wrong, the error names it.
    if (err.Err instanceof Errno || err.Err instanceof UnknownNetworkError) continue;
    ok(a === null || Net === "" || Net.startsWith(a.Network()), "an address of another network", err);
  }
  switch (Op) {
    case "dial":
    case "listen":
      ok(Op === "dial" || Source === null, "a source where there is none", err);
      return;
    default:
      ok(Addr !== null || Net === "pipe" || isOpen(err), "no address", err);
      ok(Source !== null || Net === "pipe" || thisEnd.has(Op), `${Op} has both ends`, err);
      ok(Source === null || bothEnds.has(Op), `${Op} has one end`, err);
  }
}

// isOpen tells a socket that may have no fixed other end; what goes to no address of its own names none either.
function isOpen({ Net, Source }: OpError): boolean {
  return Source !== null && /^(udp|ip|unix)/.test(Net);
}

function inner(err: OpError, own: readonly unknown[]): void {
  const { Err, Op, Net } = err;
  if (same(Err, EOF)) {
    // Go wraps it in ReadFrom and ReadMsg, which only Unix sockets have together with an end.
    return ok(Op === "read" && Net.startsWith("unix"), "EOF is wrapped", err);
  }
  if (own.includes(Err)) {
    return;
  }
  if (Err instanceof Errno) {
    return ok(Op === "write" || Op === "file", "a bare Errno", err);
  }
  const value = values.find((v) => same(Err, v));
  if (value !== undefined) {
    const isTimeout = value === ErrDeadlineExceeded || value === errTimeout;
    says(err, isTimeout, isTimeout);
  } else if (Err instanceof SyscallError) {
    ok(Err.Err instanceof Errno, "a SyscallError without Errno", err);
    ok(Err.message === `${Err.Syscall}: ${Err.Err.message}`, "the text of the SyscallError", err);
    ok(syscalls[Op]?.includes(Err.Syscall) === true, `${Op} makes no ${Err.Syscall}`, err);
    says(err, Err.Err.Timeout(), Err.Err.Temporary());
  } else if (Err instanceof DNSError) {
    says(err, Err.IsTimeout, Err.IsTimeout || Err.IsTemporary);
  } else if (Err instanceof OpError && (Op === "readfrom" || Op === "writeto")) {
    anatomy(Err, ...own);
  } else {
    ok(
      plain.some((c) => Err instanceof c),
      "nothing that Go has inside",
      err,
    );
    says(err, false, false);
  }
}

function says(err: OpError, timeout: boolean, temporary: boolean): void {
  ok(err.Timeout() === timeout, `Timeout() should be ${timeout}`, err);
  ok(err.Temporary() === temporary, `Temporary() should be ${temporary}`, err);
}

/** failure is what call fails with, after a look at its anatomy. It throws if the call succeeds. */
export async function failure(call: Promise<unknown> | (() => unknown), ...own: unknown[]): Promise<OpError> {
  let result: unknown;
  try {
    result = await (typeof call === "function" ? call() : call);
  } catch (err) {
    return anatomy(err, ...own) as OpError;
  }
  throw new Error(`it succeeded, with ${result}`);
}
