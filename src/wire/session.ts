// Session carries streams and calls over a link (docs/protocol.md). The same class runs at both ends; a
// role says which. It knows neither browser nor Node.
//
//   waiting ──HELLO / WELCOME──► attached ──link ends, failure, close()──► over
//
// Its parts: Sender makes frames and puts them on the link; Streams has the table of streams, Credit what both sides
// may send; Asking is what a client asks of a gateway, Answering what a gateway does about it.

import { Allowance } from "./allowance.js";
import { Answering } from "./answering.js";
import { Asking, type OnOpened, type Opening } from "./asking.js";
import { Credit, maxSessionAheadBytes } from "./credit.js";
import { closeCode, maxReasonChars, type Pieces, SessionError, WireError } from "./errors.js";
import {
  type ControlFrame,
  decode,
  encode,
  type Frame,
  firstNumbered,
  frameType,
  protocolVersion,
} from "./frame.js";
import { Heartbeat } from "./heartbeat.js";
import { defaultLimits, type Limits, limitTable } from "./limits.js";
import { Sender, type SenderOwner } from "./sender.js";
import { maxAheadBytes, type Stream } from "./stream.js";
import { Streams } from "./streams.js";
import type { Receiver, Transport } from "./transport.js";

export type { Opening } from "./asking.js";

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

const clientDeadMs = 25_000; // a page gives a link up before its gateway does, and makes a new one
const pingBurst = 20;
const pingsPerSecond = 10;
const firstCode = 1000; // of GOODBYE, as of a WebSocket
const lastCode = 4999;

export class Session implements Receiver, SenderOwner {
  readonly role: Role;
  limits: Limits;
  state: SessionState = "waiting";
  id = "";
  gatewayID = "";
  // reason says why the session is over.
  reason: SessionError | null = null;
  // lastHeard is when the link last brought something, in ms of performance.now.
  lastHeard = performance.now();
  // received is the number of the last numbered frame that came.
  received = 0;

  readonly #options: SessionOptions;
  readonly #credit: Credit;
  readonly #sender: Sender;
  readonly #streams: Streams;
  readonly #asking: Asking;
  readonly #answering: Answering;
  readonly #pings = new Allowance(pingBurst, pingsPerSecond);
  readonly #heartbeat: Heartbeat;
  #isLinked = false;
  #helloTimer: number | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.limits = { ...defaultLimits, ...options.limits };
    checkWindow("streamWindow", this.limits.streamWindow, maxAheadBytes);
    checkWindow("sessionWindow", this.limits.sessionWindow, maxSessionAheadBytes);
    this.id = options.id ?? "";
    this.gatewayID = options.gatewayID ?? "";
    this.#credit = new Credit(this.limits, () => this.#sender.want());
    this.#sender = new Sender(this, this.#credit);
    this.#streams = new Streams(this, this.#credit);
    this.#asking = new Asking(this, this.#sender, this.#streams);
    this.#answering = new Answering(this, this.#sender, this.#streams, options.handler);
    this.#heartbeat = new Heartbeat({
      askMs: this.limits.pingMs,
      deadMs: this.role === "gateway" ? this.limits.deadMs : Math.min(this.limits.deadMs, clientDeadMs),
      ask: () => this.control([frameType.ping, Math.floor(performance.now())]),
      dead: () => this.#end(closeCode.goingAway, "link silent", true),
    });
  }

  // attach gives the session its link. The client says HELLO at once; the gateway waits for it.
  // If the session is over already, the link is closed. A session takes one link.
  attach(transport: Transport): void {
    if (this.reason !== null) return transport.close(this.reason.code, "");
    if (this.#isLinked) throw new TypeError("gonet: the session has a link");
    this.#isLinked = true;
    this.#sender.attach(transport);
    transport.receiver = this;
    this.lastHeard = performance.now();
    this.#helloTimer = setTimeout(
      () => this.#end(closeCode.helloTimeout, "no answer in time", true),
      this.limits.helloMs,
    );
    if (this.role === "client") {
      this.#sender.sendNow([
        frameType.hello,
        protocolVersion,
        [],
        null,
        null,
        1,
        0,
        this.#options.agent ?? "",
      ]);
    }
  }

  // size is the number of streams, opening and closing ones included.
  get size(): number {
    return this.#streams.size;
  }

  // keptBytes is the memory of DATA that was sent and not acknowledged, about.
  get keptBytes(): number {
    return this.#sender.replay.dataBytes;
  }

  // ---- asking (client) ----

  // open asks the gateway for op. At most askedAtOnce wait for their answers; later ones leave when earlier
  // ones are answered. If the frame is too large, the answer rejects with RangeError. onOpened is called before any frame
  // of the stream is handled, even if the opening was canceled: it says what the stream carries.
  open(op: string, args: readonly unknown[], onOpened?: OnOpened): Opening {
    return this.#asking.open(op, args, onOpened);
  }

  // call asks the gateway a question, about stream if one is given. It leaves as an open does. A call about a stream
  // that was closed in the meantime rejects with ClosedError.
  call(op: string, args: readonly unknown[], stream?: Stream): Promise<readonly unknown[]> {
    return this.#asking.call(op, args, stream);
  }

  // close ends the session on purpose, after what was sent before. Its sockets are closed at the gateway.
  close(code: number = closeCode.goodbye, reason = ""): void {
    try {
      this.#sender.pump();
    } catch (err) {
      return this.broken(err);
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
    this.#sender.queue(bytes, frame[0] >= firstNumbered);
  }

  // schedule puts a stream in line for its turn to send.
  schedule(stream: Stream): void {
    if (this.state !== "over") this.#sender.schedule(stream);
  }

  // owe notes that stream has credit to give.
  owe(stream: Stream): void {
    if (this.state !== "over") this.#credit.owe(stream);
  }

  // consumed counts n bytes of any stream as taken.
  consumed(n: number): void {
    this.#credit.consumed(n);
  }

  // widen gives a stream with this window some more, or nothing.
  widen(window: number): number {
    return this.#credit.widen(window);
  }

  // narrowed takes back what a window was widened by, and gives the usual one.
  narrowed(window: number): number {
    return this.#credit.narrowed(window);
  }

  // accepted opens a stream for a connection that came in on listener (gateway).
  accepted(listener: Stream, result: readonly unknown[]): Stream {
    const stream = this.#streams.open("open");
    this.#streams.add(stream);
    this.control([frameType.accepted, listener.id, stream.id, result]);
    return stream;
  }

  // forget drops a stream both sides are done with.
  forget(stream: Stream): void {
    this.#streams.forget(stream);
  }

  // ---- what the sender asks ----

  get ready(): boolean {
    return this.state === "attached";
  }

  // maxControlBytes is larger at a client, which makes its frames of its own will.
  get maxControlBytes(): number {
    return this.role === "gateway" ? this.limits.controlBytes : this.limits.replayBytes;
  }

  unanswered(): void {
    this.#end(closeCode.tooMuch, "answers not acknowledged", true);
  }

  // ---- receiving ----

  onDrain(): void {
    this.#sender.want();
  }

  onClose(code: number, reason: string): void {
    this.#end(code, reason, false);
  }

  onMessage(message: Uint8Array): void {
    if (this.state === "over") return;
    this.lastHeard = performance.now();
    this.#heartbeat.heard();
    const before = this.received;
    const dataBefore = this.#credit.received;
    try {
      decode(message, (frame) => {
        this.#handle(frame);
        return !this.#isOver;
      });
    } catch (err) {
      this.broken(err);
    }
    if (this.#isOver) return;
    if (this.received > before) {
      const data = this.#credit.received - dataBefore;
      this.#sender.acks.count(this.received - before, data, message.length - data);
    }
    this.#sender.heard();
  }

  // #isOver is asked where the compiler believes to know the state.
  get #isOver(): boolean {
    return this.state === "over";
  }

  #handle(frame: Frame): void {
    if (this.state === "waiting") {
      this.#handshake(frame);
      return;
    }
    if (frame[0] >= firstNumbered) this.received++;
    switch (frame[0]) {
      case frameType.data:
        return this.#streams.handleData(frame[1], frame[2]);
      case frameType.dgram:
      case frameType.record:
        return this.#streams.handlePacket(frame[0] === frameType.dgram, frame[1], frame[2]);
      case frameType.credit:
        return this.#streams.handleCredit(frame[1], frame[2]);
      case frameType.ack:
        this.#sender.replay.acknowledge(frame[1]);
        return this.#sender.want();
      case frameType.ping:
        if (!this.#pings.take()) return this.#end(closeCode.tooMuch, "pings", true);
        return this.#sender.pong(frame[1]);
      case frameType.pong:
        return;
      case frameType.goodbye:
        return this.#handleGoodbye(frame[1], frame[2]);
      case frameType.fin:
        return this.#streams.find(frame[1]).handleFin();
      case frameType.reset:
        if (this.role === "gateway") throw new WireError("unexpected frame");
        return this.#streams.find(frame[1]).handleReset(frame[2]);
      case frameType.close:
        return this.#streams.find(frame[1]).handleClose();
      default:
        if (this.role === "gateway") this.#answering.handle(frame);
        else this.#asking.handle(frame);
    }
  }

  #handshake(frame: Frame): void {
    if (this.role === "gateway" && frame[0] === frameType.hello) {
      if (frame[3] !== null) return this.#end(closeCode.noSession, "no such session", true);
      this.#attached();
      const limits = Object.keys(limitTable).map((name) => [name, this.limits[name as keyof Limits]]);
      this.#sender.sendNow([
        frameType.welcome,
        protocolVersion,
        [],
        this.id,
        null,
        frame[5],
        this.received,
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
    this.limits = limits as Limits;
    this.#credit.use(this.limits);
    this.#streams.useWindow(this.limits.streamWindow);
  }

  #attached(): void {
    clearTimeout(this.#helloTimer);
    this.state = "attached";
    this.#heartbeat.start();
    this.#options.onAttached?.(this);
    this.#sender.want();
  }

  // ---- the end ----

  // broken ends this session, and no other: with 4400 if the peer broke the protocol, else for an error of our own. The
  // reason's cause is then for the log.
  broken(err: unknown): void {
    if (err instanceof WireError) this.#end(closeCode.protocol, err.reason, true);
    else this.#end(closeCode.internal, "internal error", true, err);
  }

  // #end is the one way out. tell says whether the peer must be told.
  #end(code: number, why: string, tell: boolean, cause?: unknown): void {
    if (this.state === "over") return;
    const reason = new SessionError(code, why, cause);
    this.state = "over";
    this.reason = reason;
    clearTimeout(this.#helloTimer);
    this.#heartbeat.stop();
    try {
      const transport = this.#sender.detach(tell);
      if (tell) transport?.send(encode([frameType.goodbye, code, why.slice(0, maxReasonChars)]));
      transport?.close(code, why);
    } catch {
      // The link cannot even be closed. It gets nothing more from us, and what follows must not be left undone.
    }
    this.#asking.stop();
    this.#sender.clear();
    this.#credit.clear();
    const lost: Pieces = ["errno", "", "ECONNRESET", ["session", code, why]];
    this.#streams.clear((stream) => stream.lost(lost));
    this.#asking.clear(reason);
    this.#options.onOver?.(this, reason);
  }
}

function checkWindow(name: string, bytes: number, max: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > max) {
    throw new RangeError(`gonet: limit ${name} must be from 1 to ${max} bytes`);
  }
}
