// Guest is a client by hand of a gateway with real sockets, over a link in memory: it sends what it is told and keeps no rules.

import { RawLine, turns } from "../../src/testing/rawpeer.js";
import { type Frame, frameType as T } from "../../src/wire/frame.js";
import { resumeCap } from "../../src/wire/handshake.js";
import type { SockAddr } from "../../src/wire/sockaddr.js";
import type { Transport } from "../../src/wire/transport.js";
import type { Caller, Sessions } from "../sessions.js";

const caller: Caller = { remoteAddress: "127.0.0.1", origin: null, principal: "guest" };

/** anyPort is a free port of loopback. */
export const anyPort: SockAddr = [4, Uint8Array.of(127, 0, 0, 1), 0];

const eagerLooks = 200;
const later = setTimeout; // the real one, whatever time a test is in

/** Answered is what an OPEN or a CALL was answered. */
export type Answered = Extract<
  Frame,
  readonly [typeof T.opened | typeof T.refused | typeof T.return | typeof T.throw, ...unknown[]]
>;

export class Guest extends RawLine {
  sessionID = "";
  resumeKey: Uint8Array | null = null;
  // answersPings keeps the session alive.
  answersPings = false;
  #nextStream = 1;
  #nextCall = 1;

  /** begin has a session with sessions, or what it was told instead. */
  static async begin(sessions: Sessions, resume = false): Promise<Guest> {
    const guest = new Guest();
    sessions.serve(guest.link.a, caller);
    return guest.#begin(resume);
  }

  /** over has a session over a transport to a gateway somewhere else. */
  static over(transport: Transport, resume = false): Promise<Guest> {
    const guest = new Guest(undefined, transport);
    guest.answersPings = true;
    return guest.#begin(resume);
  }

  override onMessage(message: Uint8Array): void {
    const before = this.got.length;
    super.onMessage(message);
    if (!this.answersPings) return;
    for (const frame of this.got.slice(before)) if (frame[0] === T.ping) this.send([T.pong, frame[1]]);
  }

  async #begin(resume: boolean): Promise<this> {
    this.autoAck = true;
    this.send([T.hello, 1, resume ? [resumeCap] : [], null, null, 1, 0, "guest"]);
    await this.until(() => this.got.length > 0 || this.closed !== null);
    const [welcome] = this.all(T.welcome);
    if (welcome !== undefined) {
      this.sessionID = welcome[3];
      this.resumeKey = welcome[4];
    }
    return this;
  }

  /** until waits for the turn in which is is true. After some turns it looks less often, and leaves the processor to others. */
  async until(is: () => boolean): Promise<void> {
    for (let looks = 0; !is(); looks++) {
      if (looks < eagerLooks) await turns(1);
      else await new Promise((resolve) => later(resolve, 1));
    }
  }

  /** ask sends an OPEN and gives its id. */
  ask(op: string, ...args: unknown[]): number {
    const id = this.#nextStream;
    this.#nextStream += 2;
    this.send([T.open, id, op, args]);
    return id;
  }

  /** dial asks for a TCP connection and gives its id. */
  dial(to: SockAddr): number {
    return this.ask("dial", "tcp", to, null, []);
  }

  /** call sends a CALL and gives its number. */
  call(stream: number, op: string, ...args: unknown[]): number {
    const call = this.#nextCall++;
    this.send([T.call, call, stream, op, args]);
    return call;
  }

  /** answerTo gives the answer to an OPEN or a CALL, if it is there. */
  answerTo(number: number, kind: "open" | "call"): Answered | undefined {
    const types: readonly number[] = kind === "open" ? [T.opened, T.refused] : [T.return, T.throw];
    return this.got.find((frame) => types.includes(frame[0]) && frame[1] === number) as Answered | undefined;
  }

  /** opened waits for the answer to an OPEN. */
  async answered(id: number): Promise<Answered> {
    await this.until(() => this.answerTo(id, "open") !== undefined || this.closed !== null);
    return this.answerTo(id, "open") as Answered;
  }

  /** returned waits for the answer to a CALL. */
  async returned(call: number): Promise<Answered> {
    await this.until(() => this.answerTo(call, "call") !== undefined || this.closed !== null);
    return this.answerTo(call, "call") as Answered;
  }

  /** close closes a stream and waits for its end. */
  async close(id: number): Promise<void> {
    this.send([T.close, id]);
    await this.until(() => this.all(T.close).some((frame) => frame[1] === id));
  }

  /** bytesOf is how much DATA came on a stream. */
  bytesOf(id: number): number {
    return this.all(T.data).reduce((sum, [, of, payload]) => sum + (of === id ? payload.length : 0), 0);
  }
}
