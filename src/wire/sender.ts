// Sender makes the frames of a session and puts them on its line: at the end of a task, control frames first, then
// one DATA frame of each stream in turn, as long as credit, the replay queue and the link's buffer have room. Numbered
// frames go by way of the replay queue. Without a line they wait there, and the next one begins with what the peer lacks.

import { Acks } from "./acks.js";
import type { Credit } from "./credit.js";
import { WireError } from "./errors.js";
import { dataPrefixBytes, encode, frameType, maxPayloadBytes, writePrefix } from "./frame.js";
import { Frames } from "./frames.js";
import type { Limits } from "./limits.js";
import type { Line } from "./line.js";
import { soon } from "./microtask.js";
import { type FrameOwner, Replay } from "./replay.js";
import { Stall } from "./stall.js";
import type { Stream } from "./stream.js";

const calmMicrotasks = 32; // a write through the layers above takes a dozen; all of them together a microsecond
const sharedTurnBytes = 64 * 1024; // of one stream in one turn while others wait

// SenderOwner is the session, as far as its sender needs it.
export interface SenderOwner {
  readonly limits: Limits;
  // ready says that there was a handshake, so that frames may be made.
  readonly ready: boolean;
  // received is the number of the last frame that came.
  readonly received: number;
  // maxControlBytes is how much of control frames may wait for their ACK.
  readonly maxControlBytes: number;
  // stalled says that the line takes nothing more.
  stalled(): void;
  // unanswered says that more wait.
  unanswered(): void;
  // broken takes an error of our own.
  broken(err: unknown): void;
}

export class Sender {
  readonly replay = new Replay();
  readonly frames = new Frames();
  readonly acks = new Acks(() => this.want());
  readonly #owner: SenderOwner;
  readonly #credit: Credit;
  readonly #defer: (pump: () => void) => void;
  // The last message of a pump waits for others of the same task to join it: whoever awaits each small write.
  readonly #growsInTask: boolean;
  readonly #stall: Stall;
  #line: Line | null = null;
  #control: Uint8Array[] = []; // numbered frames
  #queuedBytes = 0; // in #control
  #ring: Stream[] = [];
  #isHeld = false;
  #pumpDue = false;
  #flushDue = false;
  #areFree = true; // no transport so far looks at a frame that the peer has
  #calm = 0; // microtasks since the last pump
  #pongDue: number | null = null;
  #pingDue: number | null = null;
  // What was kept when the line began may stay so long beyond the limit: without a line nobody could acknowledge it.
  #excess = { bytes: 0, seq: 0 };
  // replayed counts the frames that were put on a link again.
  replayed = 0;

  // defer calls what it is given at the end of a turn of the event loop. Without it the sender pumps at the end of a task.
  constructor(owner: SenderOwner, credit: Credit, defer?: (pump: () => void) => void) {
    this.#owner = owner;
    this.#credit = credit;
    this.#defer = defer ?? soon;
    this.#growsInTask = defer === undefined;
    this.#stall = new Stall({
      ms: owner.limits.stallMs,
      isFull: () => this.#line !== null && this.#isFull(this.#line),
      left: () => this.#left(),
      stalled: () => owner.stalled(),
    });
  }

  // attach sends over line from now on. On a line that takes up a session, peerReceived is the number of the last frame
  // that the peer has; the first frame is an ACK then.
  attach(line: Line, peerReceived: number | null): void {
    this.#line = line;
    this.#areFree &&= line.transport.memory !== undefined;
    if (peerReceived !== null) {
      this.#acknowledge(peerReceived);
      this.replay.rewind(peerReceived);
      this.replayed += Math.max(0, this.replay.highest - peerReceived);
      const bytes = Math.min(this.controlBytes, this.#owner.maxControlBytes);
      this.#excess = { bytes, seq: this.replay.nextSeq - 1 };
      this.#ack(line);
    }
    this.want();
  }

  // detach ends sending over the line. flush says whether what is on its way to the transport leaves before.
  detach(flush: boolean): void {
    const line = this.#line;
    this.#line = null;
    this.#pongDue = null;
    this.#pingDue = null;
    this.acks.reset();
    this.#stall.free();
    if (flush) line?.outbox.flush();
  }

  // acknowledge takes the peer's ACK. A number that was not put on this line, or is below the last one, throws WireError.
  acknowledge(seq: number): void {
    if (seq >= this.replay.nextSeq - this.replay.unsent) throw new WireError("bad ack");
    this.#acknowledge(seq);
    this.want();
  }

  #acknowledge(seq: number): void {
    this.replay.acknowledge(seq, this.#areFree);
  }

  // controlBytes is the memory of control frames that wait to be sent or acknowledged.
  get controlBytes(): number {
    return this.replay.controlBytes + this.#queuedBytes;
  }

  // queue takes the bytes of a numbered control frame. It goes before any data that is not yet framed.
  queue(bytes: Uint8Array): void {
    this.#control.push(bytes);
    this.#queuedBytes += bytes.length;
    this.want();
    this.#checkKept();
  }

  // pong answers a PING, when there is room for it.
  pong(token: number): void {
    this.#pongDue = token;
    this.want();
  }

  // ping asks the peer for a sign of life.
  ping(token: number): void {
    this.#pingDue = token;
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

  // hold makes no more DATA while it is held.
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.want();
  }

  // heard goes on with what waited for room in a link without drain events: the peer was heard.
  heard(): void {
    const isBehind = this.#ring.length > 0 || this.replay.unsent > 0;
    if (isBehind || this.acks.isDue || this.#pongDue !== null) this.want();
  }

  // want pumps at the end of the task, or of the turn.
  want(): void {
    if (this.#pumpDue || !this.#owner.ready) return;
    this.#pumpDue = true;
    this.#defer(this.#pumpNow);
  }

  readonly #pumpNow = (): void => {
    this.#pumpDue = false;
    try {
      this.pump();
    } catch (err) {
      this.#owner.broken(err);
    }
  };

  // pump makes and sends what may be sent now.
  pump(): void {
    if (!this.#owner.ready) return;
    const line = this.#line;
    line?.transport.cork();
    try {
      this.#pumpControl(line);
      if (line !== null) this.#catchUp(line);
      this.#pumpData(line);
      if (line !== null && this.#isFull(line)) this.#stall.full();
      else this.#stall.free();
      if (!this.#growsInTask || line?.outbox.isFull) line?.outbox.flush();
    } finally {
      line?.transport.uncork();
    }
    this.#flushSoon();
    this.#checkKept();
  }

  // finish puts all that is kept on the line, whatever room there is in it: only the last words come after it.
  finish(): void {
    this.pump();
    const line = this.#line;
    if (line === null) return;
    for (let frame = this.replay.next(); frame !== null; frame = this.replay.next()) line.outbox.add(frame);
    line.outbox.flush();
  }

  // neverSent gives the numbered control frames that were put on no link at all.
  neverSent(): Set<Uint8Array> {
    return new Set([...this.replay.neverSent(), ...this.#control]);
  }

  // clear drops everything: the session is over.
  clear(): void {
    this.#stall.free();
    this.acks.reset();
    this.#pongDue = null;
    this.replay.clear();
    this.frames.clear();
    this.#ring = [];
    this.#control = [];
  }

  // #flushSoon sends what was framed, once nobody adds to it: when some microtasks have passed without another
  // pump. So the small writes of somebody who awaits each of them share messages, and a lone frame waits for
  // no timer and no turn of the event loop.
  #flushSoon(): void {
    this.#calm = 0;
    if (this.#flushDue || this.#line === null || this.#line.outbox.pendingBytes === 0) return;
    this.#flushDue = true;
    const look = () => {
      if (this.#calm++ < calmMicrotasks) return soon(look);
      this.#flushDue = false;
      try {
        this.#line?.outbox.flush();
      } catch (err) {
        this.#owner.broken(err);
      }
    };
    soon(look);
  }

  // #checkKept ends the session of a peer that asks and asks but acknowledges nothing: its answers would be kept
  // for ever.
  #checkKept(): void {
    if (this.#line === null || !this.#owner.ready) return;
    const excess = this.replay.acknowledged < this.#excess.seq ? this.#excess.bytes : 0;
    if (this.controlBytes > this.#owner.maxControlBytes + excess) this.#owner.unanswered();
  }

  #ack(line: Line): void {
    this.acks.reset();
    line.outbox.add(encode([frameType.ack, this.#owner.received]));
  }

  // #put numbers and keeps a frame, and puts it on the line unless others wait before it.
  #put(line: Line | null, frame: Uint8Array, payload: number, owner?: FrameOwner): void {
    this.replay.keep(frame, payload, owner);
    if (line === null || this.replay.unsent > 1) return;
    this.replay.next();
    line.outbox.add(frame);
  }

  // #catchUp puts kept frames on a new line, as far as there is room.
  #catchUp(line: Line): void {
    while (this.replay.unsent > 0 && this.#waiting(line, 0) < this.#owner.limits.linkBuffer) {
      line.outbox.add(this.replay.next() as Uint8Array);
    }
  }

  // #waiting is how many bytes wait on this side of the link, or unknown if it cannot tell.
  #waiting(line: Line, unknown: number): number {
    return (line.transport.bufferedBytes() ?? unknown) + line.outbox.pendingBytes;
  }

  // #isFull says that there is no room in the link for what waits.
  #isFull(line: Line): boolean {
    return this.#waiting(line, this.replay.dataBytes) >= this.#owner.limits.linkBuffer;
  }

  // #left goes up with every byte that leaves the link's buffer, and every frame that the peer has.
  #left(): number {
    const line = this.#line;
    if (line === null) return 0;
    const buffered = line.transport.bufferedBytes() ?? line.outbox.handedOver;
    return line.outbox.handedOver - buffered + this.replay.acknowledged;
  }

  // #pumpControl sends what is not data. Without room in the link, ACK and PONG wait: they are not kept and not
  // counted, and a peer that asks for them but reads nothing would make the link's buffer grow for ever.
  #pumpControl(line: Line | null): void {
    const { acks } = this;
    if (line !== null && (line.transport.bufferedBytes() ?? 0) < this.#owner.limits.linkBuffer) {
      if (acks.isDue || (this.#credit.isDue && acks.pending)) this.#ack(line);
      if (this.#pongDue !== null) line.outbox.add(encode([frameType.pong, this.#pongDue]));
      this.#pongDue = null;
    }
    if (line !== null && this.#pingDue !== null) line.outbox.add(encode([frameType.ping, this.#pingDue]));
    this.#pingDue = null;
    for (const frame of this.#control) this.#put(line, frame, 0);
    this.#control = [];
    this.#queuedBytes = 0;
    for (const frame of this.#credit.take()) this.#put(line, encode(frame), 0);
  }

  #pumpData(line: Line | null): void {
    if (this.#isHeld) return;
    if (line !== null && this.replay.unsent > 0) return; // the link is full
    const stopped: Stream[] = []; // by the session's credit or the replay queue, which DGRAM does not need
    while (this.#ring.length > 0) {
      if (line !== null && this.#isFull(line)) break;
      const stream = this.#ring.shift() as Stream;
      const room = this.#room(stream, line);
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
      if (type === frameType.dgram) line?.outbox.add(frame);
      else {
        this.#credit.spent(n);
        this.#put(line, frame, n, stream.source);
      }
      if (stream.state === "open" && !stream.inRing) {
        stream.inRing = true;
        this.#ring.push(stream);
      }
    }
    if (stopped.length > 0) this.#ring = stopped.concat(this.#ring);
  }

  // #room is how much of stream may be sent, its own credit aside. DGRAM is not kept, so it needs a line.
  #room(stream: Stream, line: Line | null): number {
    if (stream.isUnnumbered) return line === null ? 0 : maxPayloadBytes;
    return Math.min(this.#credit.room, this.#owner.limits.replayBytes - this.replay.dataBytes);
  }
}
