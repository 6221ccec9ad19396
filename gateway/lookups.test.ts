import { describe, expect, test } from "vitest";
import { WireError } from "../src/wire/errors.js";
import { Lookups } from "./lookups.js";

// work is a lookup that ends when it is told to, or when it is stopped.
function work() {
  let started = 0;
  const ends: (() => void)[] = [];
  return {
    run: (stop: AbortSignal) => {
      started++;
      return new Promise<string>((resolve, reject) => {
        if (stop.aborted) reject(new Error("stopped"));
        stop.addEventListener("abort", () => reject(new Error("stopped")));
        ends.push(() => resolve("done"));
      });
    },
    end: () => ends.shift()?.(),
    get started() {
      return started;
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("Lookups", () => {
  test("run so many at once, the others in turn", async () => {
    const lookups = new Lookups(2);
    const w = work();
    const all = [1, 2, 3].map((number) => lookups.run(number, w.run));
    await turn();
    expect(w.started).toBe(2);
    w.end();
    await turn();
    expect(w.started).toBe(3);
    w.end();
    w.end();
    expect(await Promise.all(all)).toEqual(["done", "done", "done"]);
  });

  test("are given up by their number", async () => {
    const lookups = new Lookups(1);
    const w = work();
    const all = [7, 8].map((number) => lookups.run(number, w.run).catch((err: Error) => err.message));
    await turn();
    lookups.forget(8); // it waits still
    lookups.forget(7);
    lookups.forget(9); // nobody
    expect(await Promise.all(all)).toEqual(["stopped", "stopped"]);
    lookups.forget(7);
  });

  test("may use a number again once it is free", async () => {
    const lookups = new Lookups(4);
    const w = work();
    const first = lookups.run(1, w.run);
    await expect(lookups.run(1, w.run)).rejects.toThrow(WireError);
    w.end();
    await first;
    const again = lookups.run(1, w.run);
    w.end();
    expect(await again).toBe("done");
  });

  test("all end with their client, and none begins after", async () => {
    const lookups = new Lookups(1);
    const w = work();
    const all = [1, 2].map((number) => lookups.run(number, w.run).catch((err: Error) => err.message));
    await turn();
    lookups.close();
    expect(await Promise.all(all)).toEqual(["stopped", "stopped"]);
    await expect(lookups.run(3, w.run)).rejects.toThrow("stopped");
  });
});
