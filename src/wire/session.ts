// Session carries streams and calls over a link (docs/protocol.md), and outlives it. The same class runs at both ends; a
// role says which. It knows neither browser nor Node.
//
//   waiting ──HELLO / WELCOME──► attached ◄──────────┐
//                                   │                │ HELLO / WELCOME on another link
//                            link ends, silence      │
//                                   └──► detached ───┘
//   any of them ──failure, GOODBYE, close()──► over     (without resume: when the link ends, too)
//
// Its parts: Attachment holds the link there is, a Line; Sender makes frames and puts them on it; Streams has the table of
// streams, Credit what both sides may send; Asking is what a client asks of a gateway, Answering what a gateway does about it.

import { Allowance } from "./allowance.js";
import { Answering } from "./answering.js";
import { Asking, type OnOpened, type Opening } from "./asking.js";
import { type Attached, Attachment } from "./attachment.js";
import { Credit, maxSessionAheadBytes } from "./credit.js";
import { closeCode, maxReasonChars, type Pieces, SessionError, WireError } from "./errors.js";
import { type ControlFrame, encode, type Frame, frameType } from "./frame.js";
import type { Frames } from "./frames.js";
import { type Hello, parseGoodbye, type Welcome } from "./handshake.js";
import { defaultLimits, type Limits } from "./limits.js";
import type { Line } from "./line.js";
import { Sender, type SenderOwner } from "./sender.js";
import { maxAheadBytes, type Stream } from "./stream.js";
import { Streams } from "./streams.js";
import type { Transport } from "./transport.js";

export type { Opening } from "./asking.js";

export type Role = "client" | "gateway";
export type SessionState = "waiting" | "attached" | "detached" | "over";

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
  // defer has a function called at the end of this turn of the event loop: what several sockets have to send then
  // shares messages. Without it frames leave at the end of the task.
  defer?: (run: () => void) => void;
  agent?: string; // client: free text for the gateway's log
  id?: string; // gateway
  gatewayID?: string; // gateway
  // resume: the session is to outlive its links, if the other side can do that too (client).
  resume?: boolean;
  // resumeKey is the secret with which a client takes the session up again; without it, it cannot (gateway).
  resumeKey?: Uint8Array;
  // onAttached is told of every link that works, the first and later ones.
  onAttached?: (session: Session) => void;
  // onDetached is told when the link ended, or an attempt at another failed, and the session waits for the next.
  onDetached?: (session: Session, code: number, reason: string) => void;
  // onDrain is told that the gateway goes down and ends the session in deadlineMs (client).
  onDrain?: (session: Session, deadlineMs: number) => void;
  onOver?: (session: Session, reason: SessionError) => void;
}

// Counts is what happened to a session's links.
export interface Counts {
  resumes: number;
  supersededFrames: number; // came late, over a link that was no longer the session's
  duplicateFrames: number; // came twice
  droppedPackets: number; // DGRAMs for which there was no link
  lostPacketBytes: number; // of DGRAMs that were lost with a link, as their offsets tell
}

export class Session implements Attached, SenderOwner {
  readonly role: Role;
  limits: Limits;
  state: SessionState = "waiting";
  id = "";
  gatewayID = "";
  // graceMs is how long the gateway keeps the session without a link (client); 0: not at all.
  graceMs = 0;
  // reason says why the session is over.
  reason: SessionError | null = null;
  readonly counts: Counts = {
    resumes: 0,
    supersededFrames: 0,
    duplicateFrames: 0,
    droppedPackets: 0,
    lostPacketBytes: 0,
  };

  readonly #options: SessionOptions;
  readonly #credit: Credit;
  readonly #sender: Sender;
  readonly #streams: Streams;
  readonly #asking: Asking;
  readonly #answering: Answering;
  readonly #pings: Allowance;
  readonly #attachment: Attachment;
  #countedData = 0; // of #credit.received, what acks has counted

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.limits = { ...defaultLimits, ...options.limits };
    checkWindow("streamWindow", this.limits.streamWindow, maxAheadBytes);
    checkWindow("sessionWindow", this.limits.sessionWindow, maxSessionAheadBytes);
    this.id = options.id ?? "";
    this.gatewayID = options.gatewayID ?? "";
    this.#pings = new Allowance(this.limits.pings, this.limits.pingsPerSecond);
    this.#credit = new Credit(this.limits, () => this.#sender.want());
    this.#sender = new Sender(this, this.#credit, options.defer);
    this.#streams = new Streams(this, this.#credit);
    this.#asking = new Asking(this, this.#sender, this.#streams);
    this.#answering = new Answering(this, this.#sender, this.#streams, options.handler);
    const { agent = "", resume = false, resumeKey = null } = options;
    this.#attachment = new Attachment(this, this.#sender, { agent, resume, resumeKey });
  }

  // ---- links ----

  // attach gives the session a link. The client says HELLO at once; the gateway waits for it. A client may attach another
  // link when the first ended, or to take its place, if the session can be resumed. If the session is over already, the
  // link is closed.
  attach(transport: Transport): void {
    if (this.reason !== null) transport.close(this.reason.code, "");
    else this.#attachment.attach(transport);
  }

  // begin gives a new session the link of a client that said hello (gateway).
  begin(line: Line, said: Hello): void {
    this.#attachment.begin(line, said);
  }

  // resume gives the session a new link, of a client that said hello and showed the session's key (gateway). It returns
  // the code with which that client is to be turned away, or null.
  resume(line: Line, said: Hello): number | null {
    return this.#attachment.resume(line, said);
  }

  // probe asks the other side for a sign of life: something happened that links often do not survive. Without an answer in
  // time the link is given up.
  probe(): void {
    this.#attachment.probe();
  }

  // canResume says that the session outlives its link.
  get canResume(): boolean {
    return this.#attachment.canResume;
  }

  // lastHeard is when a link last brought something, in ms of performance.now.
  get lastHeard(): number {
    return this.#attachment.lastHeard;
  }

  // detachedAt is when the last link ended, in ms of performance.now.
  get detachedAt(): number {
    return this.#attachment.detachedAt;
  }

  // idleSince is since when the session has had no stream, in ms of performance.now; null if it has one.
  get idleSince(): number | null {
    return this.#streams.idleSince;
  }

  // hold stops making DATA of what sockets bring, and goes on with it: memory is short (gateway).
  hold(isHeld: boolean): void {
    this.#sender.hold(isHeld);
  }

  // size is the number of streams, opening and closing ones included.
  get size(): number {
    return this.#streams.size;
  }

  // frames lends the memory of what streams send.
  get frames(): Frames {
    return this.#sender.frames;
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
      this.#sender.finish();
    } catch (err) {
      return this.broken(err);
    }
    this.end(code, reason, true);
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
    this.#sender.queue(bytes);
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

  // keepPacket says whether there is room for a packet of DGRAM that waits, and counts it; freePackets gives room back.
  keepPacket(bytes: number): boolean {
    return this.#credit.keepPacket(bytes);
  }

  freePackets(bytes: number): void {
    this.#credit.freePackets(bytes);
  }

  // widen gives a stream with this window some more, or nothing.
  widen(window: number): number {
    return this.#credit.widen(window);
  }

  // narrowed takes back what a window was widened by, down to the usual one, or to least.
  narrowed(window: number, least: number): number {
    return this.#credit.narrowed(window, least);
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

  get received(): number {
    return this.#attachment.received;
  }

  get ready(): boolean {
    return this.state === "attached" || this.state === "detached";
  }

  // maxControlBytes is larger at a client, which makes its frames of its own will.
  get maxControlBytes(): number {
    return this.role === "gateway" ? this.limits.controlBytes : this.limits.replayBytes;
  }

  unanswered(): void {
    this.end(closeCode.tooMuch, "answers not acknowledged", true);
  }

  stalled(): void {
    this.#attachment.giveUp("link stalled");
  }

  // ---- what its hold on links tells ----

  welcomed(said: Welcome): void {
    this.id = said.sessionID;
    this.gatewayID = said.gatewayID;
    this.graceMs = said.graceMs;
    this.limits = said.limits; // both ends must count with the same windows
    this.#credit.use(this.limits);
    this.#streams.useWindow(this.limits.streamWindow);
  }

  onLink(isResumed: boolean): void {
    if (isResumed) this.#streams.resumed();
    this.#options.onAttached?.(this);
  }

  onDropped(): void {
    this.#streams.detached();
    this.#sender.want();
  }

  onNoLink(code: number, reason: string): void {
    this.#options.onDetached?.(this, code, reason);
  }

  arrived(frames: number, bytes: number): void {
    if (frames > 0) {
      const data = this.#credit.received - this.#countedData;
      this.#countedData = this.#credit.received;
      this.#sender.acks.count(frames, data, bytes - data);
    }
    this.#sender.heard();
  }

  handle(frame: Frame): void {
    switch (frame[0]) {
      case frameType.data:
        return this.#streams.handleData(frame[1], frame[2]);
      case frameType.dgram:
      case frameType.record:
        return this.#streams.handlePacket(frame[0] === frameType.dgram, frame[1], frame[2]);
      case frameType.credit:
        return this.#streams.handleCredit(frame[1], frame[2]);
      case frameType.ack:
        return this.#sender.acknowledge(frame[1]);
      case frameType.ping:
        if (!this.#pings.take()) return this.end(closeCode.tooMuch, "pings", true);
        return this.#sender.pong(frame[1]);
      case frameType.pong:
        return;
      case frameType.goodbye: {
        const { code, reason } = parseGoodbye(frame);
        return this.end(code, reason, false);
      }
      case frameType.drain:
        if (this.role === "gateway") throw new WireError("unexpected frame");
        this.#options.onDrain?.(this, frame[1]);
        return;
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

  // ---- the end ----

  // broken ends this session, and no other: with 4400 if the peer broke the protocol, else for an error of our own. The
  // reason's cause is then for the log.
  broken(err: unknown): void {
    if (err instanceof WireError) this.end(closeCode.protocol, err.reason, true);
    else this.end(closeCode.internal, "internal error", true, err);
  }

  // end is the one way out. tell says whether the peer must be told.
  end(code: number, why: string, tell: boolean, cause?: unknown): void {
    if (this.state === "over") return;
    const reason = new SessionError(code, why, cause);
    this.state = "over";
    this.reason = reason;
    const line = this.#attachment.stop();
    try {
      this.#sender.detach(tell);
      if (tell) line?.send([frameType.goodbye, code, why.slice(0, maxReasonChars)]);
      line?.transport.close(code, why);
    } catch {
      // The link cannot even be closed. It gets nothing more from us, and what follows must not be left undone.
    }
    this.#asking.stop();
    const unsent = this.#sender.neverSent();
    this.#sender.clear();
    this.#credit.clear();
    const lost: Pieces = ["errno", "", "ECONNRESET", ["session", code, why]];
    this.#streams.clear((stream) => stream.lost(lost));
    this.#asking.clear(reason, unsent);
    this.#options.onOver?.(this, reason);
  }
}

function checkWindow(name: string, bytes: number, max: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > max) {
    throw new RangeError(`gonet: limit ${name} must be from 1 to ${max} bytes`);
  }
}
