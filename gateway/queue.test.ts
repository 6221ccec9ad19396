import { describe, expect, it } from "vitest";
import { Queue } from "./queue.js";

const never = new AbortController().signal;

/** Work is pieces of work that end when they are told to. */
class Work {
  readonly started: string[] = [];
  readonly #ends = new Map<string, () => void>();

  piece(name: string): () => Promise<string> {
    return () => {
      this.started.push(name);
      return new Promise((resolve) => this.#ends.set(name, () => resolve(name)));
    };
  }

  end(name: string): void {
    this.#ends.get(name)?.();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Queue", () => {
  it("runs so many at once and the others in the order in which they came", async () => {
    const queue = new Queue(2);
    const work = new Work();
    const all = ["a", "b", "c", "d"].map((name) => queue.run(work.piece(name), never));
    await turn();
    expect(work.started).toEqual(["a", "b"]);
    work.end("b");
    await turn();
    expect(work.started).toEqual(["a", "b", "c"]);
    work.end("a");
    work.end("c");
    await turn();
    work.end("d");
    expect(await Promise.all(all)).toEqual(["a", "b", "c", "d"]);
  });

  it("hands a place on to who waits, not to who comes between", async () => {
    const queue = new Queue(1);
    const work = new Work();
    const first = queue.run(work.piece("first"), never);
    const second = queue.run(work.piece("second"), never);
    work.end("first");
    // The moment the first ends, and before the second has started, another one comes.
    await first;
    const late = queue.run(work.piece("late"), never);
    await turn();
    expect(work.started).toEqual(["first", "second"]);
    work.end("second");
    await turn();
    expect(work.started).toEqual(["first", "second", "late"]);
    work.end("late");
    await Promise.all([second, late]);
  });

  it("starts work at once that is aborted while it waits, and keeps count all the same", async () => {
    const queue = new Queue(1);
    const work = new Work();
    const first = queue.run(work.piece("first"), never);
    const stop = new AbortController();
    const aborted = queue.run(async () => stop.signal.aborted, stop.signal);
    const before = queue.run(async () => "at once", AbortSignal.abort());
    stop.abort();
    expect(await Promise.all([aborted, before])).toEqual([true, "at once"]);
    const next = queue.run(work.piece("next"), never);
    await turn();
    expect(work.started).toEqual(["first"]);
    work.end("first");
    await turn();
    expect(work.started).toEqual(["first", "next"]);
    work.end("next");
    await Promise.all([first, next]);
  });

  it("goes on after work that fails", async () => {
    const queue = new Queue(1);
    await expect(queue.run(() => Promise.reject(new Error("failed")), never)).rejects.toThrow("failed");
    expect(await queue.run(async () => "next", never)).toBe("next");
  });
});
