// packetFD is Go's network descriptor of a socket that keeps boundaries: each read takes one packet, each write sends
// one. unixFD is the one of a Unix stream socket, whose bytes may come with descriptors of files.

import { Descriptor, type Sock, streamError, untilClosed } from "./descriptor.js";
import { netFD } from "./fd.js";
import { EOF } from "./io.js";
import { withSignal } from "./limit.js";
import { type Addr, ErrClosed } from "./net.js";
import { syscallError } from "./pieces.js";
import { cutOOB, dropRights } from "./rights.js";
import { MSG_CMSG_CLOEXEC, MSG_CTRUNC, MSG_TRUNC } from "./syscall.js";
import { frameType } from "./wire/frame.js";
import { maxOOBBytes, maxPacketBytes, type Packet, PacketWriter, parsePacket } from "./wire/packets.js";
import type { SockAddr } from "./wire/sockaddr.js";

/** Message is what recvmsg gives: oobn bytes of ancillary data, msg_flags, and who sent it, if that is known. */
export interface Message {
  readonly n: number;
  readonly oobn: number;
  readonly flags: number;
  readonly from: SockAddr | null;
}

const nothing = new Uint8Array(0);

/** packetFD is one socket of UDP, raw IP, unixgram or unixpacket. */
export class packetFD extends Descriptor {
  /** isConnected reports whether the socket was connected when it was made, as it is by a dial. */
  readonly isConnected: boolean;
  readonly #isUnix: boolean;
  readonly #hasEnd: boolean;
  readonly #writer: PacketWriter;

  /** The stream's isUnnumbered was set when it was opened: see {@link carriesDatagrams}. */
  constructor(sock: Sock, net: string, laddr: Addr, raddr: Addr | null, isConnected: boolean) {
    super(sock, net, laddr, raddr);
    this.isConnected = isConnected;
    this.#isUnix = net.startsWith("unix");
    this.#hasEnd = net === "unixpacket";
    this.#writer = new PacketWriter(sock.stream);
  }

  /** Read copies one packet into b. */
  async Read(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    if (b.length === 0) {
      this.mustBeOpen();
      return 0;
    }
    const [n] = await this.#receive("read", b, signal);
    return n;
  }

  /** ReadFrom copies one packet into b and says who sent it. */
  async ReadFrom(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, from: SockAddr | null]> {
    const [n, packet] = await this.#receive("recvfrom", b, signal);
    return [n, packet.address];
  }

  /** ReadMsg copies one packet into b and its ancillary data into oob. */
  async ReadMsg(b: Uint8Array, oob: Uint8Array, signal?: AbortSignal): Promise<Message> {
    const [n, packet] = await this.#receive("recvmsg", b, signal, oob);
    const cut = cutOOB(this.session, packet.oob, oob);
    const flags =
      (this.#isUnix ? packet.flags : packet.flags & ~MSG_CMSG_CLOEXEC) |
      (packet.data.length > b.length ? MSG_TRUNC : 0) |
      (cut.isCut ? MSG_CTRUNC : 0);
    return { n, oobn: cut.n, flags, from: packet.address };
  }

  // Takes the next packet and copies it into b. Files that come with it are closed if nobody asked for them.
  async #receive(
    call: string,
    b: Uint8Array,
    signal?: AbortSignal,
    oob?: Uint8Array,
  ): Promise<[n: number, packet: Packet]> {
    const packet = await this.#next(call, signal);
    if (packet === null) {
      throw this.#hasEnd ? EOF : syscallError(call, "ECONNRESET");
    }
    if (oob === undefined) {
      dropRights(this.session, packet.oob);
    }
    const n = Math.min(b.length, packet.data.length);
    b.set(n < packet.data.length ? packet.data.subarray(0, n) : packet.data);
    if (n === 0 && this.#hasEnd) {
      throw EOF;
    }
    return [n, packet];
  }

  async #next(call: string, signal?: AbortSignal): Promise<Packet | null> {
    const release = await this.enter(this.readLock, signal);
    try {
      const payload = await this.stream.readPacket(withSignal(this.readDeadline, signal));
      return payload === null ? null : parsePacket(payload).packet;
    } catch (err) {
      throw streamError(err, call, signal);
    } finally {
      release();
    }
  }

  /** Write sends b as one packet to the other end. */
  Write(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    return this.#send("write", b, nothing, null, signal);
  }

  /** WriteTo sends b as one packet to an address. */
  WriteTo(b: Uint8Array, to: SockAddr, signal?: AbortSignal): Promise<number> {
    return this.#send("sendto", b, nothing, to, signal);
  }

  /** WriteMsg sends b as one packet with ancillary data. */
  WriteMsg(b: Uint8Array, oob: Uint8Array, to: SockAddr | null, signal?: AbortSignal): Promise<number> {
    return this.#send("sendmsg", b, oob, to, signal);
  }

  // There is no lock here: packets go out whole, in the order of the calls.
  async #send(
    call: string,
    data: Uint8Array,
    oob: Uint8Array,
    to: SockAddr | null,
    signal?: AbortSignal,
  ): Promise<number> {
    this.mustBeOpen();
    mustFit(call, data, oob, to);
    const type = this.#isUnix ? frameType.record : frameType.dgram;
    const limit = withSignal(this.writeDeadline, signal);
    try {
      await this.#writer.write({ flags: 0, address: to, oob, data }, type, limit);
      return data.length;
    } catch (err) {
      throw streamError(err, call, signal);
    }
  }

  /** Close closes, and resolves when the gateway has done so; calls that wait end with ErrClosed. */
  override Close(): Promise<void> {
    this.mustBeOpen();
    const { session, stream } = this;
    for (let payload = stream.peekPacket(); payload !== null; payload = stream.peekPacket()) {
      stream.dropPacket();
      dropRights(session, parsePacket(payload).packet.oob);
    }
    stream.close();
    return untilClosed({ session, stream });
  }

  /** CloseWrite ends our direction; a socket of datagrams has none to end. */
  override CloseWrite(): void {
    this.mustBeOpen();
    if (this.#isUnix) {
      super.CloseWrite();
    }
  }
}

function mustFit(call: string, data: Uint8Array, oob: Uint8Array, to: SockAddr | null): void {
  if (oob.length > maxOOBBytes) {
    throw syscallError(call, "ENOBUFS");
  }
  if (data.length > maxPacketBytes(to, oob)) {
    throw syscallError(call, "EMSGSIZE");
  }
}

/** unixFD is one connected Unix stream socket. */
export class unixFD extends netFD {
  /** isConnected reports whether the socket was made by a dial. */
  readonly isConnected: boolean;
  // What is left of bytes that came with ancillary data, of which a read took a part.
  #rest: Uint8Array = nothing;

  constructor(sock: Sock, net: string, laddr: Addr, raddr: Addr | null, isConnected: boolean) {
    super(sock, net, laddr, raddr);
    this.isConnected = isConnected;
  }

  // What comes with the bytes of a Read is dropped, as the kernel does it.
  protected override async receive(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    const [n, oob] = await this.#take(b, signal);
    dropRights(this.session, oob);
    return n;
  }

  /** ReadFrom is Read with another name in its errors; the sender is the other end, if that has a name. */
  async ReadFrom(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    const [n, oob] = await this.#receive("recvfrom", b, signal);
    dropRights(this.session, oob);
    return n;
  }

  /** ReadMsg fills b, and oob with the ancillary data that came with those bytes. */
  async ReadMsg(b: Uint8Array, oob: Uint8Array, signal?: AbortSignal): Promise<Omit<Message, "from">> {
    // Without a byte to carry it no ancillary data arrives, so Go asks for one that nobody sees.
    const into = b.length === 0 && oob.length > 0 ? new Uint8Array(1) : b;
    const [n, came] = await this.#receive("recvmsg", into, signal);
    const { n: oobn, isCut } = cutOOB(this.session, came, oob);
    return { n, oobn, flags: MSG_CMSG_CLOEXEC | (isCut ? MSG_CTRUNC : 0) };
  }

  async #receive(call: string, b: Uint8Array, signal?: AbortSignal): Promise<[n: number, oob: Uint8Array]> {
    const release = await this.enter(this.readLock, signal);
    try {
      this.mustBeOpen();
      const [n, oob] = b.length === 0 ? [0, nothing] : await this.#take(b, signal);
      if (n === 0) {
        throw EOF;
      }
      return [n, oob];
    } catch (err) {
      throw streamError(err, call, signal);
    } finally {
      release();
    }
  }

  // Moves what comes next into b: bytes without ancillary data, or bytes with the one that belongs to them.
  async #take(b: Uint8Array, signal?: AbortSignal): Promise<[n: number, oob: Uint8Array]> {
    if (this.#rest.length > 0 && !this.readDeadline.expired && !this.closed) {
      return [this.#move(b, this.#rest), nothing];
    }
    const n = await this.stream.read(b, withSignal(this.readDeadline, signal));
    const payload = n === 0 ? this.stream.peekPacket() : null;
    if (payload === null) {
      return [n, nothing];
    }
    this.stream.dropPacket();
    const { data, oob } = parsePacket(payload).packet;
    return [this.#move(b, data), oob];
  }

  #move(b: Uint8Array, from: Uint8Array): number {
    const n = Math.min(b.length, from.length);
    b.set(from.subarray(0, n));
    this.#rest = from.subarray(n);
    return n;
  }

  /**
   * WriteMsg sends b together with oob and resolves to the number of bytes, which may be fewer than there are in a very
   * long b, as with a kernel.
   */
  async WriteMsg(b: Uint8Array, oob: Uint8Array, signal?: AbortSignal): Promise<number> {
    // As for reading: what carries no byte does not arrive.
    const data = b.length === 0 && oob.length > 0 ? new Uint8Array(1) : b;
    const release = await this.enter(this.writeLock, signal);
    try {
      const limit = withSignal(this.writeDeadline, signal);
      if (oob.length === 0) {
        return await this.stream.write(data, limit);
      }
      this.mustBeOpen();
      const part = data.subarray(0, maxPacketBytes(null, nothing) - maxOOBBytes);
      mustFit("sendmsg", part, oob, null);
      await this.#sendRecord({ flags: 0, address: null, oob, data: part }, limit);
      return Math.min(part.length, b.length);
    } catch (err) {
      throw streamError(err, "sendmsg", signal);
    } finally {
      release();
    }
  }

  // For the time of one record the stream sends packets; the write lock keeps everybody else away.
  async #sendRecord(packet: Packet, limit: Parameters<PacketWriter["write"]>[2]): Promise<void> {
    const { stream } = this;
    const { source, onSent, onDetached } = stream;
    try {
      await new PacketWriter(stream).write(packet, frameType.record, limit);
    } finally {
      stream.source = source;
      stream.onSent = onSent;
      stream.onDetached = onDetached;
      stream.onWritable = null;
    }
  }

  /** Close closes; calls that wait end with ErrClosed. What was written arrives. */
  // BUG: a Unix stream closed with data unread is an ordinary end to the other side, where a kernel would give it
  // ECONNRESET: the gateway has taken the data from the kernel already.
  override Close(): void {
    if (this.closed) {
      throw ErrClosed;
    }
    const { session, stream } = this;
    // Files that were not looked at would stay open at the gateway.
    for (;;) {
      const chunk = stream.peek();
      const payload = chunk === null ? stream.peekPacket() : null;
      if (chunk !== null) {
        stream.drop(chunk.length);
      } else if (payload !== null) {
        stream.dropPacket();
        dropRights(session, parsePacket(payload).packet.oob);
      } else {
        break;
      }
    }
    stream.close();
  }
}

/** carriesDatagrams reports whether a stream of that network carries DGRAM: a stream is told so before anything comes. */
export function carriesDatagrams(network: unknown): boolean {
  return typeof network === "string" && /^(udp|ip)[46]?$/.test(network);
}
