// Session carries streams and calls over a link (docs/protocol.md). The same class runs at both ends; a
// role says which. It knows neither browser nor Node.
//
//   waiting ──HELLO / WELCOME──► attached ──link ends, failure, close()──► over
//
// Everything that is sent goes through pump: once per turn, control frames first, then one DATA frame of each stream
// in turn, as long as credit, the replay queue and the link's buffer have room.

import { closeCode, type Pieces, PiecesError, RefusedError, SessionError, WireError } from "./errors.js";
import {
  type ControlFrame,
  dataPrefixBytes,
  decode,
  encode,
  type Frame,
  firstNumbered,
  frameType,
  maxID,
  maxPayloadBytes,
  protocolVersion,
  writePrefix,
} from "./frame.js";
import { defaultLimits, type Limits, limitTable } from "./limits.js";
import { Outbox } from "./outbox.js";
import { Replay } from "./replay.js";
import { Stream } from "./stream.js";
import type { Receiver, Transport } from "./transport.js";

export type Role = "client" | "gateway";
export type SessionState = "waiting" | "attached" | "over";

// Handler is what a gateway does with a client's requests.
export interface Handler {
  // open carries out op for stream, which is opening, and answers with stream.opened or stream.refused.
  open(stream: Stream, op: string, args: readonly unknown[]): void;
  // call answers a question; stream is the one it is about, or null. It throws PiecesError to refuse.
  call(
    stream: Stream | null,
    op: string,
    args: readonly unknown[],
  ): Promise<readonly unknown[]> | readonly unknown[];
}

export interface SessionOptions {
  role: Role;
  limits?: Partial<Limits>;
  handler?: Handler; // gateway
  agent?: string; // client: free text for the gateway's log
  id?: string; // gateway
  gatewayID?: string; // gateway
  onAttached?: (session: Session) => void;
  onOver?: (session: Session, reason: SessionError) => void;
}

// Opening is an OPEN under way. answer settles once; after cancel it rejects, and a socket that was
// opened all the same is closed.
export interface Opening {
  readonly stream: Stream;
  readonly answer: Promise<readonly unknown[]>;
  cancel(): void;
}

const ackAfterFrames = 64;
const ackAfterBytes = 64 * 1024;
const ackAfterMs = 100;
const sharedTurnBytes = 64 * 1024; // of one stream in one turn while others wait
const maxSessionAheadBytes = 64 * 1024 * 1024;

interface Waiting {
  stream: Stream;
  resolve: (result: readonly unknown[]) => void;
  reject: (err: Error) => void;
  canceled: boolean;
}

interface Calling {
  parts: unknown[];
  resolve: (result: readonly unknown[]) => void;
  reject: (err: Error) => void;
}

export class Session implements Receiver {
  readonly role: Role;
  readonly limits: Limits;
  state: SessionState = "waiting";
  id = "";
  gatewayID = "";
  // reason says why the session is over.
  reason: SessionError | null = null;
  // lastHeard is when the link last brought something, in ms of performance.now.
  lastHeard = performance.now();

  readonly #options: SessionOptions;
  #transport: Transport | null = null;
  readonly #streams = new Map<number, Stream>();
  readonly #openings = new Map<number, Waiting>();
  readonly #calls = new Map<number, Calling>();
  #callsRunning = 0;
  #nextID: number;
  #peerID = 0; // the highest id the peer has used
  #nextCall = 1;

  // sending
  #control: { bytes: Uint8Array; numbered: boolean }[] = [];
  readonly #owing = new Set<Stream>();
  #owesSession = false;
  #ring: Stream[] = [];
  readonly #replay = new Replay();
  #sent = 0;
  #credit: number;
  #pumpDue = false;
  #pongDue: number | null = null;

  // receiving
  #rcvSeq = 0;
  #ackedFrames = 0; // numbered frames and bytes since the last ACK
  #ackedBytes = 0;
  #ackTimer: number | undefined;
  #ackDue = false;
  #received = 0;
  #consumed = 0;
  #granted: number;
  #timer: number | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.limits = { ...defaultLimits, ...options.limits };
    this.#nextID = this.role === "client" ? 1 : 2;
    this.#credit = this.limits.sessionWindow;
    this.#granted = this.limits.sessionWindow;
    this.id = options.id ?? "";
    this.gatewayID = options.gatewayID ?? "";
  }

  // attach gives the session its link. The client says HELLO at once; the gateway waits for it.
  attach(transport: Transport): void {
    this.#transport = transport;
    transport.receiver = this;
    this.lastHeard = performance.now();
    this.#timer = setTimeout(
      () => this.#end(closeCode.helloTimeout, "no answer in time", true),
      this.limits.helloMs,
    );
    if (this.role === "client") {
      this.#sendNow([frameType.hello, protocolVersion, [], null, null, 1, 0, this.#options.agent ?? ""]);
    }
  }

  // size is the number of streams, opening and closing ones included.
  get size(): number {
    return this.#streams.size;
  }

  // keptBytes is the DATA that was sent and not acknowledged.
  get keptBytes(): number {
    return this.#replay.dataBytes;
  }

  // ---- asking (client) ----

  // open asks the gateway for op.
  open(op: string, args: readonly unknown[]): Opening {
    const id = this.#takeID();
    const stream = new Stream(this, id, "opening", this.limits.streamWindow);
    let cancel = () => {};
    const answer = new Promise<readonly unknown[]>((resolve, reject) => {
      if (this.state === "over") return reject(this.reason as SessionError);
      const waiting: Waiting = { stream, resolve, reject, canceled: false };
      try {
        this.control([frameType.open, id, op, args]);
      } catch (err) {
        return reject(err as Error);
      }
      this.#streams.set(id, stream);
      this.#openings.set(id, waiting);
      cancel = () => {
        if (waiting.canceled || !this.#openings.has(id)) return;
        waiting.canceled = true;
        this.control([frameType.cancel, id]);
        reject(new PiecesError(["canceled"]));
      };
    });
    return { stream, answer, cancel: () => cancel() };
  }

  // call asks the gateway a question, about stream if one is given.
  call(op: string, args: readonly unknown[], stream?: Stream): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.state === "over") return reject(this.reason as SessionError);
      const call = this.#nextCall++;
      this.control([frameType.call, call, stream?.id ?? 0, op, args]);
      this.#calls.set(call, { parts: [], resolve, reject });
    });
  }

  // close ends the session on purpose. Its sockets are closed at the gateway.
  close(code: number = closeCode.goodbye, reason = ""): void {
    this.#end(code, reason, true);
  }

  // ---- what streams ask of their session ----

  // control queues a control frame. It goes before any data that is not yet framed.
  // If the frame is too large it throws RangeError and nothing is queued.
  control(frame: ControlFrame): void {
    if (this.state === "over") return;
    this.#control.push({ bytes: encode(frame), numbered: frame[0] >= firstNumbered });
    this.#wantPump();
  }

  // schedule puts a stream in line for its turn to send.
  schedule(stream: Stream): void {
    if (!stream.inRing) {
      stream.inRing = true;
      this.#ring.push(stream);
    }
    this.#wantPump();
  }

  // owe notes that stream has credit to give.
  owe(stream: Stream): void {
    this.#owing.add(stream);
    this.#wantPump();
  }

  // consumed counts n bytes of any stream as taken.
  consumed(n: number): void {
    this.#consumed += n;
    const window = this.limits.sessionWindow;
    if (this.#consumed + window - this.#granted >= window / 2) {
      this.#owesSession = true;
      this.#wantPump();
    }
  }

  // accepted opens a stream for a connection that came in on listener (gateway).
  accepted(listener: Stream, result: readonly unknown[]): Stream {
    const stream = new Stream(this, this.#takeID(), "open", this.limits.streamWindow);
    this.#streams.set(stream.id, stream);
    this.control([frameType.accepted, listener.id, stream.id, result]);
    return stream;
  }

  // forget drops a stream both sides are done with.
  forget(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.#owing.delete(stream);
  }

  #takeID(): number {
    const id = this.#nextID;
    if (id > maxID) throw new SessionError(closeCode.goodbye, "stream ids used up");
    this.#nextID += 2;
    return id;
  }

  // ---- sending ----

  #wantPump(): void {
    if (this.#pumpDue || this.#transport === null || this.state === "over") return;
    this.#pumpDue = true;
    queueMicrotask(() => {
      this.#pumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    const transport = this.#transport;
    if (transport === null || this.state !== "attached") return;
    const outbox = new Outbox(transport);
    transport.cork();
    try {
      this.#pumpControl(outbox);
      this.#pumpData(outbox, transport);
      outbox.flush();
    } finally {
      transport.uncork();
    }
    // A peer that asks and asks but acknowledges nothing would make us keep its answers for ever.
    if (this.role === "gateway" && this.#replay.controlBytes > this.limits.controlBytes) {
      this.#end(closeCode.tooMuch, "answers not acknowledged", true);
    }
  }

  #pumpControl(outbox: Outbox): void {
    if (this.#ackDue) {
      this.#ackDue = false;
      this.#ackedFrames = 0;
      this.#ackedBytes = 0;
      clearTimeout(this.#ackTimer);
      this.#ackTimer = undefined;
      outbox.add(encode([frameType.ack, this.#rcvSeq]));
    }
    if (this.#pongDue !== null) {
      outbox.add(encode([frameType.pong, this.#pongDue]));
      this.#pongDue = null;
    }
    if (this.#owesSession) {
      this.#owesSession = false;
      this.#granted = this.#consumed + this.limits.sessionWindow;
      this.control([frameType.credit, 0, this.#granted]);
    }
    for (const stream of this.#owing) {
      const offset = stream.creditToGive();
      if (offset !== null) this.control([frameType.credit, stream.id, offset]);
    }
    this.#owing.clear();
    for (const { bytes, numbered } of this.#control) {
      if (numbered) this.#replay.keep(bytes, 0);
      outbox.add(bytes);
    }
    this.#control = [];
  }

  #pumpData(outbox: Outbox, transport: Transport): void {
    while (this.#ring.length > 0) {
      const buffered = transport.bufferedBytes() ?? this.#replay.dataBytes;
      if (buffered + outbox.pendingBytes >= this.limits.linkBuffer) return;
      const room = Math.min(this.#credit - this.#sent, this.limits.replayBytes - this.#replay.dataBytes);
      if (room <= 0) return;
      const stream = this.#ring.shift() as Stream;
      stream.inRing = false;
      if (stream.state !== "open" || stream.finSent) continue;
      const turn = this.#ring.length > 0 ? sharedTurnBytes : maxPayloadBytes;
      const max = Math.min(room, stream.sendCredit, turn);
      if (max <= 0) continue; // handleCredit puts it back in line
      const frame = stream.source.pull(max);
      if (frame === null) continue;
      const n = frame.length - dataPrefixBytes;
      writePrefix(frame, frameType.data, stream.id);
      stream.spent(n);
      this.#sent += n;
      this.#replay.keep(frame, n);
      outbox.add(frame);
      if (stream.state === "open" && !stream.inRing) {
        stream.inRing = true;
        this.#ring.push(stream);
      }
    }
  }

  // #sendNow sends a frame outside the pump: the handshake and the last words.
  #sendNow(frame: ControlFrame): void {
    this.#transport?.send(encode(frame));
  }

  // ---- receiving ----

  onDrain(): void {
    this.#wantPump();
  }

  onClose(code: number, reason: string): void {
    this.#end(code, reason, false);
  }

  onMessage(message: Uint8Array): void {
    if (this.state === "over") return;
    this.lastHeard = performance.now();
    try {
      decode(message, (frame) => {
        this.#handle(frame);
        return this.state !== "over";
      });
    } catch (err) {
      if (err instanceof WireError) this.#end(closeCode.protocol, err.reason, true);
      else this.#broken(err);
    }
    if (this.#ring.length > 0) this.#wantPump(); // a link without drain events goes on when the peer is heard
  }

  #handle(frame: Frame): void {
    if (this.state === "waiting") {
      this.#handshake(frame);
      return;
    }
    if (frame[0] >= firstNumbered) this.#count(frame);
    switch (frame[0]) {
      case frameType.data:
        return this.#handleData(frame[1], frame[2]);
      case frameType.credit:
        return this.#handleCredit(frame[1], frame[2]);
      case frameType.ack:
        this.#replay.acknowledge(frame[1]);
        return this.#wantPump();
      case frameType.ping:
        this.#pongDue = frame[1];
        return this.#wantPump();
      case frameType.pong:
        return;
      case frameType.goodbye:
        return this.#end(frame[1], frame[2], false);
      case frameType.fin:
        return this.#stream(frame[1]).handleFin();
      case frameType.reset:
        return this.#stream(frame[1]).handleReset(frame[2]);
      case frameType.close:
        return this.#stream(frame[1]).handleClose();
      default:
        if (this.role === "gateway") this.#handleRequest(frame);
        else this.#handleAnswer(frame);
    }
  }

  #handshake(frame: Frame): void {
    if (this.role === "gateway" && frame[0] === frameType.hello) {
      if (frame[1] !== protocolVersion) throw new WireError("version");
      this.#attached();
      const limits = Object.keys(limitTable).map((name) => [name, this.limits[name as keyof Limits]]);
      this.#sendNow([
        frameType.welcome,
        protocolVersion,
        [],
        this.id,
        null,
        frame[5],
        this.#rcvSeq,
        0,
        limits,
        this.gatewayID,
      ]);
    } else if (this.role === "client" && frame[0] === frameType.welcome) {
      if (frame[1] !== protocolVersion) throw new WireError("version");
      this.id = frame[3];
      this.gatewayID = frame[9];
      this.#takeLimits(frame[8]);
      this.#attached();
    } else if (frame[0] === frameType.goodbye) {
      this.#end(frame[1], frame[2], false);
    } else throw new WireError("unexpected frame");
  }

  // #takeLimits adopts the gateway's windows: both ends must count with the same.
  #takeLimits(pairs: readonly unknown[]): void {
    const limits: { [name: string]: number } = { ...this.limits };
    for (const pair of pairs) {
      if (!Array.isArray(pair)) throw new WireError("bad field");
      const [name, value] = pair as unknown[];
      if (name !== "streamWindow" && name !== "sessionWindow" && name !== "streams" && name !== "acceptAhead")
        continue;
      if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > maxSessionAheadBytes) {
        throw new WireError("bad field");
      }
      limits[name] = value as number;
    }
    (this as { limits: Limits }).limits = limits as Limits;
    this.#credit = this.limits.sessionWindow;
    this.#granted = this.limits.sessionWindow;
  }

  #attached(): void {
    clearTimeout(this.#timer);
    this.state = "attached";
    if (this.role === "gateway") this.#watch();
    this.#options.onAttached?.(this);
    this.#wantPump();
  }

  // #watch asks a silent client for a sign of life and gives a dead link up.
  #watch(): void {
    this.#timer = setTimeout(() => {
      const silent = performance.now() - this.lastHeard;
      if (silent >= this.limits.deadMs) return this.#end(closeCode.goingAway, "link silent", true);
      if (silent >= this.limits.pingMs * 0.9) this.control([frameType.ping, Math.floor(performance.now())]);
      this.#watch();
    }, this.limits.pingMs);
  }

  // #count numbers a received frame and decides whether an ACK is due.
  #count(frame: Frame): void {
    this.#rcvSeq++;
    this.#ackedFrames++;
    if (frame[0] === frameType.data) this.#ackedBytes += frame[2].length;
    if (this.#ackedFrames >= ackAfterFrames || this.#ackedBytes >= ackAfterBytes) {
      this.#ackDue = true;
      this.#wantPump();
    } else if (this.#ackTimer === undefined) {
      this.#ackTimer = setTimeout(() => {
        this.#ackTimer = undefined;
        this.#ackDue = true;
        this.#wantPump();
      }, ackAfterMs);
    }
  }

  #handleData(id: number, payload: Uint8Array): void {
    if (payload.length === 0) throw new WireError("malformed");
    this.#received += payload.length;
    if (this.#received > this.#granted) throw new WireError("flow control");
    this.#stream(id).handleData(payload);
  }

  #handleCredit(id: number, offset: number): void {
    if (id !== 0) return this.#stream(id).handleCredit(offset);
    if (offset > this.#sent + maxSessionAheadBytes) throw new WireError("flow control");
    if (offset <= this.#credit) return;
    this.#credit = offset;
    this.#wantPump();
  }

  // #stream finds a stream that is not opening any more.
  #stream(id: number): Stream {
    const stream = this.#streams.get(id);
    if (stream === undefined) throw new WireError("unknown id");
    if (stream.state === "opening") throw new WireError("unexpected frame");
    return stream;
  }

  // ---- requests, at the gateway ----

  #handleRequest(frame: Frame): void {
    switch (frame[0]) {
      case frameType.open:
        return this.#handleOpen(frame[1], frame[2], frame[3]);
      case frameType.cancel:
        if (frame[1] > this.#peerID) throw new WireError("unknown id");
        this.#streams.get(frame[1])?.onCancel?.();
        return;
      case frameType.call:
        return this.#handleCall(frame[1], frame[2], frame[3], frame[4]);
      default:
        throw new WireError("unexpected frame");
    }
  }

  #handleOpen(id: number, op: string, args: readonly unknown[]): void {
    if (id % 2 !== 1 || id <= this.#peerID) throw new WireError("bad id");
    this.#peerID = id;
    const stream = new Stream(this, id, "opening", this.limits.streamWindow);
    if (this.#streams.size >= this.limits.streams) {
      return stream.refused(["errno", "socket", "EMFILE", ["limit", "streams"]], null, null);
    }
    this.#streams.set(id, stream);
    (this.#options.handler as Handler).open(stream, op, args);
  }

  #handleCall(call: number, id: number, op: string, args: readonly unknown[]): void {
    const stream = id === 0 ? null : (this.#streams.get(id) ?? null);
    if (id !== 0 && (stream === null || stream.peerClosed)) throw new WireError("unknown id");
    if (this.#callsRunning >= this.limits.calls) {
      return this.control([frameType.throw, call, ["errno", op, "EAGAIN", ["limit", "calls"]]]);
    }
    this.#callsRunning++;
    const refuse = (err: unknown) => {
      this.#callsRunning--;
      if (err instanceof PiecesError) return this.control([frameType.throw, call, err.pieces]);
      this.#broken(err);
    };
    const answer = (result: readonly unknown[]) => {
      this.#callsRunning--;
      try {
        this.#answer(call, result);
      } catch (err) {
        this.#broken(err);
      }
    };
    try {
      const result = (this.#options.handler as Handler).call(stream, op, args);
      if (result instanceof Promise) result.then(answer, refuse);
      else answer(result);
    } catch (err) {
      refuse(err);
    }
  }

  // #answer splits a long result over several RETURN frames.
  #answer(call: number, result: readonly unknown[]): void {
    const itemsAtOnce = 32;
    let at = 0;
    do {
      const part = result.slice(at, at + itemsAtOnce);
      at += itemsAtOnce;
      this.control([frameType.return, call, part, at < result.length]);
    } while (at < result.length);
  }

  // ---- answers, at the client ----

  #handleAnswer(frame: Frame): void {
    switch (frame[0]) {
      case frameType.opened: {
        const waiting = this.#opening(frame[1]);
        waiting.stream.handleOpened();
        if (waiting.canceled) waiting.stream.close();
        else waiting.resolve(frame[2]);
        return;
      }
      case frameType.refused: {
        const waiting = this.#opening(frame[1]);
        waiting.stream.state = "closed";
        this.#streams.delete(frame[1]);
        waiting.reject(new RefusedError(frame[2], frame[3], frame[4]));
        return;
      }
      case frameType.accepted:
        return this.#handleAccepted(frame[1], frame[2], frame[3]);
      case frameType.return: {
        const calling = this.#calling(frame[1], frame[3]);
        calling.parts.push(...frame[2]);
        if (!frame[3]) calling.resolve(calling.parts);
        return;
      }
      case frameType.throw:
        return this.#calling(frame[1], false).reject(new PiecesError(frame[2]));
      case frameType.drain:
        return;
      default:
        throw new WireError("unexpected frame");
    }
  }

  #opening(id: number): Waiting {
    const waiting = this.#openings.get(id);
    if (waiting === undefined) throw new WireError("unknown id");
    this.#openings.delete(id);
    return waiting;
  }

  #calling(call: number, more: boolean): Calling {
    const calling = this.#calls.get(call);
    if (calling === undefined) throw new WireError("unknown id");
    if (!more) this.#calls.delete(call);
    return calling;
  }

  #handleAccepted(listenerID: number, id: number, result: readonly unknown[]): void {
    if (id % 2 !== 0 || id <= this.#peerID) throw new WireError("bad id");
    const listener = this.#stream(listenerID);
    this.#peerID = id;
    const stream = new Stream(this, id, "open", this.limits.streamWindow);
    this.#streams.set(id, stream);
    if (listener.state === "closing") return stream.close();
    if (listener.onAccepted === null) throw new WireError("unexpected frame");
    listener.onAccepted(stream, result);
  }

  // ---- the end ----

  // #broken ends this session, and no other, after an error of our own. The reason's cause is for the log.
  #broken(err: unknown): void {
    this.#end(closeCode.internal, "internal error", true, err);
  }

  // #end is the one way out. tell says whether the peer must be told.
  #end(code: number, why: string, tell: boolean, cause?: unknown): void {
    if (this.state === "over") return;
    const transport = this.#transport;
    if (tell && transport !== null) {
      if (this.state === "attached" && cause === undefined) this.#pump();
      if (this.reason !== null) return; // the pump met the end itself
      this.#sendNow([frameType.goodbye, code, why]);
    }
    const reason = new SessionError(code, why, cause);
    this.state = "over";
    this.reason = reason;
    this.#transport = null;
    transport?.close(code, why);
    clearTimeout(this.#timer);
    clearTimeout(this.#ackTimer);
    this.#replay.clear();
    this.#ring = [];
    this.#control = [];
    this.#owing.clear();
    const lost: Pieces = ["errno", "", "ECONNRESET", ["session", code, why]];
    for (const stream of this.#streams.values()) stream.lost(lost);
    this.#streams.clear();
    for (const waiting of this.#openings.values()) waiting.reject(reason);
    this.#openings.clear();
    for (const calling of this.#calls.values()) calling.reject(reason);
    this.#calls.clear();
    this.#options.onOver?.(this, reason);
  }
}
