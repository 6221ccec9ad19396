// Packets on streams: DGRAM and RECORD payloads to and from their parts, and the client's side of sending
// them (docs/protocol.md, part 10).

import type { Deadline } from "./deadline.js";
import { ClosedError, DeadlineError, type Pieces, PiecesError, WireError } from "./errors.js";
import { dataPrefixBytes, frameType, maxPayloadBytes } from "./frame.js";
import type { SockAddr } from "./sockaddr.js";
import type { Source, Stream } from "./stream.js";

const offsetBytes = 8;
const flagsBytes = 4;
const ipv4Bytes = 4;
const ipv6Bytes = 16;
const uint32 = 2 ** 32;

// maxOOBBytes bounds the ancillary data of one packet; a kernel's default limit is 20 KiB for sending.
export const maxOOBBytes = 20 * 1024;

// maxHeaderBytes is the longest a header can be without ancillary data: a Unix name, a zone.
export const maxHeaderBytes = offsetBytes + flagsBytes + 1 + 255 + 2;

// Packet is what one system call sent or received.
export interface Packet {
  readonly flags: number;
  readonly address: SockAddr | null;
  readonly oob: Uint8Array;
  readonly data: Uint8Array;
}

// PacketType is the frame type of a stream's packets.
export type PacketType = typeof frameType.dgram | typeof frameType.record;

// headerOf makes the header of a packet.
export function headerOf(
  offset: number,
  flags: number,
  address: SockAddr | null,
  oob: Uint8Array,
): Uint8Array {
  const name = address === null ? new Uint8Array(0) : addressBytes(address);
  const header = new Uint8Array(offsetBytes + flagsBytes + 1 + name.length + 2 + oob.length);
  const view = new DataView(header.buffer);
  view.setUint32(0, Math.floor(offset / uint32));
  view.setUint32(4, offset % uint32);
  view.setUint32(offsetBytes, flags);
  let at = offsetBytes + flagsBytes;
  header[at++] = name.length;
  header.set(name, at);
  at += name.length;
  view.setUint16(at, oob.length);
  header.set(oob, at + 2);
  return header;
}

function addressBytes(a: SockAddr): Uint8Array {
  if (a[0] === 1) return Uint8Array.of(1, ...a[1]);
  const [family, ip, port] = a;
  const zone = family === 6 ? Array.from(a[3], (c) => c.charCodeAt(0) & 0xff) : [];
  return Uint8Array.of(family, ...ip, port >> 8, port & 0xff, ...zone);
}

// parsePacket takes a payload apart; its parts are views on it. What is not a packet throws WireError.
export function parsePacket(payload: Uint8Array): { offset: number; packet: Packet } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  let at = offsetBytes + flagsBytes + 1;
  if (payload.length < at + 2) throw new WireError("malformed");
  const offset = view.getUint32(0) * uint32 + view.getUint32(4);
  if (!Number.isSafeInteger(offset)) throw new WireError("malformed");
  const flags = view.getUint32(offsetBytes);
  const nameEnd = at + (payload[at - 1] as number);
  if (nameEnd + 2 > payload.length) throw new WireError("malformed");
  const address = nameEnd === at ? null : parseAddress(payload.subarray(at, nameEnd));
  const oobBytes = view.getUint16(nameEnd);
  at = nameEnd + 2;
  if (at + oobBytes > payload.length || oobBytes > maxOOBBytes) throw new WireError("malformed");
  const oob = payload.subarray(at, at + oobBytes);
  return { offset, packet: { flags, address, oob, data: payload.subarray(at + oobBytes) } };
}

function parseAddress(b: Uint8Array): SockAddr {
  const family = b[0];
  if (family === 1) return [1, b.slice(1)];
  const ipBytes = family === 4 ? ipv4Bytes : ipv6Bytes;
  const zoneAt = 1 + ipBytes + 2;
  if ((family !== 4 && family !== 6) || b.length < zoneAt) throw new WireError("malformed");
  const port = ((b[1 + ipBytes] as number) << 8) | (b[2 + ipBytes] as number);
  const ip = b.slice(1, 1 + ipBytes);
  if (family === 6) return [6, ip, port, String.fromCharCode(...b.subarray(zoneAt))];
  if (b.length !== zoneAt) throw new WireError("malformed");
  return [4, ip, port];
}

// maxPacketBytes is how much one packet may hold with this address and ancillary data.
export function maxPacketBytes(address: SockAddr | null, oob: Uint8Array): number {
  const name = address === null ? 0 : addressBytes(address).length;
  return maxPayloadBytes - (offsetBytes + flagsBytes + 1 + name + 2 + oob.length);
}

interface Outgoing {
  readonly packet: Packet;
  readonly type: PacketType;
  offset: number; // -1 until it was framed
  settle(error: Error | null): void;
}

// PacketWriter is the client's side of sending packets: they go out in order, and each write ends when the gateway
// said what became of its packet.
export class PacketWriter implements Source {
  pulled: PacketType = frameType.record;
  readonly #stream: Stream;
  readonly #waiting: Outgoing[] = []; // not framed
  readonly #sent: Outgoing[] = []; // framed, not answered

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.source = this;
    stream.onSent = (offset, error) => this.#answered(offset, error);
    stream.onWritable = () => this.#changed();
    stream.onDetached = () => this.#detached();
  }

  // write sends one packet. A DGRAM without a link to go out on is dropped, as by a network; that is no error. It fails with ClosedError, DeadlineError (the packet may go out all the same), or what
  // the kernel said. The caller's bytes are copied before it returns.
  write(packet: Packet, type: PacketType, limit: Pick<Deadline, "expired" | "subscribe">): Promise<void> {
    return new Promise((resolve, reject) => {
      const problem = this.#stream.sendProblem();
      if (problem !== null) return reject(problem);
      if (limit.expired) return reject(new DeadlineError());
      if (type === frameType.dgram && this.#stream.isDetached) {
        this.#stream.dropped();
        return resolve();
      }
      let unsubscribe = () => {};
      const outgoing: Outgoing = {
        packet: { ...packet, oob: packet.oob.slice(), data: packet.data.slice() },
        type,
        offset: -1,
        settle: (error) => {
          unsubscribe();
          remove(this.#waiting, outgoing);
          remove(this.#sent, outgoing);
          if (error === null) resolve();
          else reject(error);
        },
      };
      unsubscribe = limit.subscribe(() => outgoing.settle(new DeadlineError()));
      this.#waiting.push(outgoing);
      this.#stream.ready();
    });
  }

  pull(): Uint8Array | null {
    const outgoing = this.#waiting.shift();
    if (outgoing === undefined) return null;
    const { flags, address, oob, data } = outgoing.packet;
    outgoing.offset = this.#stream.sentBytes;
    const header = headerOf(outgoing.offset, flags, address, oob);
    const frame = new Uint8Array(dataPrefixBytes + header.length + data.length);
    frame.set(header, dataPrefixBytes);
    frame.set(data, dataPrefixBytes + header.length);
    this.pulled = outgoing.type;
    this.#sent.push(outgoing);
    return frame;
  }

  #answered(offset: number, error: Pieces | null): void {
    while (this.#sent.length > 0) {
      const first = this.#sent[0] as Outgoing;
      if (first.offset > offset) return;
      first.settle(first.offset === offset && error !== null ? new PiecesError(error) : null);
    }
  }

  // #detached ends the writes of what was lost with the link, or finds none. RECORDs are sent again.
  #detached(): void {
    for (const outgoing of this.#waiting.filter(({ type }) => type === frameType.dgram)) {
      this.#stream.dropped();
      outgoing.settle(null);
    }
    for (const outgoing of this.#sent.filter(({ type }) => type === frameType.dgram)) outgoing.settle(null);
  }

  // #changed ends every write when the stream is closed or failed.
  #changed(): void {
    const { state } = this.#stream;
    if (state === "open") return;
    for (const outgoing of [...this.#sent, ...this.#waiting]) {
      outgoing.settle(this.#stream.sendProblem() ?? new ClosedError());
    }
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
