// SimClock is a clock for simulations: time passes only when nothing is left to do, timers and microtasks run in one
// known order, and a day costs nothing.

import { vi } from "vitest";
import { testHookMicrotask } from "../wire/microtask.js";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class SimClock {
  now = 0;
  readonly #timers = new Map<number, Timer>();
  readonly #heap: { at: number; order: number }[] = [];
  #microtasks: (() => void)[] = [];
  #order = 0;

  // install makes the wire use this clock, until vi.unstubAllGlobals; for microtasks, in this file of tests from now on.
  install(): void {
    vi.stubGlobal("setTimeout", (run: () => void, ms = 0) => this.after(ms, run));
    vi.stubGlobal("clearTimeout", (timer: number | undefined) => this.cancel(timer));
    const microtask = (run: () => void) => void this.#microtasks.push(run);
    vi.stubGlobal("queueMicrotask", microtask);
    testHookMicrotask(microtask);
    vi.stubGlobal("performance", { now: () => this.now });
  }

  // after runs a function in ms and returns a number for cancel.
  after(ms: number, run: () => void): number {
    const order = ++this.#order;
    const timer = { at: this.now + Math.max(0, ms), order, run };
    this.#timers.set(order, timer);
    this.#push(timer);
    return order;
  }

  cancel(timer: number | undefined): void {
    if (timer !== undefined) this.#timers.delete(timer);
  }

  // run goes on until done says so, nothing is left, or the time is up. It reports what done said last.
  run(done: () => boolean, untilMs: number): boolean {
    this.#drain();
    while (!done()) {
      const next = this.#heap[0];
      if (next === undefined || next.at > untilMs) {
        this.now = Math.max(this.now, untilMs);
        return false;
      }
      this.#pop();
      const timer = this.#timers.get(next.order);
      if (timer === undefined) continue; // canceled
      this.#timers.delete(next.order);
      this.now = Math.max(this.now, next.at);
      timer.run();
      this.#drain();
    }
    return true;
  }

  // pending is the number of timers that are set.
  get pending(): number {
    return this.#timers.size;
  }

  #drain(): void {
    while (this.#microtasks.length > 0) {
      const tasks = this.#microtasks;
      this.#microtasks = [];
      for (const task of tasks) task();
    }
  }

  // A binary heap by time, then by order of setting.

  #push(entry: { at: number; order: number }): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(entry, heap[parent] as typeof entry)) break;
      heap[i] = heap[parent] as typeof entry;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as typeof last)) child++;
      if (!isBefore(heap[child] as typeof last, last)) break;
      heap[i] = heap[child] as typeof last;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
