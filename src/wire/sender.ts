// Sender makes the frames of a session and puts them on its link: at the end of a task, control frames first, then
// one DATA frame of each stream in turn, as long as credit, the replay queue and the link's buffer have room.

import { Acks } from "./acks.js";
import type { Credit } from "./credit.js";
import {
  type ControlFrame,
  dataPrefixBytes,
  encode,
  frameType,
  maxPayloadBytes,
  writePrefix,
} from "./frame.js";
import type { Limits } from "./limits.js";
import { Outbox } from "./outbox.js";
import { Replay } from "./replay.js";
import type { Stream } from "./stream.js";
import type { Transport } from "./transport.js";

const flushAtBytes = 64 * 1024; // a message of this size gains nothing from growing
const calmMicrotasks = 32; // a write through the layers above takes a dozen; all of them together a microsecond
const sharedTurnBytes = 64 * 1024; // of one stream in one turn while others wait

// SenderOwner is the session, as far as its sender needs it.
export interface SenderOwner {
  readonly limits: Limits;
  // ready says that the handshake is done, so that frames may leave.
  readonly ready: boolean;
  // received is the number of the last frame that came.
  readonly received: number;
  // maxControlBytes is how much of control frames may wait for their ACK.
  readonly maxControlBytes: number;
  // unanswered says that more wait.
  unanswered(): void;
  // broken takes an error of our own.
  broken(err: unknown): void;
}

export class Sender {
  readonly replay = new Replay();
  readonly acks = new Acks(() => this.want());
  readonly #owner: SenderOwner;
  readonly #credit: Credit;
  #transport: Transport | null = null;
  #outbox: Outbox | null = null;
  #control: { bytes: Uint8Array; numbered: boolean }[] = [];
  #queuedBytes = 0; // in #control
  #ring: Stream[] = [];
  #pumpDue = false;
  #flushDue = false;
  #calm = 0; // microtasks since the last pump
  #pongDue: number | null = null;

  constructor(owner: SenderOwner, credit: Credit) {
    this.#owner = owner;
    this.#credit = credit;
  }

  // attach sends over transport from now on.
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#outbox = new Outbox(transport);
  }

  // controlBytes is the memory of control frames that wait to be sent or acknowledged.
  get controlBytes(): number {
    return this.replay.controlBytes + this.#queuedBytes;
  }

  // queue takes the bytes of a control frame. It goes before any data that is not yet framed.
  queue(bytes: Uint8Array, numbered: boolean): void {
    this.#control.push({ bytes, numbered });
    this.#queuedBytes += bytes.length;
    this.want();
    this.#checkKept();
  }

  // pong answers a PING, when there is room for it.
  pong(token: number): void {
    this.#pongDue = token;
    this.want();
  }

  // schedule puts a stream in line for its turn to send.
  schedule(stream: Stream): void {
    if (!stream.inRing) {
      stream.inRing = true;
      this.#ring.push(stream);
    }
    this.want();
  }

  // heard goes on with what waited for room in a link without drain events: the peer was heard.
  heard(): void {
    if (this.#ring.length > 0 || this.acks.isDue || this.#pongDue !== null) this.want();
  }

  // want pumps at the end of the task.
  want(): void {
    if (this.#pumpDue || this.#transport === null) return;
    this.#pumpDue = true;
    queueMicrotask(() => {
      this.#pumpDue = false;
      try {
        this.pump();
      } catch (err) {
        this.#owner.broken(err);
      }
    });
  }

  // pump makes and sends what may be sent now.
  pump(): void {
    const transport = this.#transport;
    const outbox = this.#outbox;
    if (transport === null || outbox === null || !this.#owner.ready) return;
    transport.cork();
    try {
      this.#pumpControl(outbox, (transport.bufferedBytes() ?? 0) < this.#owner.limits.linkBuffer);
      this.#pumpData(outbox, transport);
      if (outbox.pendingBytes >= flushAtBytes) outbox.flush();
    } finally {
      transport.uncork();
    }
    this.#flushSoon();
    this.#checkKept();
  }

  // sendNow sends a frame outside the pump: the handshake and the last words.
  sendNow(frame: ControlFrame): void {
    this.#transport?.send(encode(frame));
  }

  // detach ends sending and gives the transport. flush says whether what is framed leaves before.
  detach(flush: boolean): Transport | null {
    const transport = this.#transport;
    const outbox = this.#outbox;
    this.#transport = null;
    this.#outbox = null;
    if (flush) outbox?.flush();
    return transport;
  }

  // clear drops everything: the session is over.
  clear(): void {
    this.acks.reset();
    this.#pongDue = null;
    this.replay.clear();
    this.#ring = [];
    this.#control = [];
  }

  // #flushSoon sends what was framed, once nobody adds to it: when some microtasks have passed without another
  // pump. So the small writes of somebody who awaits each of them share messages, and a lone frame waits for
  // no timer and no turn of the event loop.
  #flushSoon(): void {
    this.#calm = 0;
    if (this.#flushDue || this.#outbox?.pendingBytes === 0) return;
    this.#flushDue = true;
    const look = () => {
      if (this.#calm++ < calmMicrotasks) return queueMicrotask(look);
      this.#flushDue = false;
      try {
        this.#outbox?.flush();
      } catch (err) {
        this.#owner.broken(err);
      }
    };
    queueMicrotask(look);
  }

  // #checkKept ends the session of a peer that asks and asks but acknowledges nothing: its answers would be kept
  // for ever.
  #checkKept(): void {
    if (this.#owner.ready && this.controlBytes > this.#owner.maxControlBytes) this.#owner.unanswered();
  }

  // #pumpControl sends what is not data. Without room in the link, ACK and PONG wait: they are not kept and not
  // counted, and a peer that asks for them but reads nothing would make the link's buffer grow for ever.
  #pumpControl(outbox: Outbox, room: boolean): void {
    const { acks } = this;
    if ((acks.isDue || (this.#credit.isDue && acks.pending)) && room) {
      acks.reset();
      outbox.add(encode([frameType.ack, this.#owner.received]));
    }
    if (this.#pongDue !== null && room) {
      outbox.add(encode([frameType.pong, this.#pongDue]));
      this.#pongDue = null;
    }
    for (const frame of this.#credit.take()) this.#control.push({ bytes: encode(frame), numbered: true });
    for (const { bytes, numbered } of this.#control) {
      if (numbered) this.replay.keep(bytes, 0);
      outbox.add(bytes);
    }
    this.#control = [];
    this.#queuedBytes = 0;
  }

  #pumpData(outbox: Outbox, transport: Transport): void {
    const { limits } = this.#owner;
    const stopped: Stream[] = []; // by the session's credit or the replay queue, which DGRAM does not need
    while (this.#ring.length > 0) {
      const buffered = transport.bufferedBytes() ?? this.replay.dataBytes;
      if (buffered + outbox.pendingBytes >= limits.linkBuffer) break;
      const stream = this.#ring.shift() as Stream;
      const room = stream.isUnnumbered
        ? maxPayloadBytes
        : Math.min(this.#credit.room, limits.replayBytes - this.replay.dataBytes);
      if (room <= 0) {
        stopped.push(stream);
        continue;
      }
      stream.inRing = false;
      if (stream.state !== "open" || stream.finSent || stream.peerClosed) continue;
      const turn = this.#ring.length > 0 ? sharedTurnBytes : maxPayloadBytes;
      const max = Math.min(room, stream.sendCredit, turn);
      if (max <= 0) continue; // handleCredit puts it back in line
      const frame = stream.source.pull(max);
      if (frame === null) continue;
      const n = frame.length - dataPrefixBytes;
      const type = stream.source.pulled ?? frameType.data;
      writePrefix(frame, type, stream.id);
      stream.spent(n);
      if (type !== frameType.dgram) {
        this.#credit.spent(n);
        this.replay.keep(frame, n);
      }
      outbox.add(frame);
      if (stream.state === "open" && !stream.inRing) {
        stream.inRing = true;
        this.#ring.push(stream);
      }
    }
    if (stopped.length > 0) this.#ring = stopped.concat(this.#ring);
  }
}
