// Attachment is a session's hold on its links: the one there is, the handshake on it, when it is given up, and how the
// session is taken up again on another (docs/protocol.md, part 9).
//
// The guard: what a line brings is taken only while it is the one there is. The numbers are a second one: they count from
// what was said in the handshake, so that what came before is known again.

import { closeCode, WireError } from "./errors.js";
import { type Frame, firstNumbered, frameType } from "./frame.js";
import {
  type Hello,
  hello,
  parseGoodbye,
  parseHello,
  parseWelcome,
  resumeCap,
  type Welcome,
  type WelcomeFrame,
  welcome,
} from "./handshake.js";
import { Heartbeat } from "./heartbeat.js";
import type { Limits } from "./limits.js";
import { Line, type LineOwner } from "./line.js";
import type { Sender } from "./sender.js";
import type { Transport } from "./transport.js";

const clientDeadMs = 25_000; // a page gives a link up before its gateway does, and makes a new one
const wakeMs = 3_000; // who was asleep may be elsewhere now: a link that works answers sooner

// Attached is the session, as far as its hold on links needs it.
export interface Attached {
  readonly role: "client" | "gateway";
  readonly limits: Limits;
  state: "waiting" | "attached" | "detached" | "over";
  readonly id: string;
  readonly gatewayID: string;
  readonly counts: { resumes: number; supersededFrames: number; duplicateFrames: number };
  // handle takes a frame after the handshake.
  handle(frame: Frame): void;
  // arrived says that a message was taken, which brought so many numbered frames.
  arrived(frames: number, bytes: number): void;
  // welcomed takes the answer to the first HELLO (client).
  welcomed(said: Welcome): void;
  // onLink and onNoLink say that a link works, and that one ended or an attempt at another did.
  onLink(isResumed: boolean): void;
  onDropped(): void;
  onNoLink(code: number, reason: string): void;
  broken(err: unknown): void;
  end(code: number, why: string, tell: boolean): void;
}

export interface AttachmentOptions {
  readonly agent: string;
  readonly resume: boolean; // client
  readonly resumeKey: Uint8Array | null; // gateway
}

export class Attachment implements LineOwner {
  // received is the number of the last numbered frame that came.
  received = 0;
  // canResume says that the session outlives its link.
  canResume = false;
  // lastHeard is when the link last brought something, detachedAt when it ended, in ms of performance.now.
  lastHeard = performance.now();
  detachedAt = 0;
  readonly #session: Attached;
  readonly #sender: Sender;
  readonly #options: AttachmentOptions;
  readonly #heartbeat: Heartbeat;
  // The line there is; while the session is not attached, the one that has yet to shake hands.
  #line: Line | null = null;
  #helloTimer: number | undefined;
  #resumeKey: Uint8Array | null;
  #epoch = 0; // of the last HELLO
  #counted = 0; // of received, what the session was told

  constructor(session: Attached, sender: Sender, options: AttachmentOptions) {
    this.#session = session;
    this.#sender = sender;
    this.#options = options;
    this.#resumeKey = options.resumeKey;
    const { pingMs, deadMs } = session.limits;
    this.#heartbeat = new Heartbeat({
      askMs: pingMs,
      ...(session.role === "gateway" ? { deadMs } : { deadMs: Math.min(deadMs, clientDeadMs), wakeMs }),
      ask: () => sender.ping(Math.floor(performance.now())),
      dead: () => this.giveUp("link silent"),
    });
  }

  // attach takes a transport. The client says HELLO at once; the gateway waits for it.
  attach(transport: Transport): void {
    const { role, state, limits } = this.#session;
    const isFirst = state === "waiting" && this.#line === null;
    const isNext = role === "client" && state !== "waiting" && this.canResume;
    if (!isFirst && !isNext) throw new TypeError("gonet: the session has a link");
    this.#dropLine();
    const line = new Line(transport, this);
    this.#line = line;
    if (isFirst) this.lastHeard = performance.now();
    this.#helloTimer = setTimeout(() => this.#noAnswer(line), limits.helloMs);
    if (role === "gateway") return;
    this.#epoch++;
    const { agent, resume } = this.#options;
    line.send(
      hello({
        caps: resume ? [resumeCap] : [],
        sessionID: isFirst ? null : this.#session.id,
        resumeKey: isFirst ? null : this.#resumeKey,
        epoch: this.#epoch,
        received: this.received,
        agent,
      }),
    );
  }

  // begin takes the line of a client that wants a new session (gateway).
  begin(line: Line, said: Hello): void {
    this.#line = line;
    line.owner = this;
    this.#epoch = said.epoch;
    this.canResume = this.#resumeKey !== null && said.caps.includes(resumeCap);
    this.#welcome(line, this.canResume ? this.#resumeKey : null);
    this.#attached(line, null);
  }

  // resume takes the line of a client that takes the session up (gateway). An old line is ended first, and nothing that
  // it still brings is taken: only then it is certain what the client has to send again.
  resume(line: Line, said: Hello): number | null {
    if (!this.canResume || this.#session.state === "over") return closeCode.noSession;
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

  probe(): void {
    if (this.#session.state === "attached") this.#heartbeat.probe(wakeMs);
  }

  // stop lets go of the line and gives it: the session is over.
  stop(): Line | null {
    const line = this.#line;
    this.#line = null;
    clearTimeout(this.#helloTimer);
    this.#heartbeat.stop();
    return line;
  }

  // ---- what the line brings ----

  drained(line: Line): void {
    if (line === this.#line) this.#sender.want();
  }

  message(line: Line, bytes: number): void {
    if (line !== this.#line) return;
    this.lastHeard = performance.now();
    this.#heartbeat.heard();
    const frames = this.received - this.#counted;
    this.#counted = this.received;
    this.#session.arrived(frames, bytes);
  }

  failed(line: Line, err: unknown): void {
    if (line === this.#line) this.#session.broken(err);
  }

  frame(line: Line, frame: Frame): boolean {
    if (line !== this.#line) {
      this.#session.counts.supersededFrames++;
      return false;
    }
    if (this.#session.state !== "attached") this.#handshake(line, frame);
    else if (frame[0] < firstNumbered || this.#isNew(line)) this.#session.handle(frame);
    return line === this.#line;
  }

  // #isNew numbers a frame of line. One that came before, over another line, is none; one that is missing before it
  // cannot be, for a link keeps the order.
  #isNew(line: Line): boolean {
    const seq = ++line.received;
    if (seq <= this.received) {
      this.#session.counts.duplicateFrames++;
      return false;
    }
    if (seq > this.received + 1) throw new WireError("unexpected frame");
    this.received = seq;
    return true;
  }

  // ---- the handshake ----

  #handshake(line: Line, frame: Frame): void {
    const { role, state } = this.#session;
    if (frame[0] === frameType.goodbye) {
      const { code, reason } = parseGoodbye(frame);
      if (state === "waiting") this.#session.end(code, reason, false);
      else this.#refused(line, code, reason);
    } else if (role === "gateway" && frame[0] === frameType.hello) {
      const said = parseHello(frame);
      clearTimeout(this.#helloTimer);
      if (said.sessionID === null) this.begin(line, said);
      else this.#session.end(closeCode.noSession, "no such session", true);
    } else if (role === "client" && frame[0] === frameType.welcome) this.#welcomed(line, frame);
    else throw new WireError("unexpected frame");
  }

  // #welcome answers a HELLO.
  #welcome(line: Line, resumeKey: Uint8Array | null): void {
    const { id, gatewayID, limits } = this.#session;
    line.send(
      welcome({
        caps: this.canResume ? [resumeCap] : [],
        sessionID: id,
        resumeKey,
        epoch: this.#epoch,
        received: this.received,
        graceMs: this.canResume ? limits.graceMs : 0,
        limits,
        gatewayID,
      }),
    );
  }

  #welcomed(line: Line, frame: WelcomeFrame): void {
    const said = parseWelcome(frame, this.#session.limits);
    if (this.#session.state === "detached") {
      const { acknowledged, highest } = this.#sender.replay;
      if (said.sessionID !== this.#session.id || said.epoch !== this.#epoch) throw new WireError("bad field");
      if (said.received < acknowledged || said.received > highest) throw new WireError("bad ack");
      return this.#attached(line, said.received);
    }
    this.#resumeKey = said.resumeKey;
    this.canResume = this.#options.resume && said.resumeKey !== null && said.caps.includes(resumeCap);
    this.#session.welcomed(said);
    this.#attached(line, null);
  }

  // #attached begins to use line. peerReceived is what the peer has, if line takes the session up.
  #attached(line: Line, peerReceived: number | null): void {
    clearTimeout(this.#helloTimer);
    this.#session.state = "attached";
    this.lastHeard = performance.now();
    line.received = this.received;
    this.#counted = this.received;
    this.#sender.attach(line, peerReceived);
    this.#heartbeat.start();
    if (peerReceived !== null) this.#session.counts.resumes++;
    this.#session.onLink(peerReceived !== null);
  }

  // ---- the end of a line ----

  ended(line: Line, code: number, reason: string): void {
    if (line !== this.#line) return;
    if (this.#session.state === "detached") this.#refused(line, code, reason);
    else if (this.canResume && !isFinal(code)) this.#detach(code, reason);
    else this.#session.end(code, reason, false);
  }

  // giveUp ends a link over which nothing comes, or nothing leaves.
  giveUp(why: string): void {
    if (this.canResume) this.#detach(closeCode.broken, why);
    else this.#session.end(closeCode.goingAway, why, true);
  }

  #detach(code: number, reason: string): void {
    this.#dropLine();
    this.#session.onNoLink(code, reason);
  }

  // #dropLine ends the line there is, without a word: what it still brings is not taken.
  #dropLine(): void {
    const line = this.#line;
    this.#line = null;
    clearTimeout(this.#helloTimer);
    line?.transport.terminate();
    if (this.#session.state !== "attached") return;
    this.#session.state = "detached";
    this.detachedAt = performance.now();
    this.#heartbeat.stop();
    this.#sender.detach(false);
    this.#session.onDropped();
  }

  // #refused ends an attempt at a new link; some answers end the session, for another attempt would get the same.
  #refused(line: Line, code: number, reason: string): void {
    if (hopelessCodes.has(code)) this.#session.end(code, reason, false);
    else if (line === this.#line) this.#detach(code, reason);
  }

  #noAnswer(line: Line): void {
    if (this.#session.state === "detached") this.#refused(line, closeCode.helloTimeout, "no answer in time");
    else this.#session.end(closeCode.helloTimeout, "no answer in time", true);
  }
}

// isFinal says that a link that was attached and ends with this code takes its session along: somebody meant it. Whatever
// else a link dies of, 1001 of a page that goes away among it, another may take its place.
function isFinal(code: number): boolean {
  return code >= firstOwnCode || finalCodes.has(code);
}

const firstOwnCode = 4000;
const finalCodes = new Set<number>([closeCode.goodbye, closeCode.text, closeCode.limit, closeCode.tooBig]);

// hopelessCodes are answers to an attempt at a new link that another attempt would get too.
const hopelessCodes = new Set<number>([
  closeCode.protocol,
  closeCode.token,
  closeCode.forbidden,
  closeCode.noSession,
  closeCode.superseded,
]);
