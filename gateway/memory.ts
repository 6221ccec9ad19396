// Memory watches how much of its memory the gateway uses, and says what has to go before there is none left. What it
// counts is what the program holds: V8's heap, and the buffers outside of it.

import { Session } from "node:inspector";
import { getHeapStatistics } from "node:v8";

/** Pressure is how short memory is: from "full" on nobody new is let in, from "pause" on sockets are not read, at "drop" waiting sessions go. */
export type Pressure = "none" | "full" | "pause" | "drop";

const levels: readonly (readonly [from: number, pressure: Pressure])[] = [
  [0.95, "drop"],
  [0.92, "pause"],
  [0.85, "full"],
];

const lookEveryMs = 100;
// Memory that nobody uses any more counts until it is collected, and V8 collects it when something new wants room: of
// sockets that are not read nothing comes. So it is collected when there seems to be little, and only what is still there
// after some looks is in use. A collection holds everybody up; this is how rarely there is one, and how small a part of the
// time they may take.
const looksUntilSure = 3;
const collectEveryMs = 1000;
const collectShare = 0.1;

export interface MemoryOptions {
  /** limitBytes is how much there is. */
  readonly limitBytes: number;
  /** onPressure is told at every look, from the first that is not "none" to the first that is. */
  readonly onPressure: (pressure: Pressure) => void;
  /** used gives the share of memory in use, for tests. */
  readonly used?: () => number;
  /** collect collects what is not in use any more and calls back when that is done, for tests. */
  readonly collect?: (done: () => void) => void;
}

/** Memory is one such watch. */
export class Memory {
  pressure: Pressure = "none";
  readonly #options: MemoryOptions;
  readonly #timer: NodeJS.Timeout;
  #shares: number[] = [];
  #collectFrom = 0;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { used = () => share(this.#options.limitBytes), onPressure } = this.#options;
    const now = used();
    this.#shares = [...this.#shares, now].slice(-looksUntilSure);
    if (levels.some(([from]) => now >= from)) this.#collect();
    const least = this.#shares.length < looksUntilSure ? 0 : Math.min(...this.#shares);
    const before = this.pressure;
    this.pressure = levels.find(([from]) => least >= from)?.[1] ?? "none";
    if (this.pressure !== "none" || before !== "none") onPressure(this.pressure);
  }

  #collect(): void {
    const { collect = collectGarbage } = this.#options;
    const began = performance.now();
    if (began < this.#collectFrom) return;
    this.#collectFrom = Number.POSITIVE_INFINITY;
    collect(() => {
      const done = performance.now();
      this.#collectFrom = done + Math.max(collectEveryMs, (done - began) / collectShare);
    });
  }
}

let inspector: Session | null = null;

// collectGarbage is what V8 does for its debugger when asked; it needs no flag, and does not wait. In a runtime that has no
// inspector, what nobody uses counts until V8 collects it by itself.
function collectGarbage(done: () => void): void {
  try {
    if (inspector === null) {
      const session = new Session();
      session.connect();
      inspector = session;
    }
    inspector.post("HeapProfiler.collectGarbage", done);
  } catch {
    done();
  }
}

// share is the share in use of the memory that is the shortest: V8's heap has a limit of its own.
function share(limitBytes: number): number {
  const { heapUsed, external } = process.memoryUsage();
  return Math.max(heapUsed / getHeapStatistics().heap_size_limit, (heapUsed + external) / limitBytes);
}
