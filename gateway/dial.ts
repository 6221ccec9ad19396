// Dial at the gateway: resolve, then try each address until one connects. The address that is connected to is the one
// that was resolved; a name is never handed to the kernel.

import { type Socket, SysError, writable } from "../native/index.js";
import { type Pieces, PiecesError } from "../src/wire/errors.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import type { Target } from "./args.js";
import { withPort } from "./iptext.js";
import { dnsFlags, type Lookup } from "./lookup.js";
import { dialFamily, inFamily, type Network, openSocket, type Room } from "./network.js";

const fallbackDelayMs = 300; // RFC 8305, 5; Go's default
const leastAttemptMs = 2000; // of the time that is left, one of several addresses gets at least this
const redials = 2; // after the kernel connected a socket to itself

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
  protocol: number; // of raw IP
  target: Target | null; // null: a unixgram socket that is only bound
  source: SockAddr | null;
  timeoutMs: number; // 0: none
  signal: AbortSignal; // CANCEL, or the session's end
  room: Room;
}

// Dialled is a connected socket, and where it was connected to; null if it is only bound.
export interface Dialled {
  readonly socket: Socket;
  readonly to: SockAddr | null;
}

// dial connects. It fails with a DialError; after signal is aborted no socket is left.
export async function dial(request: DialRequest, lookup: Lookup): Promise<Dialled> {
  const end = request.timeoutMs > 0 ? performance.now() + request.timeoutMs : Number.POSITIVE_INFINITY;
  const { network, target } = request;
  if (target === null) return connect(request, null, end, request.signal);
  const resolved = new AbortController();
  const addresses = await within(
    resolve(network, target, lookup, resolved.signal),
    end,
    request.signal,
    timeoutOf(target),
  ).finally(() => resolved.abort());
  const first = addresses[0] as SockAddr;
  const [primaries, fallbacks] = network.name === "tcp" ? partition(addresses, first) : [addresses, []];
  if (fallbacks.length === 0) return dialSerial(request, primaries, end, request.signal);
  return dialParallel(request, primaries, fallbacks, end);
}

// resolve gives the addresses of target that network allows, at least one.
// After stop its lookup goes no further.
export async function resolve(
  network: Network,
  target: Target,
  lookup: Lookup,
  stop?: AbortSignal,
): Promise<SockAddr[]> {
  if (target[0] !== "name") return [target];
  const [, host, portOrService] = target;
  const port =
    typeof portOrService === "number" ? portOrService : await lookup.port(network.base, portOrService);
  const ips = await lookup.ips(host, network.version, stop);
  const allowed = ips
    .map((ip) => withPort(ip, port))
    .filter((a) => network.version === null || a[0] === network.version);
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
): Promise<Dialled> {
  const loser = new AbortController();
  const signal = AbortSignal.any([request.signal, loser.signal]);
  return new Promise((resolve, reject) => {
    let won = false;
    let failed = 0;
    let primaryError: unknown;
    let fallbackStarted = false;
    const attempt = (addresses: readonly SockAddr[], isPrimary: boolean) => {
      dialSerial(request, addresses, end, signal).then(
        (dialled) => {
          if (won) return dialled.socket.close();
          won = true;
          clearTimeout(timer);
          resolve(dialled);
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
): Promise<Dialled> {
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
  to: SockAddr | null,
  end: number,
  signal: AbortSignal,
): Promise<Dialled> {
  const { source, network, protocol, room } = request;
  for (let round = 0; ; round++) {
    let socket: Socket | null = null;
    try {
      const family = dialFamily(network, source, to);
      socket = openSocket(network, { family, only6: network.version === 6, protocol, room });
      if (source !== null) socket.bind(inFamily(source, family));
      if (to === null) return { socket, to };
      await established(socket, inFamily(to, family), end, signal);
      if (network.base === "tcp" && round < redials && hasAnyPort(source) && isSelfConnected(socket)) {
        socket.close();
        continue;
      }
      return { socket, to };
    } catch (err) {
      socket?.close();
      if (err instanceof SysError) throw new DialError(["errno", err.syscall, err.errno], source, to);
      if (err instanceof PiecesError) throw new DialError(err.pieces, source, to);
      throw err;
    }
  }
}

function hasAnyPort(source: SockAddr | null): boolean {
  return source === null || (source[0] !== 1 && source[2] === 0);
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
