// Chaos is a TCP proxy that treats connections as bad networks do: it delays, throttles, slices, holds everything back,
// resets, and cuts after so many bytes. What is random comes from a seed.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Random } from "./wirerandom.js";

/** Toxics say how bytes are treated on their way, in both directions. */
export interface Toxics {
  /** latencyMs delays every piece, jitterMs by so much more or less; order is kept. */
  latencyMs?: number;
  jitterMs?: number;
  /** bytesPerSecond is all that passes in one direction. */
  bytesPerSecond?: number;
  /** sliceBytes is the most that passes in one piece; each is of a random size up to it. */
  sliceBytes?: number;
  /** cutAt cuts a connection when exactly so many bytes have passed, both directions together. */
  cutAt?: { readonly bytes: number; readonly how: Cut };
}

/**
 * Cut is a way of ending a connection: both sides are reset; both are closed in order; nobody hears of it and nothing passes
 * any more; or only one side is reset: with halfOpen the near one, with deaf the far one. The other goes on believing in it, and
 * gets what was on its way when it is released, late.
 */
export type Cut = "reset" | "end" | "blackhole" | "halfOpen" | "deaf";

const jitterSteps = 1_000;
const maxLaneBytes = 256 * 1024;

export class Chaos {
  /** toxics hold for what comes from now on. */
  toxics: Toxics = {};
  /** made counts the connections that were let through. */
  made = 0;
  /** isDown refuses everybody: a connection is reset at once. */
  isDown = false;
  /** onPass is told of every piece that passed: the connection, how many bytes it has carried, both directions together. */
  onPass: ((through: Through) => void) | null = null;
  readonly random: Random;
  readonly #server: Server;
  /** target is the port that connections are passed on to. */
  target = 0;
  readonly #through = new Set<Through>();

  private constructor(server: Server, seed: number) {
    this.#server = server;
    this.random = new Random(seed);
    server.on("connection", (socket) => this.#serve(socket));
  }

  /** start listens on a free port of 127.0.0.1. */
  static async start(seed = 1): Promise<Chaos> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Chaos(server, seed);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** through has the connections there are. */
  get through(): readonly Through[] {
    return [...this.#through];
  }

  /** cut ends every connection there is. */
  cut(how: Cut): void {
    for (const through of this.#through) through.cut(how);
  }

  #serve(near: Socket): void {
    if (this.isDown) {
      near.on("error", () => {});
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: "127.0.0.1", port: this.target, noDelay: true, allowHalfOpen: true });
    near.setNoDelay(true);
    this.made++;
    const through = new Through(near, far, this);
    this.#through.add(through);
    through.closed.then(() => this.#through.delete(through));
  }

  /** close ends the proxy and everything that goes through it. */
  async close(): Promise<void> {
    this.cut("reset");
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Through is one connection through the proxy. */
export class Through {
  /** bytes is how many passed, both directions together. */
  bytes = 0;
  readonly closed: Promise<void>;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #chaos: Chaos;
  readonly #lanes: Lane[] = [];
  #cutAt: Toxics["cutAt"];
  #isHeld = false;
  #isOver = false;
  #end: () => void = () => {};

  constructor(near: Socket, far: Socket, chaos: Chaos) {
    this.#near = near;
    this.#far = far;
    this.#chaos = chaos;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#pass(near, far);
    this.#pass(far, near);
    for (const socket of [near, far]) {
      socket.on("error", () => this.#isHeld || this.cut("reset")); // held, the other side must not hear of it
      socket.on("close", () => this.#closed());
    }
    near.resume();
  }

  /** hold stops everything in both directions without a word; release lets it go on, with what was held. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const lane of this.#lanes) lane.go();
  }

  /** cut ends the connection: with a reset, in order, or by never passing anything again. */
  cut(how: Cut): void {
    if (this.#isOver) return;
    this.isCut = true;
    if (how === "blackhole") return this.hold();
    if (how === "halfOpen" || how === "deaf") {
      this.#isHeld = true;
      (how === "deaf" ? this.#far : this.#near).resetAndDestroy();
      return;
    }
    this.#isOver = true;
    this.#isHeld = false;
    for (const lane of this.#lanes) lane.stop();
    for (const socket of [this.#near, this.#far]) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.end().resume();
    }
  }

  // #closed waits for the other side too. An end that came in order is passed on in its turn.
  #closed(): void {
    if (this.#near.destroyed && this.#far.destroyed) this.#end();
  }

  // #pass carries what comes from one side to the other: each piece leaves when its time has come, in order.
  #pass(from: Socket, to: Socket): void {
    const lane = new Lane(from, to, this);
    from.on("data", (data: Buffer) => {
      const { random, toxics } = this.#chaos;
      const { latencyMs = 0, jitterMs = 0, bytesPerSecond, sliceBytes } = toxics;
      for (let rest = data; rest.length > 0; ) {
        const n = sliceBytes === undefined ? rest.length : 1 + random.below(sliceBytes);
        const jitter = (random.below(2 * jitterSteps) / jitterSteps - 1) * jitterMs;
        lane.add(rest.subarray(0, n), latencyMs + jitter, bytesPerSecond);
        rest = rest.subarray(n);
      }
    });
    from.on("end", () => lane.add(null, 0, undefined));
    this.#lanes.push(lane);
  }

  /** cutAfter cuts this connection when exactly so many further bytes have passed, both directions together. */
  cutAfter(bytes: number, how: Cut): void {
    this.#cutAt = { bytes: this.bytes + bytes, how };
  }

  /** room is how much of a piece may pass before a cut. */
  room(n: number): number {
    const cutAt = this.#nextCut;
    return cutAt === undefined ? n : Math.min(n, Math.max(0, cutAt.bytes - this.bytes));
  }

  get #nextCut(): Toxics["cutAt"] {
    return this.isCut ? undefined : (this.#cutAt ?? this.#chaos.toxics.cutAt);
  }

  /** passed is called by the lanes for each piece that they gave on, after it was written. */
  passed(n: number, isWhole: boolean): void {
    this.bytes += n;
    this.#chaos.onPass?.(this);
    const cutAt = this.#nextCut;
    if (cutAt !== undefined && (!isWhole || this.bytes >= cutAt.bytes)) this.cut(cutAt.how);
  }

  /** isCut says that cut was called. */
  isCut = false;

  /** isOver says that it was ended at both sides. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** stopped says that nothing passes now. */
  get stopped(): boolean {
    return this.#isHeld || this.#isOver;
  }
}

// Lane is one direction of a connection: the pieces on their way.
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #through: Through;
  readonly #queue: { piece: Buffer | null; at: number }[] = [];
  #bytes = 0; // in #queue
  #last = 0; // when the last piece leaves
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, through: Through) {
    this.#from = from;
    this.#to = to;
    this.#through = through;
    to.on("drain", () => this.#pace());
  }

  // add takes a piece, or null for the end.
  add(piece: Buffer | null, delayMs: number, bytesPerSecond: number | undefined): void {
    if (this.#through.isOver) return;
    this.#last = Math.max(this.#last, performance.now() + Math.max(0, delayMs));
    if (piece !== null && bytesPerSecond !== undefined) this.#last += (piece.length / bytesPerSecond) * 1000;
    this.#queue.push({ piece, at: this.#last });
    this.#bytes += piece?.length ?? 0;
    this.go();
    this.#pace();
  }

  // go gives on what is due.
  go(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#through.stopped) {
      const next = this.#queue[0];
      if (next === undefined) break;
      const wait = next.at - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.go(), Math.ceil(wait));
        break;
      }
      this.#queue.shift();
      if (next.piece === null) {
        this.#to.end();
        continue;
      }
      this.#bytes -= next.piece.length;
      const n = this.#through.room(next.piece.length);
      this.#to.write(next.piece.subarray(0, n));
      if (n < next.piece.length) this.#keep(next.piece.subarray(n), next.at);
      this.#through.passed(n, n === next.piece.length);
    }
    this.#pace();
  }

  // #keep takes the rest of a piece back: a link that is only held must not lose it.
  #keep(piece: Buffer, at: number): void {
    this.#queue.unshift({ piece, at });
    this.#bytes += piece.length;
  }

  // #pace lets the slower side set the pace: the proxy must not be a buffer that no network has.
  #pace(): void {
    if (this.#bytes + this.#to.writableLength > maxLaneBytes) this.#from.pause();
    else if (!this.#from.destroyed) this.#from.resume();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }
}
