// The line forms of a transcript: how an error, an address, bytes and a result are written. Go writes its own
// transcripts in the same forms, so that equal behaviour gives equal lines.

import type { Net } from "../../src/gateway.js";
import type { Addr } from "../../src/net.js";

type Result = { readonly n: number; readonly err: unknown };

/** quote writes s or the text of bytes in quotes. */
export function quote(s: string | Uint8Array): string {
  return JSON.stringify(typeof s === "string" ? s : new TextDecoder().decode(s));
}

/** countOf is the count that goes with an error, 0 if it has none. */
export function countOf(err: unknown): number {
  return (err as { n?: number } | null)?.n ?? 0;
}

/** settled is the outcome of a call whose result is a count. */
export async function settled(call: Promise<number>): Promise<Result> {
  try {
    return { n: await call, err: null };
  } catch (err) {
    return { n: countOf(err), err };
  }
}

/** failure is what call fails with, or null. call may also throw at once. */
export async function failure(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (err) {
    return err;
  }
}

/** Format writes errors and addresses; it asks the package under test for its types. */
export class Format {
  readonly #net: Net;
  readonly #shared: readonly (readonly [name: string, err: Error])[];
  readonly #found: readonly (readonly [name: string, err: Error])[];

  constructor(net: Net) {
    this.#net = net;
    const closed = ["net.ErrClosed", net.ErrClosed] as const;
    const late = ["os.ErrDeadlineExceeded", net.os.ErrDeadlineExceeded] as const;
    this.#shared = [
      closed,
      ["net.ErrWriteToConnected", net.ErrWriteToConnected],
      late,
      ["io.EOF", net.io.EOF],
      ["io.ErrClosedPipe", net.io.ErrClosedPipe],
    ];
    this.#found = [
      closed,
      late,
      ["context.DeadlineExceeded", net.context.DeadlineExceeded],
      ["context.Canceled", net.context.Canceled],
    ];
  }

  /** error writes "ok", or "ERR types | text | timeout= temporary= | is=". */
  error(err: unknown): string {
    if (err === null) {
      return "ok";
    }
    const { errors } = this.#net;
    const is = this.#found.filter(([, value]) => errors.Is(err, value)).map(([name]) => name);
    return `ERR ${this.#chain(err)} | ${this.anyChain(err)}${is.length > 0 ? ` | is=${is.join(",")}` : ""}`;
  }

  /** anyChain is the part of {@link error} after the types. */
  anyChain(err: unknown): string {
    const e = err as { Error?(): string; message: string; Timeout?(): boolean; Temporary?(): boolean };
    const text = e.Error?.() ?? e.message;
    if (e.Timeout === undefined || e.Temporary === undefined) {
      return text;
    }
    return `${text} | timeout=${e.Timeout()} temporary=${e.Temporary()}`;
  }

  /** address writes "TCPAddr tcp "127.0.0.1:80" iplen=4", or "nil". */
  address(a: Addr | null): string {
    if (a === null) {
      return "nil";
    }
    const { TCPAddr, UDPAddr, IPAddr, UnixAddr } = this.#net;
    const kinds = { TCPAddr, UDPAddr, IPAddr, UnixAddr };
    const kind = Object.entries(kinds).find(([, c]) => a instanceof c)?.[0] ?? `${a.Network()}Addr`;
    const ip = "IP" in a ? ` iplen=${(a.IP as Uint8Array | null)?.length ?? 0}` : "";
    return `${kind} ${a.Network()} ${quote(a.String())}${ip}`;
  }

  // #chain names the types of err, outermost first.
  #chain(err: unknown): string {
    const { errors, OpError, os, syscall, DNSError } = this.#net;
    const shared = this.#shared.find(([, value]) => err === value || errors.Is(leaf(err), value));
    if (shared !== undefined) {
      return shared[0];
    }
    if (err instanceof OpError) {
      return `OpError{${this.#chain(err.Err)}}`;
    }
    if (err instanceof os.SyscallError) {
      return `SyscallError{${this.#chain(err.Err)}}`;
    }
    if (err instanceof syscall.Errno) {
      return err.code;
    }
    if (err instanceof DNSError) {
      const { IsTimeout, IsTemporary, IsNotFound } = err;
      return `DNSError{IsTimeout=${IsTimeout} IsTemporary=${IsTemporary} IsNotFound=${IsNotFound}}`;
    }
    const { AddrError, ParseError, UnknownNetworkError, InvalidAddrError } = this.#net;
    const plain = { AddrError, ParseError, UnknownNetworkError, InvalidAddrError };
    return Object.entries(plain).find(([, c]) => err instanceof c)?.[0] ?? this.#ofContext(err);
  }

  #ofContext(err: unknown): string {
    const { errors, context } = this.#net;
    if (errors.Is(err, context.Canceled)) {
      return "canceledError";
    }
    return errors.Is(err, context.DeadlineExceeded) ? "timeoutError" : "error";
  }
}

// leaf is err if it wraps nothing: only then may it stand for a shared value.
function leaf(err: unknown): unknown {
  return (err as { Unwrap?: unknown }).Unwrap === undefined ? err : null;
}
