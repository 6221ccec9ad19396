// PacketSock pumps the packets of a socket that keeps boundaries: UDP, raw IP, unixgram, unixpacket. UnixSock pumps a
// Unix stream socket, whose bytes may come with descriptors.

import { again, type Fd, type Received, type Socket, SysError } from "../native/index.js";
import { dataPrefixBytes, frameType, maxPayloadBytes } from "../src/wire/frame.js";
import { headerOf, maxHeaderBytes, maxOOBBytes, type PacketType, parsePacket } from "../src/wire/packets.js";
import type { Stream } from "../src/wire/stream.js";
import type { Files } from "./files.js";
import { isUnix, type Network } from "./network.js";
import { Pump, type PumpTimes } from "./pump.js";

const firstRetryMs = 1;
const lastRetryMs = 50;
const noFiles: readonly [] = [];
const nothing = new Uint8Array(0);

// One buffer for every socket: what was received is copied out before anybody else can run.
const scratch = new Uint8Array(Buffer.allocUnsafeSlow(maxPayloadBytes - maxHeaderBytes - maxOOBBytes).buffer);

// packetFrame makes the frame of a packet whose bytes are in data.
function packetFrame(stream: Stream, received: Received, data: Uint8Array, files: Files): Uint8Array {
  const oob = files.adopt(received);
  const header = headerOf(stream.sentBytes, received.flags, received.addr, oob);
  const frame = new Uint8Array(dataPrefixBytes + header.length + received.n);
  frame.set(header, dataPrefixBytes);
  frame.set(data.subarray(0, received.n), dataPrefixBytes + header.length);
  return frame;
}

// ancillary is what sendMsg takes besides the bytes.
function ancillary(oob: Uint8Array, files: Files): { oob: Uint8Array | null; fds: readonly Fd[] } {
  if (oob.length === 0) return { oob: null, fds: noFiles };
  const { fds, length } = files.named(oob);
  return { oob: length > 0 ? oob.subarray(0, length) : null, fds };
}

export class PacketSock extends Pump {
  override pulled: PacketType;
  readonly #files: Files;
  readonly #network: Network;
  readonly #oobBytes: number;
  #retryMs = firstRetryMs;
  #retry: NodeJS.Timeout | undefined;
  // What was read to tell an empty record from the end, and is not handed over yet.
  #held: { received: Received; data: Uint8Array } | null = null;

  constructor(socket: Socket, stream: Stream, network: Network, files: Files, times: PumpTimes) {
    super(socket, stream, times);
    this.#files = files;
    this.#network = network;
    this.#oobBytes = isUnix(network) ? maxOOBBytes : 0;
    this.pulled = network.carries === "dgram" ? frameType.dgram : frameType.record;
  }

  protected receive(): Uint8Array | 0 | typeof again {
    const held = this.#held;
    if (held !== null) {
      this.#held = null;
      return packetFrame(this.stream, held.received, held.data, this.#files);
    }
    const received = this.socket.recvMsg(scratch, 0, scratch.length, this.#oobBytes);
    if (received === again) return again;
    if (this.#network.base === "unixpacket" && received.n === 0) {
      // The end of a seqpacket socket looks like an empty record, but it comes again and again.
      const next = this.socket.recvMsg(scratch, 0, scratch.length, this.#oobBytes);
      if (next !== again && next.n === 0) return 0;
      if (next !== again) this.#held = { received: next, data: scratch.slice(0, next.n) };
    }
    return packetFrame(this.stream, received, scratch, this.#files);
  }

  // A socket without a connection to lose goes on after an error: somebody answered by ICMP.
  protected override receiveFailed(err: SysError): boolean {
    if (this.#network.base === "unixpacket") return false;
    this.stream.fault(["errno", "", err.errno]);
    return true;
  }

  protected transmit(): boolean {
    const { stream, socket } = this;
    for (let payload = stream.peekPacket(); payload !== null; payload = stream.peekPacket()) {
      const { offset, packet } = parsePacket(payload);
      const error = this.#send(packet);
      if (error === again) return false;
      stream.dropPacket();
      stream.sentPacket(offset, error);
      if (socket.closed) return true;
    }
    this.#retryMs = firstRetryMs;
    return true;
  }

  #send(
    packet: ReturnType<typeof parsePacket>["packet"],
  ): readonly [string, string, string] | null | typeof again {
    try {
      const { data, address } = packet;
      const { oob, fds } = ancillary(packet.oob, this.#files);
      const n = this.socket.sendMsg(data, 0, data.length, address, oob, fds);
      return n === again ? again : null;
    } catch (err) {
      if (!(err instanceof SysError)) throw err;
      return ["errno", "", err.errno];
    }
  }

  // A unixgram socket whose receiver is full is writable to poll all the same.
  protected override waitsByPoll(): boolean {
    if (this.#network.base !== "unixgram") return true;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.flush();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
    return false;
  }

  protected override released(): void {
    clearTimeout(this.#retry);
  }
}

export class UnixSock extends Pump {
  readonly #files: Files;

  constructor(socket: Socket, stream: Stream, files: Files, times: PumpTimes) {
    super(socket, stream, times);
    this.#files = files;
  }

  protected receive(max: number): Uint8Array | 0 | typeof again {
    const received = this.socket.recvMsg(scratch, 0, Math.min(max, scratch.length), maxOOBBytes);
    if (received === again) return again;
    if (received.n === 0) return 0;
    if (received.oob.length > 0) {
      this.pulled = frameType.record;
      return packetFrame(this.stream, received, scratch, this.#files);
    }
    this.pulled = frameType.data;
    const frame = new Uint8Array(dataPrefixBytes + received.n);
    frame.set(scratch.subarray(0, received.n), dataPrefixBytes);
    return frame;
  }

  // As with TCP. A far end that closed takes nothing any more, and says so at once.
  protected override ask(): void {
    this.socket.write(nothing, 0, 0);
  }

  protected transmit(): boolean {
    const { stream, socket } = this;
    for (;;) {
      const chunk = stream.peek();
      if (chunk !== null) {
        const n = socket.write(chunk, 0, chunk.length);
        if (n === again) return false;
        stream.drop(n);
        continue;
      }
      const payload = stream.peekPacket();
      if (payload === null) return true;
      if (!this.#sendRecord(payload)) return false;
    }
  }

  // #sendRecord sends bytes with their ancillary data. If the kernel takes only some of the bytes, the rest follows
  // without it, as sendmsg called again would do.
  #rest: Uint8Array | null = null;

  #sendRecord(payload: Uint8Array): boolean {
    const { offset, packet } = parsePacket(payload);
    try {
      const first = this.#rest === null;
      const data = this.#rest ?? packet.data;
      const { oob, fds } = ancillary(first ? packet.oob : nothing, this.#files);
      const n = this.socket.sendMsg(data, 0, data.length, null, oob, fds);
      if (n === again) return false;
      this.#rest = n < data.length ? data.subarray(n) : null;
      if (this.#rest !== null) return true;
    } catch (err) {
      if (!(err instanceof SysError)) throw err;
      this.#rest = null;
      this.stream.dropPacket();
      this.stream.sentPacket(offset, ["errno", "", err.errno]);
      return true;
    }
    this.stream.dropPacket();
    this.stream.sentPacket(offset, null);
    return true;
  }
}
