// The typed surface of the native addon: one class for one nonblocking socket of any family. This file is the only one
// that loads the binary and the only one that knows numbers; above it errors and options have names.
//
// Nothing here waits and nothing here decides: each method is one system call that returns at once. Who wants to wait
// sets onReady and says with wait() what for.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

// SockAddr is a socket address as plain data, the same shape as on the wire:
//   [4, 4 bytes, port]           IPv4
//   [6, 16 bytes, port, zone]    IPv6; zone is an interface's name, or "" for none
//   [1, name bytes]              Unix; no bytes for an unnamed socket, a first byte of 0 for an abstract name
// A zone that is no interface's name is read as a decimal index, and an index without an interface is written as one.
export type SockAddr =
  | readonly [family: 4, ip: Uint8Array, port: number]
  | readonly [family: 6, ip: Uint8Array, port: number, zone: string]
  | readonly [family: 1, name: Uint8Array];

// Family is the address family of a socket: IPv4, IPv6 or Unix.
export type Family = SockAddr[0];

const socketTypes = { stream: 0, dgram: 1, seqpacket: 2, raw: 3 } as const;

// SockType is the kind of a socket, as socket(2) names it.
export type SockType = keyof typeof socketTypes;

const shutdowns = { read: 0, write: 1, both: 2 } as const;

// OptionName is a socket option whose value is one int: bytes, seconds, milliseconds (TCP_USER_TIMEOUT), a count, or
// 0 and 1. On a system that lacks the option, getting and setting it fail with ENOPROTOOPT.
export type OptionName =
  | "IPV6_UNICAST_HOPS"
  | "IPV6_V6ONLY"
  | "IP_HDRINCL"
  | "IP_TOS"
  | "IP_TTL"
  | "SO_ACCEPTCONN"
  | "SO_BROADCAST"
  | "SO_ERROR"
  | "SO_KEEPALIVE"
  | "SO_RCVBUF"
  | "SO_REUSEADDR"
  | "SO_REUSEPORT"
  | "SO_SNDBUF"
  | "SO_TYPE"
  | "TCP_KEEPCNT"
  | "TCP_KEEPIDLE"
  | "TCP_KEEPINTVL"
  | "TCP_NODELAY"
  | "TCP_USER_TIMEOUT";

// again is what read and write return when the call would block.
export const again = -1;

// readable is the interest in, and the event of, bytes to read, a connection to accept, or the end of the stream.
export const readable = 1;

// writable is the interest in, and the event of, room to write, or a connect that has ended.
export const writable = 2;

// SysError is a system call that failed.
export class SysError extends Error {
  override readonly name = "SysError";

  // syscall is the name of the call, as Go's os.SyscallError has it: "connect", "accept4", "setsockopt".
  // errno is the name of the error, "ECONNREFUSED". If the system knows no name, it is "errno 12345".
  constructor(
    readonly syscall: string,
    readonly errno: string,
  ) {
    super(`${syscall}: ${errno}`);
  }
}

// Handle is the addon's own object. Its methods return what the call gave, or the negated errno.
interface Handle {
  readonly fd: number;
  onReady: (events: number) => void;
  wait(events: number): number;
  bind(address: SockAddr): number;
  listen(backlog: number): number;
  connect(address: SockAddr): number;
  accept(): Handle | number;
  read(bytes: Uint8Array, offset: number, length: number): number;
  write(bytes: Uint8Array, offset: number, length: number): number;
  shutdown(how: number): number;
  localAddr(): SockAddr | null | number;
  remoteAddr(): SockAddr | null | number;
  getOption(option: number): [value: number] | number;
  setOption(option: number, value: number): number;
  getLinger(): [seconds: number] | number;
  setLinger(seconds: number): number;
  close(): void;
}

// Received is what recvMsg got.
export interface Received {
  readonly n: number;
  readonly flags: number; // msg_flags, as the kernel gives them
  readonly addr: SockAddr | null; // null: a peer without a name, or a connected one that the kernel does not name
  readonly oob: Uint8Array;
  readonly fds: readonly Fd[]; // the descriptors of SCM_RIGHTS, owned, in their order
  readonly rights: readonly number[]; // where in oob each of them stands
}

// NetInterface is a network interface. The bits of flags are those of Go's net.Flags.
export interface NetInterface {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  readonly mac: Uint8Array;
  readonly flags: number;
  readonly addrs: readonly { readonly ip: Uint8Array; readonly prefix: number }[];
}

// SocketKind is what a socket was opened as.
export interface SocketKind {
  readonly family: Family;
  readonly type: SockType;
  readonly protocol: number;
}

// FdHandle is the addon's own object for one descriptor of any kind.
interface FdHandle {
  readonly fd: number;
  dup(): FdHandle | number;
  toSocket(): Handle | number;
  read(bytes: Uint8Array, offset: number, length: number): number;
  write(bytes: Uint8Array, offset: number, length: number): number;
  close(): void;
}

interface Messages {
  recvMsg(b: Uint8Array, offset: number, length: number, oobLength: number): Received | number;
  sendMsg(
    b: Uint8Array,
    offset: number,
    length: number,
    to: SockAddr | null,
    oob: Uint8Array | null,
    fds: readonly Fd[],
  ): number;
  kind(): SocketKind | number;
  dup(): FdHandle | number;
  setMulticastInterface(index: number): number;
  setMulticastLoop(on: boolean): number;
  setMulticastTTL(n: number): number;
  joinGroup(group: Uint8Array, index: number): number;
  leaveGroup(group: Uint8Array, index: number): number;
}

interface System {
  interfaces(): NetInterface[] | number;
  liveFds(): number;
}

interface Binding {
  open(family: number, type: number, protocol: number): Handle | number;
  live(): number;
  readonly errnos: Readonly<Record<number, string>>;
  readonly options: Readonly<Record<OptionName, number>>;
}

let loaded: Binding | undefined;

// wouldBlock is EAGAIN negated, once the addon is loaded; until then nothing returns it.
let wouldBlock = Number.NaN;

// loadAddon loads the binary, if that has not been done. Everything else here does it by itself; a program calls it
// at start to hear early that the binary is missing.
//
// If the environment has GONET_ADDON, that file is loaded and no other. Otherwise it is native/build/Release/gonet.node
// or the prebuilt binary for this system, both below the package this module belongs to. If there is none, or it does
// not load, it throws an Error that says what to do.
export function loadAddon(): void {
  loaded ??= load();
}

// liveSockets counts the sockets with an open descriptor in this process, those of other threads included. It is for
// tests that look for leaks.
export function liveSockets(): number {
  return addon().live();
}

// Socket is one nonblocking socket. It is open from the start; a dropped one is closed when it is collected as garbage,
// except while it waits. Every method but close throws SysError with EBADF after close. A method that is given a wrong
// type throws TypeError, an impossible value RangeError.
export class Socket {
  // onReady is called from the event loop with the bits that hold, for as long as they hold: an event that is not
  // answered comes again with the next turn. An error condition is reported as readable and writable, whatever was
  // waited for, so that the next call meets it. An exception it throws becomes an uncaughtException.
  onReady: ((events: number) => void) | null = null;

  readonly #handle: Handle;

  private constructor(handle: Handle) {
    this.#handle = handle;
    handle.onReady = (events) => this.onReady?.(events);
  }

  // open is socket(2); the descriptor is nonblocking and not inherited. Protocol 0 is the type's usual one.
  static open(family: Family, type: SockType, protocol = 0): Socket {
    const handle = addon().open(family, indexOf(socketTypes, type, "type"), protocol);
    return new Socket(typeof handle === "number" ? fail("socket", handle) : handle);
  }

  // fd is the descriptor's number, for tests and logs; -1 after close.
  get fd(): number {
    return this.#handle.fd;
  }

  // closed says whether close was called.
  get closed(): boolean {
    return this.fd === -1;
  }

  // wait sets what onReady is called for: readable, writable, both, or 0 for nothing. It replaces what was set before.
  // While it is not 0, the event loop stays alive and the socket is kept. At 0 the kernel's buffers fill, and so the
  // far end slows down.
  wait(events: number): void {
    check("poll", this.#handle.wait(events));
  }

  // bind is bind(2). Port 0 takes a free port; an unnamed Unix address takes a free abstract name on Linux. A path too
  // long for a sockaddr_un, or with a zero byte inside, fails with EINVAL.
  bind(address: SockAddr): void {
    check("bind", this.#handle.bind(address));
  }

  // listen is listen(2). The kernel cuts the backlog to its own limit.
  listen(backlog: number): void {
    check("listen", this.#handle.listen(backlog));
  }

  // connect is connect(2). It returns true if the socket is connected at once. If it returns false, wait until it is
  // writable and call finishConnect.
  connect(address: SockAddr): boolean {
    const code = this.#handle.connect(address);
    if (code >= 0) return true;
    switch (errnoName(code)) {
      case "EISCONN":
        return true;
      case "EINPROGRESS":
      case "EALREADY":
      case "EINTR":
        return false;
      default:
        return fail("connect", code);
    }
  }

  // finishConnect asks how a pending connect went: true if the socket is connected, false if the event was a spurious
  // one and it is still on its way. A failed connect throws the errno it failed with.
  finishConnect(): boolean {
    const error = this.getOption("SO_ERROR");
    switch (error === 0 ? "" : errnoName(-error)) {
      case "":
        // No error is not yet success: only a connected socket has a peer.
        return this.remoteAddr() !== null;
      case "EISCONN":
        return true;
      case "EINPROGRESS":
      case "EALREADY":
      case "EINTR":
        return false;
      default:
        return fail("connect", -error);
    }
  }

  // accept takes the next connection out of the kernel's queue, or is null if none is there. One that was aborted in
  // the queue is passed over. Without a free descriptor (EMFILE, ENFILE) the connection stays in the queue and is
  // announced again in every turn of the loop, so stop waiting for a while.
  accept(): Socket | null {
    const handle = this.#handle.accept();
    if (typeof handle !== "number") return new Socket(handle);
    return handle === wouldBlock ? null : fail(acceptName(handle), handle);
  }

  // read is recv(2) into length bytes of b from offset on. It returns how many came, 0 at the end of the stream, or
  // again. Of length 0 it tells nothing. Nothing of b is kept.
  read(b: Uint8Array, offset: number, length: number): number {
    const n = this.#handle.read(b, offset, length);
    if (n >= 0) return n;
    return n === wouldBlock ? again : fail("read", n);
  }

  // write is send(2) of length bytes of b from offset on. It returns how many were taken, which may be fewer, or again.
  // A peer that is gone is EPIPE, never a signal. Nothing of b is kept.
  write(b: Uint8Array, offset: number, length: number): number {
    const n = this.#handle.write(b, offset, length);
    if (n >= 0) return n;
    return n === wouldBlock ? again : fail("write", n);
  }

  // shutdown is shutdown(2): it ends one direction, or both. The descriptor stays open.
  shutdown(how: "read" | "write" | "both"): void {
    check("shutdown", this.#handle.shutdown(indexOf(shutdowns, how, "how")));
  }

  // localAddr is the address of this end, as getsockname(2) gives it.
  localAddr(): SockAddr | null {
    const address = this.#handle.localAddr();
    return typeof address === "number" ? fail("getsockname", address) : address;
  }

  // remoteAddr is the address of the other end, as getpeername(2) gives it; null if the socket is not connected.
  remoteAddr(): SockAddr | null {
    const address = this.#handle.remoteAddr();
    if (typeof address !== "number") return address;
    return errnoName(address) === "ENOTCONN" ? null : fail("getpeername", address);
  }

  // getOption reads an option. Reading SO_ERROR clears it. Linux reports twice the buffer size that was set.
  getOption(name: OptionName): number {
    const value = this.#handle.getOption(indexOf(addon().options, name, "option"));
    return typeof value === "number" ? fail("getsockopt", value) : value[0];
  }

  // setOption sets an option.
  setOption(name: OptionName, value: number): void {
    check("setsockopt", this.#handle.setOption(indexOf(addon().options, name, "option"), value));
  }

  // getLinger reads SO_LINGER: seconds, or a negative number if it is off.
  getLinger(): number {
    const seconds = this.#handle.getLinger();
    return typeof seconds === "number" ? fail("getsockopt", seconds) : seconds[0];
  }

  // setLinger sets SO_LINGER, in seconds. At 0, close discards what was not sent and resets the connection. If seconds
  // is negative, close sends the rest in the background, as is usual.
  setLinger(seconds: number): void {
    check("setsockopt", this.#handle.setLinger(seconds));
  }

  // recvMsg is recvmsg(2).
  recvMsg(b: Uint8Array, offset: number, length: number, oobLength: number): Received | typeof again {
    const received = (this.#handle as unknown as Messages).recvMsg(b, offset, length, oobLength);
    if (typeof received !== "number") return received;
    return received === wouldBlock ? again : fail("recvmsg", received);
  }

  // sendMsg is sendmsg(2).
  sendMsg(
    b: Uint8Array,
    offset: number,
    length: number,
    to: SockAddr | null,
    oob: Uint8Array | null,
    fds: readonly Fd[],
  ): number {
    const n = (this.#handle as unknown as Messages).sendMsg(b, offset, length, to, oob, fds);
    if (n >= 0) return n;
    return n === wouldBlock ? again : fail("sendmsg", n);
  }

  // kind is what the socket was opened as.
  kind(): SocketKind {
    const kind = (this.#handle as unknown as Messages).kind();
    return typeof kind === "number" ? fail("getsockopt", kind) : kind;
  }

  // setMulticastInterface, setMulticastLoop and setMulticastTTL say how multicast packets leave.
  setMulticastInterface(index: number): void {
    check("setsockopt", (this.#handle as unknown as Messages).setMulticastInterface(index));
  }

  setMulticastLoop(on: boolean): void {
    check("setsockopt", (this.#handle as unknown as Messages).setMulticastLoop(on));
  }

  setMulticastTTL(n: number): void {
    check("setsockopt", (this.#handle as unknown as Messages).setMulticastTTL(n));
  }

  // joinGroup joins a multicast group on the interface of that index; 0 lets the kernel choose.
  joinGroup(group: Uint8Array, index: number): void {
    check("setsockopt", (this.#handle as unknown as Messages).joinGroup(group, index));
  }

  leaveGroup(group: Uint8Array, index: number): void {
    check("setsockopt", (this.#handle as unknown as Messages).leaveGroup(group, index));
  }

  // duplicate makes the Fd of this socket.
  duplicate(): Fd {
    const handle = (this.#handle as unknown as Messages).dup();
    return typeof handle === "number" ? fail("dup", handle) : new Fd(handle);
  }

  // adopt makes the Socket of an addon's object.
  static adopt(handle: unknown): Socket {
    return new Socket(handle as Handle);
  }

  // close ends the socket at once, also from within onReady, which is not called again. A second close does nothing.
  // The kernel sends what was written before; errors that show up then are lost, as with close(2).
  close(): void {
    this.#handle.close();
  }
}

// Fd is one owned descriptor of any kind: a file, a pipe, a socket.
export class Fd {
  readonly #handle: FdHandle;

  constructor(handle: unknown) {
    this.#handle = handle as FdHandle;
  }

  // of is a duplicate of a socket's descriptor.
  static of(socket: Socket): Fd {
    return socket.duplicate();
  }

  get fd(): number {
    return this.#handle.fd;
  }

  get closed(): boolean {
    return this.fd === -1;
  }

  dup(): Fd {
    const handle = this.#handle.dup();
    return typeof handle === "number" ? fail("dup", handle) : new Fd(handle);
  }

  // toSocket makes a nonblocking Socket of a duplicate.
  toSocket(): Socket {
    const handle = this.#handle.toSocket();
    return typeof handle === "number" ? fail("getsockopt", handle) : Socket.adopt(handle);
  }

  read(b: Uint8Array, offset: number, length: number): number {
    const n = this.#handle.read(b, offset, length);
    if (n >= 0) return n;
    return n === wouldBlock ? again : fail("read", n);
  }

  write(b: Uint8Array, offset: number, length: number): number {
    const n = this.#handle.write(b, offset, length);
    if (n >= 0) return n;
    return n === wouldBlock ? again : fail("write", n);
  }

  close(): void {
    this.#handle.close();
  }
}

// interfaces lists the network interfaces, by index.
export function interfaces(): NetInterface[] {
  const found = (addon() as unknown as System).interfaces();
  return typeof found === "number" ? fail("getifaddrs", found) : found;
}

// multicastGroups lists the groups that the interfaces have joined.
export function multicastGroups(): { index: number; ip: Uint8Array }[] {
  return [];
}

function addon(): Binding {
  loaded ??= load();
  return loaded;
}

function load(): Binding {
  const require = createRequire(import.meta.url);
  const file = process.env["GONET_ADDON"] ? resolve(process.env["GONET_ADDON"]) : find(require);
  let binding: Binding;
  try {
    binding = require(file) as Binding;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`gonet: the native addon ${file} does not load: ${reason}. ${howToBuild}`, { cause });
  }
  const code = Object.keys(binding.errnos).find((n) => binding.errnos[Number(n)] === "EAGAIN");
  wouldBlock = -Number(code);
  return binding;
}

const howToBuild =
  'Build it with "node scripts/addon.mjs" in the gonet package (needs a C++ compiler, make and Python 3).';

// find gives the path of the binary. The module may be the source file or part of a bundle in dist, so the package's
// folder is looked for upwards.
function find(require: NodeJS.Require): string {
  const start = dirname(fileURLToPath(import.meta.url));
  let folder = start;
  while (!existsSync(join(folder, "native", "binding.gyp"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error(
        `gonet: the native addon is missing: no folder above ${start} holds native/binding.gyp.`,
      );
    }
    folder = parent;
  }
  const home = join(folder, "native");
  try {
    const { path } = require("node-gyp-build") as { path(folder: string): string };
    return path(home);
  } catch (cause) {
    const wanted = `${join(home, "build", "Release", "gonet.node")}, nor a prebuilt one for ${platform()}-${arch()}`;
    throw new Error(`gonet: the native addon is missing: there is no ${wanted}. ${howToBuild}`, { cause });
  }
}

function errnoName(code: number): string {
  return addon().errnos[-code] ?? `errno ${-code}`;
}

function fail(syscall: string, code: number): never {
  throw new SysError(syscall, errnoName(code));
}

function check(syscall: string, code: number): void {
  if (code < 0) fail(syscall, code);
}

// indexOf is the number of a name. A name that is not in the table can only come from untyped code.
function indexOf<Name extends string>(
  table: Readonly<Record<Name, number>>,
  name: Name,
  what: string,
): number {
  if (!Object.hasOwn(table, name)) throw new TypeError(`gonet: ${String(name)} is no socket ${what}`);
  return table[name];
}

// acceptName is the call that Go names in an accept error. On Linux it is accept4, but with these errnos Go tries
// accept afterwards and reports that one.
function acceptName(code: number): string {
  if (platform() !== "linux") return "accept";
  return ["ENOSYS", "EINVAL", "EACCES", "EFAULT"].includes(errnoName(code)) ? "accept" : "accept4";
}
