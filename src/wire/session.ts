// Session carries streams and calls over a link (docs/protocol.md), and outlives it. The same class runs at both ends; a
// role says which. It knows neither browser nor Node.
//
//   waiting ──HELLO / WELCOME──► attached ◄──────────┐
//                                   │                │ HELLO / WELCOME on another link
//                            link ends, silence      │
//                                   └──► detached ───┘
//   any of them ──failure, GOODBYE, close()──► over     (without resume: when the link ends, too)
//
// Its parts: Line is the link there is; Sender makes frames and puts them on it; Streams has the table of streams, Credit
// what both sides may send; Asking is what a client asks of a gateway, Answering what a gateway does about it.

import { Allowance } from "./allowance.js";
import { Answering } from "./answering.js";
import { Asking, type OnOpened, type Opening } from "./asking.js";
import { Credit, maxSessionAheadBytes } from "./credit.js";
import { closeCode, maxReasonChars, type Pieces, SessionError, WireError } from "./errors.js";
import { type ControlFrame, encode, type Frame, firstNumbered, frameType } from "./frame.js";
import type { Frames } from "./frames.js";
import {
  type Hello,
  hello,
  parseGoodbye,
  parseHello,
  parseWelcome,
  resumeCap,
  welcome,
} from "./handshake.js";
import { Heartbeat } from "./heartbeat.js";
import { defaultLimits, type Limits } from "./limits.js";
import { Line, type LineOwner } from "./line.js";
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

const clientDeadMs = 25_000; // a page gives a link up before its gateway does, and makes a new one
const wakeMs = 3_000; // who was asleep may be elsewhere now: a link that works answers sooner
const pingBurst = 20;
const pingsPerSecond = 10;

export class Session implements LineOwner, SenderOwner {
  readonly role: Role;
  limits: Limits;
  state: SessionState = "waiting";
  id = "";
  gatewayID = "";
  // graceMs is how long the gateway keeps the session without a link (client); 0: not at all.
  graceMs = 0;
  // reason says why the session is over.
  reason: SessionError | null = null;
  // lastHeard is when the link last brought something, detachedAt when it ended, in ms of performance.now.
  lastHeard = performance.now();
  detachedAt = 0;
  // received is the number of the last numbered frame that came.
  received = 0;
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
  readonly #pings = new Allowance(pingBurst, pingsPerSecond);
  readonly #heartbeat: Heartbeat;
  // The link there is; while state is not attached, the one that has yet to shake hands.
  #line: Line | null = null;
  #helloTimer: number | undefined;
  #resumeKey: Uint8Array | null;
  #canResume = false;
  #epoch = 0; // of the last HELLO
  #countedFrames = 0; // of received and #credit.received, what acks has counted
  #countedData = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.limits = { ...defaultLimits, ...options.limits };
    checkWindow("streamWindow", this.limits.streamWindow, maxAheadBytes);
    checkWindow("sessionWindow", this.limits.sessionWindow, maxSessionAheadBytes);
    this.id = options.id ?? "";
    this.gatewayID = options.gatewayID ?? "";
    this.#resumeKey = options.resumeKey ?? null;
    this.#credit = new Credit(this.limits, () => this.#sender.want());
    this.#sender = new Sender(this, this.#credit);
    this.#streams = new Streams(this, this.#credit);
    this.#asking = new Asking(this, this.#sender, this.#streams);
    this.#answering = new Answering(this, this.#sender, this.#streams, options.handler);
    const { pingMs, deadMs } = this.limits;
    this.#heartbeat = new Heartbeat({
      askMs: pingMs,
      ...(this.role === "gateway" ? { deadMs } : { deadMs: Math.min(deadMs, clientDeadMs), wakeMs }),
      ask: () => this.#sender.ping(Math.floor(performance.now())),
      dead: () => this.#silent(),
    });
  }

  // attach gives the session a link. The client says HELLO at once; the gateway waits for it. A client may attach another
  // link when the first ended, or to take its place, if the session can be resumed. If the session is over already, the
  // link is closed.
  attach(transport: Transport): void {
    if (this.reason !== null) return transport.close(this.reason.code, "");
    if (this.role === "gateway" || this.state === "waiting") {
      if (this.#line !== null || this.state !== "waiting")
        throw new TypeError("gonet: the session has a link");
    } else if (this.#canResume) this.#dropLine();
    else throw new TypeError("gonet: the session has a link");
    const line = new Line(transport, this);
    this.#line = line;
    if (this.state === "waiting") this.lastHeard = performance.now();
    this.#helloTimer = setTimeout(() => this.#noAnswer(line), this.limits.helloMs);
    if (this.role === "gateway") return;
    this.#epoch++;
    const old = this.state === "waiting" ? null : { id: this.id, key: this.#resumeKey };
    const { agent = "", resume = false } = this.#options;
    line.send(
      hello({
        caps: resume ? [resumeCap] : [],
        sessionID: old?.id ?? null,
        resumeKey: old?.key ?? null,
        epoch: this.#epoch,
        received: this.received,
        agent,
      }),
    );
  }

  // begin gives a new session the link of a client that said hello (gateway).
  begin(line: Line, said: Hello): void {
    this.#line = line;
    line.owner = this;
    clearTimeout(this.#helloTimer);
    this.#epoch = said.epoch;
    this.#canResume = this.#resumeKey !== null && said.caps.includes(resumeCap);
    this.#welcome(line, this.#canResume ? this.#resumeKey : null);
    this.#attached(line, null);
  }

  // resume gives the session a new link, of a client that said hello and showed the session's key (gateway). It returns
  // the code with which that client is to be turned away, or null. An old link is ended first, and nothing that it
  // still brings is taken: only then it is certain what the client has to send again.
  resume(line: Line, said: Hello): number | null {
    if (!this.#canResume || this.state === "over") return closeCode.noSession;
    if (said.epoch <= this.#epoch) return closeCode.superseded;
    const { acknowledged, highest } = this.#sender.replay;
    if (said.received < acknowledged || said.received > highest) return closeCode.protocol;
    this.#epoch = said.epoch;
    this.#dropLine();
    this.#line = line;
    line.owner = this;
    this.#welcome(line, null);
    this.#attached(line, said.received);
    return null;
  }

  // probe asks the other side for a sign of life: something happened that links often do not survive. Without an answer in
  // time the link is given up.
  probe(): void {
    if (this.state === "attached") this.#heartbeat.probe(wakeMs);
  }

  // canResume says that the session outlives its link.
  get canResume(): boolean {
    return this.#canResume;
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
    return this.state === "attached" || this.state === "detached";
  }

  // maxControlBytes is larger at a client, which makes its frames of its own will.
  get maxControlBytes(): number {
    return this.role === "gateway" ? this.limits.controlBytes : this.limits.replayBytes;
  }

  unanswered(): void {
    this.#end(closeCode.tooMuch, "answers not acknowledged", true);
  }

  // ---- what the line brings ----

  // drained goes on with what waited for room in the link.
  drained(line: Line): void {
    if (line === this.#line) this.#sender.want();
  }

  message(line: Line, bytes: number): void {
    if (line !== this.#line) return;
    this.lastHeard = performance.now();
    this.#heartbeat.heard();
    const frames = this.received - this.#countedFrames;
    if (frames > 0) {
      const data = this.#credit.received - this.#countedData;
      this.#countedFrames = this.received;
      this.#countedData = this.#credit.received;
      this.#sender.acks.count(frames, data, bytes - data);
    }
    this.#sender.heard();
  }

  failed(line: Line, err: unknown): void {
    if (line === this.#line) this.broken(err);
  }

  frame(line: Line, frame: Frame): boolean {
    if (line !== this.#line) {
      this.counts.supersededFrames++;
      return false;
    }
    if (this.state !== "attached") this.#handshake(line, frame);
    else if (frame[0] < firstNumbered || this.#isNew(line)) this.#handle(frame);
    return line === this.#line;
  }

  // #isNew numbers a frame of line. One that came before, over another line, is none; one that is missing before it
  // cannot be, for a link keeps the order.
  #isNew(line: Line): boolean {
    const seq = ++line.received;
    if (seq <= this.received) {
      this.counts.duplicateFrames++;
      return false;
    }
    if (seq > this.received + 1) throw new WireError("unexpected frame");
    this.received = seq;
    return true;
  }

  #handle(frame: Frame): void {
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
        if (!this.#pings.take()) return this.#end(closeCode.tooMuch, "pings", true);
        return this.#sender.pong(frame[1]);
      case frameType.pong:
        return;
      case frameType.goodbye: {
        const { code, reason } = parseGoodbye(frame);
        return this.#end(code, reason, false);
      }
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

  // ---- the handshake ----

  #handshake(line: Line, frame: Frame): void {
    if (frame[0] === frameType.goodbye) {
      const { code, reason } = parseGoodbye(frame);
      if (this.state === "waiting") this.#end(code, reason, false);
      else this.#refused(line, code, reason);
    } else if (this.role === "gateway" && frame[0] === frameType.hello) {
      const said = parseHello(frame);
      if (said.sessionID === null) this.begin(line, said);
      else this.#end(closeCode.noSession, "no such session", true);
    } else if (this.role === "client" && frame[0] === frameType.welcome) this.#welcomed(line, frame);
    else throw new WireError("unexpected frame");
  }

  // #welcome answers a HELLO.
  #welcome(line: Line, resumeKey: Uint8Array | null): void {
    line.send(
      welcome({
        caps: this.#canResume ? [resumeCap] : [],
        sessionID: this.id,
        resumeKey,
        epoch: this.#epoch,
        received: this.received,
        graceMs: this.#canResume ? this.limits.graceMs : 0,
        limits: this.limits,
        gatewayID: this.gatewayID,
      }),
    );
  }

  #welcomed(line: Line, frame: Extract<Frame, readonly [typeof frameType.welcome, ...unknown[]]>): void {
    const said = parseWelcome(frame, this.limits);
    if (this.state === "detached") {
      const { acknowledged, highest } = this.#sender.replay;
      if (said.sessionID !== this.id || said.epoch !== this.#epoch) throw new WireError("bad field");
      if (said.received < acknowledged || said.received > highest) throw new WireError("bad ack");
      return this.#attached(line, said.received);
    }
    this.id = said.sessionID;
    this.gatewayID = said.gatewayID;
    this.graceMs = said.graceMs;
    this.#resumeKey = said.resumeKey;
    this.#canResume =
      this.#options.resume === true && said.resumeKey !== null && said.caps.includes(resumeCap);
    this.limits = said.limits; // both ends must count with the same windows
    this.#credit.use(this.limits);
    this.#streams.useWindow(this.limits.streamWindow);
    this.#attached(line, null);
  }

  // #attached begins to use line. peerReceived is what the peer has, if line takes the session up.
  #attached(line: Line, peerReceived: number | null): void {
    clearTimeout(this.#helloTimer);
    this.state = "attached";
    this.lastHeard = performance.now();
    line.received = this.received;
    this.#countedFrames = this.received;
    this.#countedData = this.#credit.received;
    this.#sender.attach(line, peerReceived);
    this.#heartbeat.start();
    if (peerReceived !== null) {
      this.counts.resumes++;
      this.#streams.resumed();
    }
    this.#options.onAttached?.(this);
  }

  // ---- the end of a line ----

  ended(line: Line, code: number, reason: string): void {
    if (line !== this.#line) return;
    if (this.state === "waiting") return this.#end(code, reason, false);
    if (this.state === "detached") return this.#refused(line, code, reason);
    if (this.#canResume && !isFinal(code)) this.#detach(code, reason);
    else this.#end(code, reason, false);
  }

  // #silent gives up a link over which nothing comes.
  #silent(): void {
    if (this.#canResume) this.#detach(closeCode.broken, "link silent");
    else this.#end(closeCode.goingAway, "link silent", true);
  }

  #detach(code: number, reason: string): void {
    this.#dropLine();
    this.#options.onDetached?.(this, code, reason);
  }

  // #dropLine ends the line there is, without a word: what it still brings is not taken.
  #dropLine(): void {
    const line = this.#line;
    this.#line = null;
    clearTimeout(this.#helloTimer);
    line?.transport.terminate();
    if (this.state !== "attached") return;
    this.state = "detached";
    this.detachedAt = performance.now();
    this.#heartbeat.stop();
    this.#sender.detach(false);
    this.#streams.detached();
    this.#sender.want();
  }

  // #refused ends an attempt at a new link; some answers end the session, for another attempt would get the same.
  #refused(line: Line, code: number, reason: string): void {
    if (isHopeless(code)) return this.#end(code, reason, false);
    if (line === this.#line) this.#detach(code, reason);
  }

  #noAnswer(line: Line): void {
    if (this.state === "detached") this.#refused(line, closeCode.helloTimeout, "no answer in time");
    else this.#end(closeCode.helloTimeout, "no answer in time", true);
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
    const line = this.#line;
    this.#line = null;
    clearTimeout(this.#helloTimer);
    this.#heartbeat.stop();
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

// isFinal says that a link that was attached and ends with this code takes its session along: somebody meant it. Whatever
// else a link dies of, 1001 of a page that goes away among it, another may take its place.
function isFinal(code: number): boolean {
  return code >= firstOwnCode || finalCodes.has(code);
}

const firstOwnCode = 4000;
const finalCodes = new Set<number>([closeCode.goodbye, closeCode.text, closeCode.limit, closeCode.tooBig]);

// isHopeless says that an attempt at a new link that was answered so need not be repeated.
function isHopeless(code: number): boolean {
  return hopelessCodes.has(code);
}

const hopelessCodes = new Set<number>([
  closeCode.protocol,
  closeCode.token,
  closeCode.forbidden,
  closeCode.noSession,
  closeCode.superseded,
]);

function checkWindow(name: string, bytes: number, max: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > max) {
    throw new RangeError(`gonet: limit ${name} must be from 1 to ${max} bytes`);
  }
}
