// Opening a socket at the gateway, of whatever family: the operation, its limits, and its errors.

import { opError } from "./conn.js";
import { same } from "./errorvalue.js";
import { goError } from "./goerror.js";
import { limitError, withSignal } from "./limit.js";
import { LateError, type Link, type Opened } from "./link.js";
import { type Addr, DNSError, errTimeout, type OpError } from "./net.js";
import { ErrDeadlineExceeded } from "./os.js";
import { carriesDatagrams } from "./packetfd.js";
import { fromPieces } from "./pieces.js";
import { familyFor, type IPPort, toSockAddr } from "./sockaddr.js";
import { Deadline } from "./wire/deadline.js";
import { RefusedError } from "./wire/errors.js";
import type { SockAddr } from "./wire/sockaddr.js";

const maxTimeoutMs = 2 ** 31 - 1;

/** NamedTarget is a name that the gateway looks up, with a port or the name of a service. */
export interface NamedTarget {
  readonly host: string;
  readonly port: number | string;
}

/** isNamed tells a name to look up from an address. */
export function isNamed(target: Addr | NamedTarget | null): target is NamedTarget {
  return target !== null && "host" in target;
}

/** SockOption is an option of dial and listen, by the name that the gateway knows. */
export type SockOption = readonly [name: string, value: number | boolean];

/** Ends say when an operation has to be done: deadline is in milliseconds since 1970, null is never. */
export interface Ends {
  readonly deadline?: number | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** WireTarget is where a dial or listen goes as the gateway wants to have it. */
export type WireTarget = SockAddr | readonly ["name", string, number | string] | null;

/** SockDial is a dial of any family. */
export interface SockDial extends Ends {
  /** network is what errors name, afnet the same without a protocol. */
  readonly network: string;
  readonly afnet: string;
  readonly laddr: Addr | null;
  readonly target: Addr | NamedTarget | null;
  readonly options: readonly SockOption[];
  /** encode gives both addresses for the gateway, or throws what is wrong with them. */
  encode(): { readonly to: WireTarget; readonly from: SockAddr | null };
  /** decode reads an address that came from the gateway. */
  decode(v: unknown): Addr | null;
}

/** dialSock dials and fails with an OpError that names the addresses. */
export async function dialSock(link: Link, dial: SockDial): Promise<Opened> {
  const { network, afnet, laddr, target, signal } = dial;
  const raddr = isNamed(target) ? null : target;
  const end = dial.deadline ?? null;
  const deadline = new Deadline();
  deadline.set(end);
  const options = [...dial.options];
  if (isNamed(target) && end !== null) {
    // The gateway divides the time between the addresses of the name.
    options.push(["timeout", Math.min(maxTimeoutMs, Math.max(1, Math.ceil(end - Date.now())))]);
  }
  try {
    const { to, from } = dial.encode();
    return await link.open("dial", [afnet, to, from, options], withSignal(deadline, signal), carrying(afnet));
  } catch (err) {
    const refused = err instanceof LateError ? err.refused : err instanceof RefusedError ? err : null;
    const addr = raddr ?? dial.decode(refused?.addr);
    const failure =
      err instanceof LateError
        ? lateDial(target, addr, limitError(signal))
        : refused === null
          ? goError(err, "connect")
          : fromPieces(refused.pieces, "connect");
    throw dialError(network, laddr, addr, failure);
  }
}

/** carrying says what the stream of a network will carry, for {@link Link.open}. */
export function carrying(network: string): Parameters<Link["open"]>[3] {
  if (!carriesDatagrams(network)) {
    return {};
  }
  return {
    onOpened(stream) {
      stream.isUnnumbered = true;
    },
  };
}

// lateDial is the error of a dial whose time is over, or that was given up. Without an address it was still being looked for.
function lateDial(target: Addr | NamedTarget | null, addr: Addr | null, why: Error): Error {
  const isTimeout = same(why, ErrDeadlineExceeded) || same(why, errTimeout);
  const err = isTimeout ? errTimeout : why;
  if (addr !== null || !isNamed(target)) {
    return err;
  }
  return new DNSError({ Err: err.message, Name: target.host, IsTimeout: isTimeout });
}

/** dialError is an OpError of dialling. Its source is the local address that was asked for. */
export function dialError(network: string, source: Addr | null, addr: Addr | null, err: Error): OpError {
  return opError({ Op: "dial", Net: network, Source: source, Addr: addr, Err: err });
}

/** SockListen is a listen of any family. */
export interface SockListen {
  /** op is "listen", "listenPacket" or "listenMulticast". */
  readonly op: string;
  readonly network: string;
  readonly afnet: string;
  /** laddr is what errors name; null if it is a name that is not looked up yet. */
  readonly laddr: Addr | null;
  readonly signal?: AbortSignal | undefined;
  /** encode gives the arguments after the network, or throws what is wrong with them. */
  encode(): readonly unknown[];
  decode(v: unknown): Addr | null;
}

/** listenSock listens and fails with an OpError. */
export async function listenSock(link: Link, listen: SockListen): Promise<Opened> {
  const { op, network, afnet, laddr, signal } = listen;
  try {
    const args = [afnet, ...listen.encode()];
    return await link.open(op, args, withSignal(new Deadline(), signal), carrying(afnet));
  } catch (err) {
    if (err instanceof RefusedError) {
      throw listenError(network, laddr ?? listen.decode(err.addr), fromPieces(err.pieces, "listen"));
    }
    throw listenError(network, laddr, err instanceof LateError ? limitError(signal) : goError(err, "listen"));
  }
}

/** listenError is an OpError of listening. */
export function listenError(network: string, addr: Addr | null, err: Error): OpError {
  return opError({ Op: "listen", Net: network, Addr: addr, Err: err });
}

/** named is a name as the gateway wants to have it. */
export function named(target: NamedTarget): readonly ["name", string, number | string] {
  return ["name", target.host, target.port];
}

/** dialledIP gives both addresses of a dial of TCP, UDP or IP, written in the family of the socket. */
export function dialledIP(
  afnet: string,
  laddr: IPPort | null,
  target: IPPort | NamedTarget,
): { readonly to: WireTarget; readonly from: SockAddr | null } {
  const raddr = "host" in target ? null : target;
  const family = familyFor(afnet, laddr, raddr);
  const from = laddr === null ? null : toSockAddr(family, laddr, "bind");
  const to = "host" in target ? named(target) : toSockAddr(family, target, "connect");
  return { to, from };
}

/** listenedIP is the address of a listen on TCP, UDP or IP, written in the family of the socket. */
export function listenedIP(afnet: string, target: IPPort | NamedTarget): WireTarget {
  return "host" in target ? named(target) : toSockAddr(familyFor(afnet, target, null), target, "bind");
}
