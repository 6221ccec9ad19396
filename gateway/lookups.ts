// Lookups are the lookups of one client that are under way: at most so many at once, each with a number that the client
// gave it, by which it can be given up.

import { WireError } from "../src/wire/errors.js";
import { Queue } from "./queue.js";

export class Lookups {
  readonly #queue: Queue;
  readonly #underWay = new Map<number, AbortController>();
  #closed = false;

  constructor(most: number) {
    this.#queue = new Queue(most);
  }

  // run does a lookup when its turn has come. The signal it is given is aborted by forget and close.
  async run<T>(number: number, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#underWay.has(number)) throw new WireError("bad field");
    const abort = new AbortController();
    if (this.#closed) abort.abort();
    this.#underWay.set(number, abort);
    try {
      return await this.#queue.run(() => work(abort.signal), abort.signal);
    } finally {
      this.#underWay.delete(number);
    }
  }

  // forget gives a lookup up, which then fails. If there is none of that number, it was answered already.
  forget(number: number): void {
    this.#underWay.get(number)?.abort();
  }

  // close gives all of them up.
  close(): void {
    this.#closed = true;
    for (const abort of this.#underWay.values()) abort.abort();
  }
}
