// Session carries streams and calls over a link (docs/protocol.md). The same class runs at both ends; a
// role says which. It knows neither browser nor Node.
//
//   waiting ──HELLO / WELCOME──► attached ──link ends, failure, close()──► over
//
// Everything that is sent goes through pump: at the end of a task, control frames first, then one DATA frame of each stream
// in turn, as long as credit, the replay queue and the link's buffer have room.

import { Allowance } from "./allowance.js";
import {
  ClosedError,
  closeCode,
  maxReasonChars,
  type Pieces,
  PiecesError,
  RefusedError,
  SessionError,
  WireError,
} from "./errors.js";
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
import { Heartbeat } from "./heartbeat.js";
import { defaultLimits, type Limits, limitTable } from "./limits.js";
import { Outbox } from "./outbox.js";
import { parsePacket } from "./packets.js";
import { Replay } from "./replay.js";
import { maxAheadBytes, Stream } from "./stream.js";
import type { Receiver, Transport } from "./transport.js";
import { Turnstile } from "./turnstile.js";

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
  // onRefused is told of a refusal that comes after all: it says how far the operation had got.
  cancel(onRefused?: (refused: RefusedError) => void): void;
}

const ackAfterFrames = 64;
const ackAfterData = 512 * 1024; // an eighth of what a peer keeps of it: an ACK alone costs a message
const ackAfterBytes = 64 * 1024; // of other frames, a quarter of what a gateway keeps of them
const ackAfterMs = 100;
const flushAtBytes = 64 * 1024; // a message of this size gains nothing from growing
const calmMicrotasks = 32; // a write through the layers above takes a dozen; all of them together a microsecond
const sharedTurnBytes = 64 * 1024; // of one stream in one turn while others wait
const widestWindow = 4; // times the usual one: 1 MiB
const maxSessionAheadBytes = 64 * 1024 * 1024;
const askedAtOnce = 256; // OPENs, and CALLs, that a client leaves unanswered; the rest waits on its side
const maxReturns = 256; // RETURN frames for one call that a client takes: 4 MiB at most
const itemsAtOnce = 32; // of a result, in one RETURN frame
const maxResultBytes = 64 * 1024; // the largest DNS message
const clientDeadMs = 25_000; // a page gives a link up before its gateway does, and makes a new one
const pingBurst = 20;
const pingsPerSecond = 10;
const firstCode = 1000; // of GOODBYE, as of a WebSocket
const lastCode = 4999;

interface Waiting {
  stream: Stream;
  resolve: (result: readonly unknown[]) => void;
  reject: (err: Error) => void;
  canceled: boolean;
  onRefused: ((refused: RefusedError) => void) | undefined;
}

interface Calling {
  parts: unknown[];
  returns: number;
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
  readonly #openGate = new Turnstile(askedAtOnce);
  readonly #callGate = new Turnstile(askedAtOnce);
  readonly #calls = new Map<number, Calling>();
  #callsRunning = 0;
  #nextID: number;
  #peerID = 0; // the highest id the peer has used
  #nextCall = 1;

  // sending
  #control: { bytes: Uint8Array; numbered: boolean }[] = [];
  #queuedBytes = 0; // in #control
  readonly #owing = new Set<Stream>();
  #owesSession = false;
  #ring: Stream[] = [];
  readonly #replay = new Replay();
  #sent = 0;
  #credit: number;
  #outbox: Outbox | null = null;
  #pumpDue = false;
  #flushDue = false;
  #calm = 0; // microtasks since the last pump
  #pongDue: number | null = null;

  // receiving
  #rcvSeq = 0;
  #ackedFrames = 0; // numbered frames, bytes of data and other bytes since the last ACK
  #ackedData = 0;
  #ackedBytes = 0;
  #ackTimer: number | undefined;
  #ackDue = false;
  #received = 0;
  #consumed = 0;
  #granted: number;
  #widened = 0; // what streams' windows are wider than usual, together
  readonly #pings = new Allowance(pingBurst, pingsPerSecond);
  #helloTimer: number | undefined;
  readonly #heartbeat: Heartbeat;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.limits = { ...defaultLimits, ...options.limits };
    checkWindow("streamWindow", this.limits.streamWindow, maxAheadBytes);
    checkWindow("sessionWindow", this.limits.sessionWindow, maxSessionAheadBytes);
    this.#heartbeat = new Heartbeat({
      askMs: this.limits.pingMs,
      deadMs: this.role === "gateway" ? this.limits.deadMs : Math.min(this.limits.deadMs, clientDeadMs),
      ask: () => this.control([frameType.ping, Math.floor(performance.now())]),
      dead: () => this.#end(closeCode.goingAway, "link silent", true),
    });
    this.#nextID = this.role === "client" ? 1 : 2;
    this.#credit = this.limits.sessionWindow;
    this.#granted = this.limits.sessionWindow;
    this.id = options.id ?? "";
    this.gatewayID = options.gatewayID ?? "";
  }

  // attach gives the session its link. The client says HELLO at once; the gateway waits for it.
  // If the session is over already, the link is closed. A session takes one link.
  attach(transport: Transport): void {
    if (this.reason !== null) return transport.close(this.reason.code, "");
    if (this.#transport !== null) throw new TypeError("gonet: the session has a link");
    this.#transport = transport;
    this.#outbox = new Outbox(transport);
    transport.receiver = this;
    this.lastHeard = performance.now();
    this.#helloTimer = setTimeout(
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

  // keptBytes is the memory of DATA that was sent and not acknowledged, about.
  get keptBytes(): number {
    return this.#replay.dataBytes;
  }

  // ---- asking (client) ----

  // open asks the gateway for op. At most askedAtOnce wait for their answers; later ones leave when earlier
  // ones are answered. If the frame is too large, the answer rejects with RangeError.
  open(op: string, args: readonly unknown[]): Opening {
    const id = this.#takeID();
    const stream = new Stream(this, id, "opening", this.limits.streamWindow);
    let cancel: Opening["cancel"] = () => {};
    const answer = new Promise<readonly unknown[]>((resolve, reject) => {
      if (this.state === "over") return reject(this.reason as SessionError);
      const waiting: Waiting = { stream, resolve, reject, canceled: false, onRefused: undefined };
      const bytes = encode([frameType.open, id, op, args]);
      this.#streams.set(id, stream);
      this.#openings.set(id, waiting);
      const withdraw = this.#openGate.enter(() => this.#queue(bytes, true));
      cancel = (onRefused) => {
        if (waiting.canceled || !this.#openings.has(id)) return;
        waiting.canceled = true;
        waiting.onRefused = onRefused;
        if (withdraw()) {
          this.#openings.delete(id);
          this.#drop(stream);
        } else this.control([frameType.cancel, id]);
        reject(new PiecesError(["canceled"]));
      };
    });
    return { stream, answer, cancel: (onRefused) => cancel(onRefused) };
  }

  // call asks the gateway a question, about stream if one is given. It leaves as an open does. A call about a stream
  // that was closed in the meantime rejects with ClosedError.
  call(op: string, args: readonly unknown[], stream?: Stream): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.state === "over") return reject(this.reason as SessionError);
      const call = this.#nextCall++;
      const bytes = encode([frameType.call, call, stream?.id ?? 0, op, args]);
      const calling: Calling = { parts: [], returns: 0, resolve, reject };
      this.#calls.set(call, calling);
      this.#callGate.enter(() => {
        if (stream === undefined || stream.state === "open" || stream.state === "failed") {
          return this.#queue(bytes, true);
        }
        this.#calls.delete(call);
        reject(new ClosedError());
        this.#callGate.leave();
      });
    });
  }

  // close ends the session on purpose, after what was sent before. Its sockets are closed at the gateway.
  close(code: number = closeCode.goodbye, reason = ""): void {
    try {
      this.#pump();
    } catch (err) {
      return this.#broken(err);
    }
    this.#end(code, reason, true);
  }

  // ---- what streams ask of their session ----

  // control queues a control frame. It goes before any data that is not yet framed.
  // If the frame is too large, fallback takes its place; without one it throws RangeError and nothing is queued.
  control(frame: ControlFrame, fallback?: ControlFrame): void {
    if (this.state === "over") return;
    let bytes: Uint8Array;
    try {
      bytes = encode(frame);
    } catch (err) {
      if (fallback === undefined || !(err instanceof RangeError)) throw err;
      bytes = encode(fallback);
    }
    this.#queue(bytes, frame[0] >= firstNumbered);
  }

  #queue(bytes: Uint8Array, numbered: boolean): void {
    if (this.state === "over") return;
    this.#control.push({ bytes, numbered });
    this.#queuedBytes += bytes.length;
    this.#wantPump();
    this.#checkKept();
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

  // widen gives a stream with this window some more, or nothing: what all windows together are widened by is at most half
  // the session's window, so that a few wide ones whose readers stop leave room for the others.
  widen(window: number): number {
    const { streamWindow, sessionWindow } = this.limits;
    const widest = Math.min(streamWindow * widestWindow, maxAheadBytes);
    const left = Math.floor(sessionWindow / 2) - this.#widened;
    const more = Math.max(0, Math.min(window, widest - window, left));
    this.#widened += more;
    return more;
  }

  // narrowed takes back what a window was widened by, and gives the usual one.
  narrowed(window: number): number {
    this.#widened -= window - this.limits.streamWindow;
    return this.limits.streamWindow;
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
    stream.narrow();
  }

  // #drop forgets a stream that never was open.
  #drop(stream: Stream): void {
    stream.state = "closed";
    this.forget(stream);
  }

  #takeID(): number {
    const id = this.#nextID;
    if (id > maxID) {
      this.close(closeCode.goodbye, "stream ids used up");
      throw this.reason;
    }
    this.#nextID += 2;
    return id;
  }

  // ---- sending ----

  #wantPump(): void {
    if (this.#pumpDue || this.#transport === null || this.state === "over") return;
    this.#pumpDue = true;
    queueMicrotask(() => {
      this.#pumpDue = false;
      try {
        this.#pump();
      } catch (err) {
        this.#broken(err);
      }
    });
  }

  #pump(): void {
    const transport = this.#transport;
    if (transport === null || this.state !== "attached") return;
    const outbox = this.#outbox as Outbox;
    transport.cork();
    try {
      this.#pumpControl(outbox, (transport.bufferedBytes() ?? 0) < this.limits.linkBuffer);
      this.#pumpData(outbox, transport);
      if (outbox.pendingBytes >= flushAtBytes) outbox.flush();
    } finally {
      transport.uncork();
    }
    this.#flushSoon();
    this.#checkKept();
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
      if (this.state !== "attached") return;
      try {
        this.#outbox?.flush();
      } catch (err) {
        this.#broken(err);
      }
    };
    queueMicrotask(look);
  }

  // #checkKept ends the session of a peer that asks and asks but acknowledges nothing: its answers would be kept
  // for ever. A client makes its frames of its own will, so it may keep more.
  #checkKept(): void {
    if (this.state !== "attached") return;
    const max = this.role === "gateway" ? this.limits.controlBytes : this.limits.replayBytes;
    if (this.#queuedBytes + this.#replay.controlBytes <= max) return;
    this.#end(closeCode.tooMuch, "answers not acknowledged", true);
  }

  // #pumpControl sends what is not data. Without room in the link, ACK and PONG wait: they are not kept and not
  // counted, and a peer that asks for them but reads nothing would make the link's buffer grow for ever.
  #pumpControl(outbox: Outbox, room: boolean): void {
    const isCreditDue = this.#owesSession || this.#owing.size > 0;
    if ((this.#ackDue || (isCreditDue && this.#ackedFrames > 0)) && room) {
      this.#ackDue = false;
      this.#ackedFrames = 0;
      this.#ackedData = 0;
      this.#ackedBytes = 0;
      clearTimeout(this.#ackTimer);
      this.#ackTimer = undefined;
      outbox.add(encode([frameType.ack, this.#rcvSeq]));
    }
    if (this.#pongDue !== null && room) {
      outbox.add(encode([frameType.pong, this.#pongDue]));
      this.#pongDue = null;
    }
    if (this.#owesSession) {
      this.#owesSession = false;
      this.#granted = this.#consumed + this.limits.sessionWindow;
      this.#control.push({ bytes: encode([frameType.credit, 0, this.#granted]), numbered: true });
    }
    for (const stream of this.#owing) {
      const offset = stream.creditToGive();
      if (offset === null) continue;
      this.#control.push({ bytes: encode([frameType.credit, stream.id, offset]), numbered: true });
    }
    this.#owing.clear();
    for (const { bytes, numbered } of this.#control) {
      if (numbered) this.#replay.keep(bytes, 0);
      outbox.add(bytes);
    }
    this.#control = [];
    this.#queuedBytes = 0;
  }

  #pumpData(outbox: Outbox, transport: Transport): void {
    const stopped: Stream[] = []; // by the session's credit or the replay queue, which DGRAM does not need
    while (this.#ring.length > 0) {
      const buffered = transport.bufferedBytes() ?? this.#replay.dataBytes;
      if (buffered + outbox.pendingBytes >= this.limits.linkBuffer) break;
      const stream = this.#ring.shift() as Stream;
      const room = stream.isUnnumbered
        ? maxPayloadBytes
        : Math.min(this.#credit - this.#sent, this.limits.replayBytes - this.#replay.dataBytes);
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
        this.#sent += n;
        this.#replay.keep(frame, n);
      }
      outbox.add(frame);
      if (stream.state === "open" && !stream.inRing) {
        stream.inRing = true;
        this.#ring.push(stream);
      }
    }
    if (stopped.length > 0) this.#ring = stopped.concat(this.#ring);
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
    this.#heartbeat.heard();
    const before = this.#rcvSeq;
    const dataBefore = this.#received;
    try {
      decode(message, (frame) => {
        this.#handle(frame);
        return this.state !== "over";
      });
    } catch (err) {
      if (err instanceof WireError) this.#end(closeCode.protocol, err.reason, true);
      else this.#broken(err);
    }
    if (this.#rcvSeq > before) {
      const data = this.#received - dataBefore;
      this.#wantAck(this.#rcvSeq - before, data, message.length - data);
    }
    // A link without drain events goes on when the peer is heard.
    if (this.#ring.length > 0 || this.#ackDue || this.#pongDue !== null) this.#wantPump();
  }

  #handle(frame: Frame): void {
    if (this.state === "waiting") {
      this.#handshake(frame);
      return;
    }
    if (frame[0] >= firstNumbered) this.#rcvSeq++;
    switch (frame[0]) {
      case frameType.data:
        return this.#handleData(frame[1], frame[2]);
      case frameType.dgram:
      case frameType.record:
        return this.#handlePacket(frame[0] === frameType.dgram, frame[1], frame[2]);
      case frameType.credit:
        return this.#handleCredit(frame[1], frame[2]);
      case frameType.ack:
        this.#replay.acknowledge(frame[1]);
        return this.#wantPump();
      case frameType.ping:
        if (!this.#pings.take()) return this.#end(closeCode.tooMuch, "pings", true);
        this.#pongDue = frame[1];
        return this.#wantPump();
      case frameType.pong:
        return;
      case frameType.goodbye:
        return this.#handleGoodbye(frame[1], frame[2]);
      case frameType.fin:
        return this.#stream(frame[1]).handleFin();
      case frameType.reset:
        if (this.role === "gateway") throw new WireError("unexpected frame");
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
      if (frame[3] !== null) return this.#end(closeCode.noSession, "no such session", true);
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
      this.id = frame[3];
      this.gatewayID = frame[9];
      this.#takeLimits(frame[8]);
      this.#attached();
    } else if (frame[0] === frameType.goodbye) {
      this.#handleGoodbye(frame[1], frame[2]);
    } else throw new WireError("unexpected frame");
  }

  #handleGoodbye(code: number, reason: string): void {
    if (code < firstCode || code > lastCode) throw new WireError("bad field");
    this.#end(code, reason.slice(0, maxReasonChars), false);
  }

  // #takeLimits adopts the gateway's windows: both ends must count with the same.
  #takeLimits(pairs: readonly unknown[]): void {
    const limits: { [name: string]: number } = { ...this.limits };
    for (const pair of pairs) {
      if (!Array.isArray(pair)) throw new WireError("bad field");
      const [name, value] = pair as unknown[];
      if (name !== "streamWindow" && name !== "sessionWindow" && name !== "streams" && name !== "acceptAhead")
        continue;
      const max = name === "streamWindow" ? maxAheadBytes : maxSessionAheadBytes;
      if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > max) {
        throw new WireError("bad field");
      }
      limits[name] = value as number;
    }
    (this as { limits: Limits }).limits = limits as Limits;
    this.#credit = this.limits.sessionWindow;
    this.#granted = this.limits.sessionWindow;
    for (const stream of this.#streams.values()) stream.useWindow(this.limits.streamWindow); // asked for before
  }

  #attached(): void {
    clearTimeout(this.#helloTimer);
    this.state = "attached";
    this.#heartbeat.start();
    this.#options.onAttached?.(this);
    this.#wantPump();
  }

  // #wantAck counts what a message brought and decides whether an ACK is due.
  #wantAck(frames: number, data: number, bytes: number): void {
    if (this.state === "over") return;
    this.#ackedFrames += frames;
    this.#ackedData += data;
    this.#ackedBytes += bytes;
    if (
      this.#ackedFrames >= ackAfterFrames ||
      this.#ackedData >= ackAfterData ||
      this.#ackedBytes >= ackAfterBytes
    ) {
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

  #handlePacket(isUnnumbered: boolean, id: number, payload: Uint8Array): void {
    const stream = this.#stream(id);
    if (stream.isUnnumbered !== isUnnumbered) throw new WireError("unexpected frame");
    const { offset } = parsePacket(payload);
    if (!isUnnumbered) {
      if (this.#received >= this.#granted) throw new WireError("flow control");
      this.#received += payload.length;
    }
    stream.handlePacket(payload, offset);
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
      case frameType.cancel: {
        if (frame[1] % 2 !== 1) throw new WireError("bad id");
        if (frame[1] > this.#peerID) throw new WireError("unknown id");
        const stream = this.#streams.get(frame[1]);
        if (stream?.state === "opening") stream.onCancel?.(); // else it crossed the answer
        return;
      }
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
    if (stream?.state === "opening") throw new WireError("unexpected frame");
    if (this.#callsRunning >= this.limits.calls) {
      return this.control([frameType.throw, call, ["errno", op, "EAGAIN", ["limit", "calls"]]]);
    }
    this.#callsRunning++;
    const refuse = (err: unknown) => {
      this.#callsRunning--;
      if (err instanceof PiecesError) {
        return this.control([frameType.throw, call, err.pieces], [frameType.throw, call, tooLarge]);
      }
      if (err instanceof WireError) return this.#end(closeCode.protocol, err.reason, true);
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

  // #answer sends a result, in several RETURN frames if it is long. If it is larger than maxResultBytes, or has
  // an item that does not fit a frame, the answer is EMSGSIZE; if too many answers wait for their ACK, ENOBUFS.
  #answer(call: number, result: readonly unknown[]): void {
    const frames: Uint8Array[] = [];
    let bytes = 0;
    let at = 0;
    let items = itemsAtOnce;
    do {
      const more = at + items < result.length;
      try {
        const frame = encode([frameType.return, call, result.slice(at, at + items), more]);
        frames.push(frame);
        bytes += frame.length;
        at += items;
      } catch (err) {
        if (!(err instanceof RangeError)) throw err;
        if (items === 1) return this.control([frameType.throw, call, tooLarge]);
        items = Math.ceil(items / 2);
      }
      if (bytes > maxResultBytes) return this.control([frameType.throw, call, tooLarge]);
    } while (at < result.length);
    if (
      frames.length > 1 &&
      this.#replay.controlBytes + this.#queuedBytes + bytes > this.limits.controlBytes / 2
    ) {
      return this.control([frameType.throw, call, ["errno", "", "ENOBUFS", ["limit", "controlBytes"]]]);
    }
    for (const frame of frames) this.#queue(frame, true);
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
        this.#drop(waiting.stream);
        const refused = new RefusedError(frame[2], frame[3], frame[4]);
        waiting.reject(refused);
        waiting.onRefused?.(refused);
        return;
      }
      case frameType.accepted:
        return this.#handleAccepted(frame[1], frame[2], frame[3]);
      case frameType.return: {
        const calling = this.#calling(frame[1], frame[3]);
        if (++calling.returns > maxReturns) throw new WireError("too large");
        calling.parts.push(...frame[2]);
        if (!frame[3]) calling.resolve(calling.parts);
        return;
      }
      case frameType.throw:
        return this.#calling(frame[1], false).reject(new PiecesError(frame[2]));
      case frameType.sent:
        return this.#stream(frame[1]).handleSent(frame[2], frame[3]);
      case frameType.fault:
        return this.#stream(frame[1]).handleFault(frame[2]);
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
    this.#openGate.leave();
    return waiting;
  }

  #calling(call: number, more: boolean): Calling {
    const calling = this.#calls.get(call);
    if (calling === undefined) throw new WireError("unknown id");
    if (!more) {
      this.#calls.delete(call);
      this.#callGate.leave();
    }
    return calling;
  }

  #handleAccepted(listenerID: number, id: number, result: readonly unknown[]): void {
    if (id % 2 !== 0 || id <= this.#peerID) throw new WireError("bad id");
    const listener = this.#stream(listenerID);
    listener.handleAccepted();
    this.#peerID = id;
    const stream = new Stream(this, id, "open", this.limits.streamWindow);
    this.#streams.set(id, stream);
    if (listener.state === "open") listener.onAccepted?.(stream, result);
    else stream.close();
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
    const reason = new SessionError(code, why, cause);
    this.state = "over";
    this.reason = reason;
    const outbox = this.#outbox;
    this.#transport = null;
    this.#outbox = null;
    clearTimeout(this.#helloTimer);
    clearTimeout(this.#ackTimer);
    this.#heartbeat.stop();
    try {
      if (tell) outbox?.flush();
      if (tell) transport?.send(encode([frameType.goodbye, code, why.slice(0, maxReasonChars)]));
      transport?.close(code, why);
    } catch {
      // The link cannot even be closed. It gets nothing more from us, and what follows must not be left undone.
    }
    this.#openGate.clear();
    this.#callGate.clear();
    this.#ackDue = false;
    this.#pongDue = null;
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

// tooLarge stands for an answer that does not fit a frame.
const tooLarge: Pieces = ["errno", "", "EMSGSIZE"];

function checkWindow(name: string, bytes: number, max: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > max) {
    throw new RangeError(`gonet: limit ${name} must be from 1 to ${max} bytes`);
  }
}
