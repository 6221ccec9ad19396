// Bystander is a well-behaved client that echoes while somebody else attacks: nothing of it may be lost or changed.

import type { Net } from "../connect.js";
import type { Conn } from "../net.js";
import { PlainServer } from "./plainpeer.js";

const messageBytes = 1024;

/** Trips are how a bystander fared: its round trips, in milliseconds. They are for reports, not for verdicts. */
export interface Trips {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

export class Bystander {
  readonly #net: Net;
  readonly #server: PlainServer;
  readonly #conn: Conn;
  readonly #trips: number[] = [];
  #isOver = false;
  readonly #running: Promise<void>;

  private constructor(net: Net, server: PlainServer, conn: Conn) {
    this.#net = net;
    this.#server = server;
    this.#conn = conn;
    this.#running = this.#run();
    this.#running.catch(() => {}); // stop tells
  }

  /** start begins to echo over a session of its own. */
  static async start(net: Net): Promise<Bystander> {
    const server = await PlainServer.listen();
    const conn = await net.Dial("tcp", server.address);
    const far = await server.accepted();
    far.pipe(far);
    return new Bystander(net, server, conn);
  }

  async #run(): Promise<void> {
    const message = new Uint8Array(messageBytes);
    const answer = new Uint8Array(messageBytes);
    for (let round = 0; !this.#isOver; round++) {
      for (let i = 0; i < message.length; i++) message[i] = round + i;
      const began = performance.now();
      await this.#conn.Write(message);
      await this.#net.io.ReadFull(this.#conn, answer);
      this.#trips.push(performance.now() - began);
      if (!message.every((byte, i) => answer[i] === byte))
        throw new Error(`echo ${round} is not what was sent`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** stop ends it, and fails if anything went wrong. */
  async stop(): Promise<Trips> {
    this.#isOver = true;
    await this.#running;
    await this.#conn.Close();
    await this.#net.session.close();
    await this.#server[Symbol.asyncDispose]();
    const sorted = [...this.#trips].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    return { count: sorted.length, median: at(0.5), p99: at(0.99), longest: at(1) };
  }
}

/** tripsText is a line for a report. */
export function tripsText({ count, median, p99, longest }: Trips): string {
  const ms = (n: number): string => `${n.toFixed(1)} ms`;
  return `bystander: ${count} echoes, median ${ms(median)}, p99 ${ms(p99)}, longest ${ms(longest)}`;
}
