import { afterEach, expect, test, vi } from "vitest";
import { Turns } from "./turns.js";

afterEach(() => {
  vi.useRealTimers();
});

// Asked is one that asks for its turn, and what became of it.
class Asked {
  hasBegun = false;
  end: () => void = () => {};
  readonly ended: Promise<void>;

  constructor(turns: Turns, ends: Parameters<Turns["run"]>[0] = {}) {
    this.ended = turns.run(ends, () => {
      this.hasBegun = true;
      return new Promise<void>((resolve) => {
        this.end = resolve;
      });
    });
  }
}

const begun = (asked: readonly Asked[]) => asked.map(({ hasBegun }) => hasBegun);

test("as many as there are turns go on, the next when one has ended, in their order", async () => {
  const turns = new Turns(2);
  const asked = [1, 2, 3, 4].map(() => new Asked(turns));
  expect(begun(asked)).toEqual([true, true, false, false]);
  asked[0]?.end();
  await asked[0]?.ended;
  expect(begun(asked)).toEqual([true, true, true, false]);
  asked[2]?.end();
  asked[1]?.end();
  await asked[2]?.ended;
  expect(begun(asked)).toEqual([true, true, true, true]);
  asked[3]?.end();
  await asked[3]?.ended;
});

test("an error ends a turn and is the caller's", async () => {
  const turns = new Turns(1);
  await expect(turns.run({}, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await turns.run({}, async () => 7)).toBe(7);
});

test("who may not wait any longer goes on without a turn, and takes none", async () => {
  const turns = new Turns(1);
  const first = new Asked(turns);
  const stop = new AbortController();
  const late = new Asked(turns, { deadline: Date.now() + 10 });
  const aborted = new Asked(turns, { signal: stop.signal });
  const patient = new Asked(turns, { deadline: Date.now() + 60_000, signal: new AbortController().signal });
  const past = [{ deadline: Date.now() - 1 }, { signal: AbortSignal.abort() }];
  expect(begun(past.map((ends) => new Asked(turns, ends)))).toEqual([true, true]);
  await vi.waitFor(() => expect(late.hasBegun).toBe(true));
  expect(aborted.hasBegun).toBe(false);
  stop.abort();
  expect(aborted.hasBegun).toBe(true);
  for (const asked of [late, aborted]) {
    asked.end();
    await asked.ended;
  }
  expect(patient.hasBegun).toBe(false);
  first.end();
  await first.ended;
  expect(patient.hasBegun).toBe(true);
});

test("who waits leaves no timer behind when its turn comes", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const turns = new Turns(1);
  const first = new Asked(turns, { deadline: Date.now() + 1000 });
  const second = new Asked(turns, { deadline: Date.now() + 1000 });
  expect(vi.getTimerCount()).toBe(1);
  first.end();
  await first.ended;
  expect(second.hasBegun).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
