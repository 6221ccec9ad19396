// The typed surface of the native addon: one class for one nonblocking socket of any family, and one for a descriptor of
// any kind. The numbers of the system stay below: here errors, options and kinds have names.
//
// Nothing here waits and nothing here decides: each method is one system call that returns at once. Who wants to wait
// sets onReady and says with wait() what for.

import { platform } from "node:os";
import {
  addon,
  check,
  errnoName,
  type Family,
  type FdHandle,
  fail,
  type Handle,
  indexOf,
  type SockAddr,
  SysError,
  wouldBlock,
} from "./binding.js";
import { addressOf, controlOf, factsOf, room } from "./message.js";
import {
  type OptionName,
  type SocketKind,
  type SockType,
  shutdowns,
  socketTypes,
  typeNames,
} from "./names.js";

export { type Family, loadAddon, type SockAddr, SysError } from "./binding.js";
export {
  type InterfaceAddr,
  interfaces,
  type MulticastGroup,
  multicastGroups,
  type NetInterface,
} from "./interfaces.js";
export type { OptionName, SocketKind, SockType } from "./names.js";

// Received is a message that came. n is the number of its bytes that were taken, 0 at the end of a stream, and flags are
// the kernel's msg_flags. addr is null if the kernel names no sender: the socket is connected, or the sender unnamed.
//
// oob is the ancillary data, in memory of its own, as the kernel laid it out (cmsg(3)). The descriptors in it are in
// fds, in their order, owned by the caller, who closes them; rights has the offset of each one's int32 in oob, which
// holds a number of this process and means nothing elsewhere. If there are none, oob, fds and rights can be the same
// objects for every message.
export interface Received {
  n: number;
  flags: number;
  addr: SockAddr | null;
  oob: Uint8Array;
  fds: readonly Fd[];
  rights: readonly number[];
}

// again is what read and write return when the call would block.
export const again = -1;

// readable is the interest in, and the event of, bytes to read, a connection to accept, or the end of the stream.
export const readable = 1;

// writable is the interest in, and the event of, room to write, or a connect that has ended.
export const writable = 2;

// liveSockets counts the sockets with an open descriptor in this process, those of other threads included. It is for
// tests that look for leaks.
export function liveSockets(): number {
  return addon().live();
}

// liveFds counts the same for Fd.
export function liveFds(): number {
  return addon().liveFds();
}

// handleOf is how Fd reaches into a Socket, and adoptSocket how it makes one.
let handleOf: (socket: Socket) => Handle;
let adoptSocket: (handle: Handle) => Socket;

// Socket is one nonblocking socket. It is open from the start; a dropped one is closed when it is collected as garbage,
// except while it waits. Every method but close throws SysError with EBADF after close. A method that is given a wrong
// type throws TypeError, an impossible value RangeError.
export class Socket {
  // onReady is called from the event loop with the bits that hold, for as long as they hold: an event that is not
  // answered comes again with the next turn. An error condition is reported as readable and writable, whatever was
  // waited for, so that the next call meets it. An exception it throws becomes an uncaughtException.
  onReady: ((events: number) => void) | null = null;

  readonly #handle: Handle;

  static {
    handleOf = (socket) => {
      if (socket instanceof Socket) return socket.#handle;
      throw new TypeError("gonet: socket must be a Socket");
    };
    adoptSocket = (handle) => new Socket(handle);
  }

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

  // recvMsg is recvmsg(2): it takes the next message, or bytes of a stream, into length bytes of b from offset on. What
  // does not fit is lost, and flags has MSG_TRUNC. If oobLength is 0, no ancillary data is asked for, and descriptors that
  // come are closed by the kernel; if there is not room for all of it, flags has MSG_CTRUNC.
  //
  // If oobLength is not 0 and length is, a socket that is not of type dgram gives up one byte of the stream all the same,
  // which is dropped, and n is 1: so does Go.
  recvMsg(b: Uint8Array, offset: number, length: number, oobLength: number): typeof again | Received {
    const control = room(oobLength);
    const got = this.#handle.recvMsg(b, offset, length, control, factsOf.memory);
    if (typeof got === "number") {
      if (got === wouldBlock) return again;
      if (got < 0) fail("recvmsg", got);
      const { flags } = factsOf;
      return { n: got, flags, addr: addressOf(), oob: controlOf(control), fds: noFds, rights: noRights };
    }
    const fds: Fd[] = [];
    const rights: number[] = [];
    for (const part of got) {
      if (typeof part === "number") rights.push(part);
      else fds.push(adoptFd(part));
    }
    const { n, flags } = factsOf;
    return { n, flags, addr: addressOf(), oob: controlOf(control), fds, rights };
  }

  // sendMsg is sendmsg(2) of length bytes of b from offset on. It returns how many were taken or again; on a datagram
  // socket of Linux that is full at the other end, poll calls it writable all the same, so wait for a time then. If to is
  // null, it goes to the peer.
  //
  // oob is ancillary data as cmsg(3) lays it out. The descriptors that it passes on are those of fds, in their order;
  // the numbers in their place do not matter. Their number has to be the same, or it fails with EINVAL, as it does if oob
  // is malformed. If b is empty and there is ancillary data, a zero byte is sent for it, except on a dgram socket, and
  // 0 is returned.
  sendMsg(
    b: Uint8Array,
    offset: number,
    length: number,
    to: SockAddr | null,
    oob: Uint8Array | null,
    fds: readonly Fd[],
  ): number {
    const handles = fds.length === 0 ? noHandles : fds.map(fdHandleOf);
    const n = this.#handle.sendMsg(b, offset, length, to, oob, handles);
    if (n >= 0) return n;
    return n === wouldBlock ? again : fail("sendmsg", n);
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

  // remoteAddr is the address of the other end, as getpeername(2) gives it; null if the socket is not connected, and on
  // Linux also if its peer has no port, as with raw sockets.
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

  // setMulticastInterface sets the interface, by its index, that groups are sent to; 0 lets the kernel choose. Like the
  // other methods on groups it goes by the socket's family.
  setMulticastInterface(index: number): void {
    check("setsockopt", this.#handle.setMulticastInterface(index));
  }

  // setMulticastLoop says whether what is sent to a group also comes to the members on this machine.
  setMulticastLoop(on: boolean): void {
    check("setsockopt", this.#handle.setMulticastLoop(on ? 1 : 0));
  }

  // setMulticastTTL sets over how many networks, 0 to 255, what is sent to a group may go.
  setMulticastTTL(n: number): void {
    check("setsockopt", this.#handle.setMulticastTTL(n));
  }

  // joinGroup makes the socket a member of a group (4 bytes, or 16 for IPv6) on an interface; 0 lets the kernel choose.
  joinGroup(group: Uint8Array, index: number): void {
    check("setsockopt", this.#handle.joinGroup(group, index));
  }

  // leaveGroup ends what joinGroup began.
  leaveGroup(group: Uint8Array, index: number): void {
    check("setsockopt", this.#handle.leaveGroup(group, index));
  }

  // kind says what the socket was made as.
  kind(): SocketKind {
    return kindOf(this.#handle.kind());
  }

  // close ends the socket at once, also from within onReady, which is not called again. A second close does nothing.
  // The kernel sends what was written before; errors that show up then are lost, as with close(2).
  close(): void {
    this.#handle.close();
  }
}

let fdHandleOf: (fd: Fd) => FdHandle;
let adoptFd: (handle: FdHandle) => Fd;

// Fd is one owned descriptor of any kind: a file, a pipe, a socket. A dropped one is closed when it is collected as
// garbage. Every method but close fails with EBADF after close.
export class Fd {
  readonly #handle: FdHandle;

  static {
    fdHandleOf = (fd) => {
      if (fd instanceof Fd) return fd.#handle;
      throw new TypeError("gonet: fds must be an array of Fd");
    };
    adoptFd = (handle) => new Fd(handle);
  }

  private constructor(handle: FdHandle) {
    this.#handle = handle;
  }

  // of gives a socket a second descriptor, not inherited by child processes. They share everything but the number: also
  // being nonblocking. The call that fails is fcntl, as in Go.
  static of(socket: Socket): Fd {
    return newFd(handleOf(socket).dup());
  }

  // fd is the descriptor's number, for tests and logs; -1 after close.
  get fd(): number {
    return this.#handle.fd;
  }

  // closed says whether close was called.
  get closed(): boolean {
    return this.fd === -1;
  }

  // dup gives it a second descriptor, as of does for a socket.
  dup(): Fd {
    return newFd(this.#handle.dup());
  }

  // toSocket gives a socket of its own on a second descriptor, whatever its type. It makes the thing both share
  // nonblocking, as Go does. What is no socket fails in getsockopt with ENOTSOCK; a socket of a family or type that has
  // no place here fails with EPROTONOSUPPORT in no call, which is the empty string.
  toSocket(): Socket {
    if (this.closed) throw new SysError("fcntl", "EBADF");
    kindOf(this.#handle.kind());
    const handle = this.#handle.toSocket();
    return adoptSocket(typeof handle === "number" ? fail("fcntl", handle) : handle);
  }

  // read is read(2) into length bytes of b from offset on. It returns how many came, 0 at the end, or again, also on a
  // descriptor that would block; nothing announces then when there will be more, so try later.
  read(b: Uint8Array, offset: number, length: number): number {
    const n = this.#handle.read(b, offset, length);
    if (n >= 0) return n;
    return n === wouldBlock ? again : fail("read", n);
  }

  // write is write(2) of length bytes of b from offset on. It returns how many were taken, which may be fewer, or again,
  // for which the same holds as for read. A pipe or socket nobody reads from is EPIPE, never a signal.
  write(b: Uint8Array, offset: number, length: number): number {
    const n = this.#handle.write(b, offset, length);
    if (n >= 0) return n;
    return n === wouldBlock ? again : fail("write", n);
  }

  // close closes the descriptor, once.
  close(): void {
    this.#handle.close();
  }
}

const noFds: readonly Fd[] = Object.freeze([]);
const noRights: readonly number[] = Object.freeze([]);
const noHandles: readonly FdHandle[] = Object.freeze([]);

function newFd(handle: FdHandle | number): Fd {
  return adoptFd(typeof handle === "number" ? fail("fcntl", handle) : handle);
}

function kindOf(kind: readonly [family: number, type: number, protocol: number] | number): SocketKind {
  if (typeof kind === "number") return fail("getsockopt", kind);
  const [family, index, protocol] = kind;
  const type = typeNames[index];
  if (family === -1 || type === undefined) throw new SysError("", "EPROTONOSUPPORT");
  return { family: family as Family, type, protocol };
}

// acceptName is the call that Go names in an accept error. On Linux it is accept4, but with these errnos Go tries
// accept afterwards and reports that one.
function acceptName(code: number): string {
  if (platform() !== "linux") return "accept";
  return ["ENOSYS", "EINVAL", "EACCES", "EFAULT"].includes(errnoName(code)) ? "accept" : "accept4";
}
