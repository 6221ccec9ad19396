// Errors come over the wire in pieces; here they become Go's errors (docs/protocol.md, part 8).

import { New } from "./errors.js";
import { IP } from "./ip.js";
import { JoinHostPort } from "./ipsock.js";
import {
  type Addr,
  AddrError,
  DNSError,
  ErrClosed,
  errCanceled,
  errTimeout,
  OpError,
  UnknownNetworkError,
} from "./net.js";
import { SyscallError } from "./os.js";
import { errno } from "./syscall.js";
import type { Pieces } from "./wire/errors.js";

/**
 * Detail says to a program what Go's text cannot: that it was the gateway's policy, a limit, or a lost session. It
 * is the `cause` of the OpError.
 */
export interface Detail {
  /** code is "GONET_POLICY", "GONET_LIMIT", "GONET_SESSION_LOST", "GONET_AUTH" or "GONET_UNREACHABLE". */
  readonly code: string;
  /** rule names the rule of the policy; limit names the limit. */
  readonly rule?: string;
  readonly limit?: string;
  /** reason is a sentence for a person. */
  readonly reason?: string;
}

/** sessionLost is the code of what a lost session took along. */
export const sessionLost = "GONET_SESSION_LOST";

const details = new WeakMap<Error, Detail>();

/** detailOf returns what is known about err beyond its text. */
export function detailOf(err: Error): Detail | undefined {
  return details.get(err);
}

/** isLost reports whether err tells of a session that was lost. */
export function isLost(err: Error): boolean {
  return detailOf(err)?.code === sessionLost;
}

/** withDetail notes detail about err. err must not be a shared value. */
export function withDetail<E extends Error>(err: E, detail: Detail | undefined): E {
  if (detail !== undefined) {
    details.set(err, detail);
  }
  return err;
}

const dnsFlags = { timeout: 1, temporary: 2, notFound: 4 };

/**
 * fromPieces makes the error. call is the name of the system call if the pieces name none. Pieces that make no sense
 * (a gateway of another mind) give an error that says so.
 */
export function fromPieces(pieces: Pieces, call: string): Error {
  const [kind, a, b, c, d] = pieces;
  switch (kind) {
    case "errno":
      return syscallError(text(a) || call, text(b), detail(c));
    case "timeout":
      return errTimeout;
    case "canceled":
      return errCanceled;
    case "closed":
      return ErrClosed;
    case "addr":
      return new AddrError({ Err: text(a), Addr: text(b) });
    case "network":
      return new UnknownNetworkError(text(a));
    case "dns": {
      const flags = typeof d === "number" ? d : 0;
      return new DNSError({
        Err: Array.isArray(a) ? operationText(a) : text(a),
        Name: text(b),
        Server: text(c),
        IsTimeout: (flags & dnsFlags.timeout) !== 0,
        IsTemporary: (flags & dnsFlags.temporary) !== 0,
        IsNotFound: (flags & dnsFlags.notFound) !== 0,
      });
    }
    case "text":
      return New(text(a));
    default:
      return New("unknown error");
  }
}

// operationText is the text of an operation that failed below a lookup: ["op", op, network, source, address, call, errno].
// Without an errno it ran out of time.
function operationText([, op, network, source, address, call, code]: readonly unknown[]): string {
  const endPoint = (v: unknown): Addr | null => {
    if (!Array.isArray(v)) {
      return null;
    }
    const [, ip, port, zone] = v as unknown[];
    const host = (ip instanceof Uint8Array ? new IP(ip).String() : "") + (text(zone) && `%${text(zone)}`);
    return { Network: () => text(network), String: () => JoinHostPort(host, String(port)) };
  };
  const Err = code === "" ? errTimeout : syscallError(text(call), text(code));
  const fields = { Op: text(op), Net: text(network), Source: endPoint(source), Addr: endPoint(address), Err };
  return new OpError(fields).message;
}

/** syscallError is the error `code` of the system call `call`. */
export function syscallError(call: string, code: string, about?: Detail): SyscallError {
  const known = /^E[A-Z0-9_]{1,30}$/.test(code) ? code : "EIO";
  return withDetail(new SyscallError({ Syscall: call, Err: errno(known) }), about);
}

function detail(v: unknown): Detail | undefined {
  if (!Array.isArray(v)) {
    return undefined;
  }
  const [kind, name, reason] = v as unknown[];
  switch (kind) {
    case "policy":
      return { code: "GONET_POLICY", rule: text(name) };
    case "limit":
      return { code: "GONET_LIMIT", limit: text(name) };
    case "session":
      return { code: sessionLost, reason: text(reason) };
    default:
      return undefined;
  }
}

function text(v: unknown): string {
  return typeof v === "string" ? v : "";
}
