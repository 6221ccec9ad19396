// Dial and listen at the gateway: resolve, then try each address until one connects. The address that is
// connected to is the one that was resolved; a name is never handed to the kernel.

import { Socket, SysError, writable } from "../native/index.js";
import { type Pieces, PiecesError } from "../src/wire/errors.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import type { Target } from "./args.js";
import { withPort } from "./iptext.js";
import { dnsFlags, type Lookup } from "./lookup.js";

const fallbackDelayMs = 300; // RFC 8305, 5; Go's default
const leastAttemptMs = 2000; // of the time that is left, one of several addresses gets at least this
const redials = 2; // after the kernel connected a socket to itself
const backlog = 128;

export type Network = "tcp" | "tcp4" | "tcp6";

// isNetwork tells the networks this gateway serves.
export function isNetwork(s: string): s is Network {
  return s === "tcp" || s === "tcp4" || s === "tcp6";
}

// DialError is why a dial or listen failed, and which addresses it was about.
export class DialError extends PiecesError {
  readonly source: SockAddr | null;
  readonly addr: SockAddr | null;
  constructor(pieces: Pieces, source: SockAddr | null, addr: SockAddr | null) {
    super(pieces);
    this.name = "DialError";
    this.source = source;
    this.addr = addr;
  }
}

export interface DialRequest {
  network: Network;
  target: Target;
  source: SockAddr | null;
  timeoutMs: number; // 0: none
  signal: AbortSignal; // CANCEL, or the session's end
}

// dial connects. It fails with a DialError; after signal is aborted no socket is left.
export async function dial(request: DialRequest, lookup: Lookup): Promise<Socket> {
  const end = request.timeoutMs > 0 ? performance.now() + request.timeoutMs : Number.POSITIVE_INFINITY;
  const resolved = new AbortController();
  const addresses = await within(
    resolve(request.network, request.target, lookup, resolved.signal),
    end,
    request.signal,
    timeoutOf(request.target),
  ).finally(() => resolved.abort());
  const first = addresses[0] as SockAddr;
  const [primaries, fallbacks] = request.network === "tcp" ? partition(addresses, first) : [addresses, []];
  if (fallbacks.length === 0) return dialSerial(request, primaries, end, request.signal);
  return dialParallel(request, primaries, fallbacks, end);
}

// resolve gives the addresses of target that network allows, at least one. After stop its lookup goes no further.
export async function resolve(
  network: Network,
  target: Target,
  lookup: Lookup,
  stop?: AbortSignal,
): Promise<SockAddr[]> {
  if (target[0] !== "name") return [target];
  const [, host, portOrService] = target;
  const port = typeof portOrService === "number" ? portOrService : await lookup.port("tcp", portOrService);
  const version = network === "tcp4" ? 4 : network === "tcp6" ? 6 : null;
  const ips = await lookup.ips(host, version, stop);
  const allowed = ips.map((ip) => withPort(ip, port)).filter((a) => version === null || a[0] === version);
  if (allowed.length === 0) throw new PiecesError(["addr", "no suitable address found", host]);
  return allowed;
}

// timeoutOf is the error of a dial that ran out of time before it knew an address.
function timeoutOf(target: Target): DialError {
  if (target[0] !== "name") return new DialError(["timeout"], null, target);
  return new DialError(["dns", "i/o timeout", target[1], "", dnsFlags.timeout], null, null);
}

// within waits for work until end or until signal is aborted; a PiecesError of work is about no address.
async function within<T>(work: Promise<T>, end: number, signal: AbortSignal, late: DialError): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(canceled());
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort);
      if (end !== Number.POSITIVE_INFINITY) {
        timer = setTimeout(() => reject(late), Math.max(0, end - performance.now()));
      }
      work.then(resolve, reject);
    });
  } catch (err) {
    if (err instanceof PiecesError && !(err instanceof DialError))
      throw new DialError(err.pieces, null, null);
    throw err;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function canceled(): DialError {
  return new DialError(["canceled"], null, null);
}

function partition(addresses: readonly SockAddr[], first: SockAddr): [SockAddr[], SockAddr[]] {
  const same = (a: SockAddr) => a[0] === first[0];
  return [addresses.filter(same), addresses.filter((a) => !same(a))];
}

// dialParallel races the two families: the second starts when the first has failed, or has taken long.
function dialParallel(
  request: DialRequest,
  primaries: readonly SockAddr[],
  fallbacks: readonly SockAddr[],
  end: number,
): Promise<Socket> {
  const loser = new AbortController();
  const signal = AbortSignal.any([request.signal, loser.signal]);
  return new Promise((resolve, reject) => {
    let won = false;
    let failed = 0;
    let primaryError: unknown;
    let fallbackStarted = false;
    const attempt = (addresses: readonly SockAddr[], isPrimary: boolean) => {
      dialSerial(request, addresses, end, signal).then(
        (socket) => {
          if (won) return socket.close();
          won = true;
          clearTimeout(timer);
          resolve(socket);
          loser.abort();
        },
        (err: unknown) => {
          if (won) return;
          failed++;
          if (isPrimary) primaryError = err;
          if (isPrimary) startFallback();
          if (failed === 2) reject(primaryError);
        },
      );
    };
    const startFallback = () => {
      clearTimeout(timer);
      if (fallbackStarted) return;
      fallbackStarted = true;
      attempt(fallbacks, false);
    };
    const timer = setTimeout(startFallback, fallbackDelayMs);
    attempt(primaries, true);
  });
}

// dialSerial tries one address after the other; the first one's error is the error.
async function dialSerial(
  request: DialRequest,
  addresses: readonly SockAddr[],
  end: number,
  signal: AbortSignal,
): Promise<Socket> {
  let firstError: unknown = null;
  for (const [i, address] of addresses.entries()) {
    try {
      return await connect(request, address, attemptEnd(end, addresses.length - i), signal);
    } catch (err) {
      firstError ??= err;
      if (signal.aborted) break;
    }
  }
  throw firstError;
}

// attemptEnd shares the time that is left between the addresses that are left.
function attemptEnd(end: number, addressesLeft: number): number {
  if (end === Number.POSITIVE_INFINITY) return end;
  const now = performance.now();
  const left = end - now;
  const share = Math.max(left / addressesLeft, Math.min(leastAttemptMs, left));
  return now + share;
}

// connect makes one attempt.
async function connect(
  request: DialRequest,
  to: SockAddr,
  end: number,
  signal: AbortSignal,
): Promise<Socket> {
  const { source, network } = request;
  for (let round = 0; ; round++) {
    let socket: Socket | null = null;
    try {
      const remote = forNetwork(to, familyFor(network, source, to));
      socket = Socket.open(remote[0], "stream");
      if (remote[0] === 6) socket.setOption("IPV6_V6ONLY", network === "tcp6" ? 1 : 0);
      if (source !== null) socket.bind(forNetwork(source, remote[0]));
      await established(socket, remote, end, signal);
      const anyPort = source === null || (source[0] !== 1 && source[2] === 0);
      if (round < redials && anyPort && isSelfConnected(socket)) {
        socket.close();
        continue;
      }
      return socket;
    } catch (err) {
      socket?.close();
      const pieces = err instanceof SysError ? (["errno", err.syscall, err.errno] as const) : null;
      if (pieces !== null) throw new DialError(pieces, source, to);
      if (err instanceof DialError) throw new DialError(err.pieces, source, to);
      throw err;
    }
  }
}

// established waits until the socket is connected.
function established(socket: Socket, remote: SockAddr, end: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(canceled());
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const settle = (then: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.onReady = null;
      if (!socket.closed) socket.wait(0);
      then();
    };
    const onAbort = () => settle(() => reject(canceled()));
    const late = () => settle(() => reject(new DialError(["timeout"], null, null)));
    try {
      if (socket.connect(remote)) return resolve();
    } catch (err) {
      return reject(err);
    }
    signal.addEventListener("abort", onAbort);
    if (end !== Number.POSITIVE_INFINITY) timer = setTimeout(late, Math.max(0, end - performance.now()));
    socket.onReady = () => {
      try {
        if (socket.finishConnect()) settle(resolve);
      } catch (err) {
        settle(() => reject(err));
      }
    };
    socket.wait(writable);
  });
}

// A simultaneous open of a socket with itself can happen on loopback, when the kernel picks the very port
// that is dialled. Nobody wants that connection.
function isSelfConnected(socket: Socket): boolean {
  const local = socket.localAddr();
  const remote = socket.remoteAddr();
  if (local === null || remote === null || local[0] === 1 || remote[0] === 1) return false;
  return local[2] === remote[2] && Buffer.compare(local[1], remote[1]) === 0;
}

// familyFor chooses the family of the socket: the network's, else IPv4 if both addresses are.
function familyFor(network: Network, source: SockAddr | null, to: SockAddr): 4 | 6 {
  if (network === "tcp4") return 4;
  if (network === "tcp6") return 6;
  return to[0] === 4 && (source === null || source[0] === 4) ? 4 : 6;
}

// forNetwork writes an address in the family of the socket: IPv4 in IPv6 is ::ffff:a.b.c.d.
function forNetwork(a: SockAddr, family: number): SockAddr {
  if (a[0] === family) return a;
  if (a[0] === 4) return [6, mapped(a[1]), a[2], ""];
  throw new DialError(["addr", "non-IPv4 address", Buffer.from(a[1]).toString("hex")], null, null);
}

function mapped(ip: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[10] = 0xff;
  bytes[11] = 0xff;
  bytes.set(ip, 12);
  return bytes;
}

export interface ListenRequest {
  network: Network;
  target: Target | null; // null: any address, any port
}

// listen opens a listening socket. It fails with a DialError.
export async function listen(request: ListenRequest, lookup: Lookup): Promise<Socket> {
  const at = await listenAddress(request, lookup);
  const { family, only6, address } = listenFamily(request.network, at);
  let socket: Socket | null = null;
  try {
    socket = Socket.open(family, "stream");
    if (family === 6) socket.setOption("IPV6_V6ONLY", only6 ? 1 : 0);
    socket.setOption("SO_REUSEADDR", 1);
    socket.bind(address);
    socket.listen(backlog);
    return socket;
  } catch (err) {
    socket?.close();
    if (err instanceof SysError) throw new DialError(["errno", err.syscall, err.errno], null, at);
    throw err;
  }
}

// listenAddress resolves the target; of several addresses it takes the first IPv4 one, as Go does.
async function listenAddress(request: ListenRequest, lookup: Lookup): Promise<SockAddr | null> {
  if (request.target === null) return null;
  try {
    const found = await resolve(request.network, request.target, lookup);
    return found.find((a) => a[0] === 4) ?? (found[0] as SockAddr);
  } catch (err) {
    if (err instanceof PiecesError) throw new DialError(err.pieces, null, null);
    throw err;
  }
}

// listenFamily is Go's choice: a wildcard on "tcp" listens on both families with one IPv6 socket.
function listenFamily(
  network: Network,
  at: SockAddr | null,
): { family: 4 | 6; only6: boolean; address: SockAddr } {
  const port = at === null || at[0] === 1 ? 0 : at[2];
  const any4: SockAddr = [4, new Uint8Array(4), port];
  const any6: SockAddr = [6, new Uint8Array(16), port, ""];
  const isWildcard = at === null || at[0] === 1 || at[1].every((b) => b === 0);
  if (network === "tcp4") return { family: 4, only6: false, address: isWildcard ? any4 : (at as SockAddr) };
  if (network === "tcp6") {
    return { family: 6, only6: true, address: isWildcard ? any6 : forNetwork(at as SockAddr, 6) };
  }
  if (isWildcard) {
    return hasIPv6()
      ? { family: 6, only6: false, address: any6 }
      : { family: 4, only6: false, address: any4 };
  }
  return { family: (at as SockAddr)[0] === 4 ? 4 : 6, only6: false, address: at as SockAddr };
}

let ipv6: boolean | null = null;

// hasIPv6 finds out once whether the kernel can bind an IPv6 socket.
function hasIPv6(): boolean {
  if (ipv6 !== null) return ipv6;
  let socket: Socket | null = null;
  try {
    socket = Socket.open(6, "stream");
    socket.bind([6, new Uint8Array(16), 0, ""]);
    ipv6 = true;
  } catch {
    ipv6 = false; // no IPv6 in this kernel: that is the answer
  } finally {
    socket?.close();
  }
  return ipv6;
}
