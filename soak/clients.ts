// Clients in a process of their own, each with a session of its own: each does one operation after the other, at random
// by the seed, with a pause between.

import { answer } from "../bench/child.mjs";
import type { Net } from "../src/connect.js";
import { connect } from "../src/node.js";
import { pass } from "../src/testing/checking.js";
import { Random } from "../src/testing/wirerandom.js";
import { nameOperations } from "./names.js";
import type { Targets } from "./orders.js";
import { packetOperations } from "./packets.js";
import type { Counts, Operation, Place } from "./place.js";
import { tcpOperations } from "./tcp.js";

/** Plan is what the clients of one process are to do. */
export interface Plan {
  readonly url: string;
  readonly token: string;
  readonly targets: Targets;
  readonly seed: number;
  /** The clients have the numbers from first to first + count - 1. */
  readonly first: number;
  readonly count: number;
  /** pauseMs is the time between two operations of a client, on average. */
  readonly pauseMs: number;
  /** only are the names of the operations; none means all. */
  readonly only: readonly string[];
}

/** Progress is what the clients have done. */
export interface Progress extends Counts {
  /** done counts the operations by name. */
  readonly done: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  /** failed counts them; failures has the first. */
  readonly failed: number;
  /** resumes counts the links that were made anew for a session, sessions the sessions. */
  readonly resumes: number;
  readonly sessions: number;
  /** outagesMs are the times from when a link was seen to be broken to the next one. */
  readonly outagesMs: readonly number[];
  /** slowestMs is the operation that took longest, with its name. */
  readonly slowest: { readonly name: string; readonly ms: number };
  readonly cpuMicros: number;
  readonly rss: number;
}

// An operation that takes so long hangs. What it waits for a link does not count: one link after the other may be cut. A
// link that swallows everything counts until that is noticed, perhaps several times.
const hangMs = 240_000;
const lookMs = 1_000;
const maxFailures = 50;
// One session in so many operations is closed, and another opened.
const newSessionEvery = 60;
const reconnectMs = 200;

const operations = { ...tcpOperations, ...packetOperations, ...nameOperations };
// drawn has each name as often as it weighs.
const drawn = (only: readonly string[]): string[] =>
  Object.entries(operations).flatMap(([name, [weight]]) =>
    only.length === 0 || only.includes(name) ? Array<string>(weight).fill(name) : [],
  );

const done: Record<string, number> = {};
const failures: string[] = [];
const counts: Counts = { bytes: 0, datagrams: 0, lostDatagrams: 0 };
let failed = 0;
let resumes = 0;
const outagesMs: number[] = [];
let sessions = 0;
let slowest = { name: "none", ms: 0 };
let isOver = false;
let running: Promise<unknown>[] = [];
const sleepers = new Set<() => void>();
// While it is quiet nobody begins an operation: who wants to waits in held. busy counts those that go on.
let isQuiet = false;
let busy = 0;
const held: (() => void)[] = [];
let onIdle: (() => void) | null = null;

function failure(what: string, err: unknown): void {
  failed++;
  if (failures.length >= maxFailures) return;
  const { stack, cause } = err as Error;
  const why = cause === undefined ? "" : `\n  because of ${JSON.stringify(cause)}`;
  failures.push(`${what}: ${stack ?? err}${why}`);
}

process.on("uncaughtException", (err) => failure("nobody waited for this error", err));
process.on("unhandledRejection", (err) => failure("nobody waited for this rejection", err));

class Client {
  readonly #plan: Plan;
  readonly #number: number;
  readonly #random: Random;
  #ids = 0;
  #isClosing = false;

  constructor(plan: Plan, number: number) {
    this.#plan = plan;
    this.#number = number;
    this.#random = new Random(plan.seed + 7919 * number);
  }

  async #connect(): Promise<Net> {
    for (;;) {
      try {
        const net = await connect(this.#plan.url, { token: this.#plan.token });
        sessions++;
        let detachedAt = 0;
        net.session.watch(({ state, reason }) => {
          if (state === "attached" && detachedAt > 0) {
            resumes++;
            outagesMs.push(performance.now() - detachedAt);
          }
          if (state !== "detached") detachedAt = 0;
          else if (detachedAt === 0) detachedAt = performance.now();
          if (state === "lost" && !this.#isClosing)
            failure(`client ${this.#number}`, new Error(`lost: ${reason}`));
        });
        return net;
      } catch (err) {
        // The link was cut before there was a session.
        if ((err as { code?: string }).code !== "GONET_UNREACHABLE") throw err;
        await pass(reconnectMs);
      }
    }
  }

  async #close(net: Net): Promise<void> {
    this.#isClosing = true;
    await net.session.close();
    this.#isClosing = false;
  }

  #place(net: Net): Place {
    const { targets } = this.#plan;
    const id = (): string => `${this.#plan.seed}-${this.#number}-${this.#ids++}`;
    return { net, random: this.#random, targets, counts, id };
  }

  async #do(net: Net, name: string): Promise<void> {
    const began = performance.now();
    const [, operation] = operations[name] as readonly [number, Operation];
    const label = `client ${this.#number}, ${name}`;
    const over = new AbortController();
    try {
      await Promise.race([operation(this.#place(net)), hanging(net, label, over.signal)]);
      done[name] = (done[name] ?? 0) + 1;
    } catch (err) {
      failure(label, err);
    } finally {
      over.abort();
    }
    const ms = performance.now() - began;
    if (ms > slowest.ms) slowest = { name, ms };
  }

  /** run goes on until the end. */
  async run(): Promise<void> {
    const { pauseMs, only } = this.#plan;
    const names = drawn(only);
    await this.#pause(pauseMs);
    let net = await this.#connect();
    while (!isOver) {
      if (isQuiet) await new Promise<void>((resolve) => held.push(resolve));
      busy++;
      await this.#do(net, this.#random.pick(names));
      if (--busy === 0) onIdle?.();
      if (this.#random.below(newSessionEvery) === 0) {
        await this.#close(net);
        net = await this.#connect();
      }
      await this.#pause(2 * pauseMs);
    }
    await this.#close(net);
  }

  /** all does each operation once. */
  async all(): Promise<void> {
    const net = await this.#connect();
    for (const name of Object.keys(operations)) await this.#do(net, name);
    await this.#close(net);
  }

  // #pause lasts up to so many milliseconds; the end of it all ends it.
  #pause(upTo: number): Promise<void> {
    const ms = this.#random.below(upTo);
    if (isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      sleepers.add(wake);
    });
  }
}

// hanging fails when the session has had a link for hangMs. What it says after over was aborted nobody hears.
async function hanging(net: Net, what: string, over: AbortSignal): Promise<never> {
  let ms = 0;
  while (ms < hangMs && !over.aborted) {
    const began = performance.now();
    await pass(lookMs);
    if (net.session.status.state === "attached") ms += performance.now() - began;
  }
  throw new Error(`${what}: not done after ${hangMs} ms with a link`);
}

function progress(): Progress {
  const { user, system } = process.cpuUsage();
  const { rss } = process.memoryUsage();
  return {
    ...counts,
    done,
    failures,
    failed,
    resumes,
    sessions,
    outagesMs,
    slowest,
    cpuMicros: user + system,
    rss,
  };
}

answer({
  /** tryAll does each operation once, as one client. */
  async tryAll(plan: Plan) {
    await new Client(plan, plan.first).all();
    return progress();
  },
  start(plan: Plan) {
    running = Array.from({ length: plan.count }, (_, i) => {
      const number = plan.first + i;
      return new Client(plan, number).run().catch((err) => failure(`client ${number} ended`, err));
    });
  },
  progress,
  /** quiet lets everybody end the operation that goes on, and begin none until loud. */
  async quiet() {
    isQuiet = true;
    if (busy > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    onIdle = null;
  },
  loud() {
    isQuiet = false;
    for (const go of held.splice(0)) go();
  },
  /** finish waits for what goes on, and closes the sessions. */
  async finish() {
    isOver = true;
    for (const wake of sleepers) wake();
    await Promise.all(running);
    return progress();
  },
});
