import { afterEach, describe, expect, test, vi } from "vitest";
import { Allowance } from "./allowance.js";
import { Turnstile } from "./turnstile.js";

describe("Turnstile", () => {
  test("lets some through and the others in order, one for each that leaves", () => {
    const t = new Turnstile(2);
    const went: number[] = [];
    for (let i = 0; i < 5; i++) t.enter(() => went.push(i));
    expect(went).toEqual([0, 1]);
    t.leave();
    expect(went).toEqual([0, 1, 2]);
    t.leave();
    t.leave();
    expect(went).toEqual([0, 1, 2, 3, 4]);
    t.leave();
    t.enter(() => went.push(5));
    expect(went.at(-1)).toBe(5);
    t.enter(() => went.push(6));
    expect(went.at(-1)).toBe(5);
  });

  test("who waits can be taken back, who went cannot", () => {
    const t = new Turnstile(1);
    const went: string[] = [];
    const go = () => went.push("go");
    const first = t.enter(go);
    const second = t.enter(go);
    t.enter(() => went.push("last"));
    expect(first()).toBe(false);
    expect(second()).toBe(true);
    expect(second()).toBe(false);
    t.leave();
    expect(went).toEqual(["go", "last"]);
  });

  test("clear forgets who waits", () => {
    const t = new Turnstile(1);
    const went: number[] = [];
    for (let i = 0; i < 3; i++) t.enter(() => went.push(i));
    t.clear();
    t.leave();
    expect(went).toEqual([0]);
  });
});

describe("Allowance", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test("so many at once, then so many a second, and never more than at once", () => {
    vi.useFakeTimers();
    const a = new Allowance(20, 10);
    const taken = () => {
      let n = 0;
      while (a.take()) n++;
      return n;
    };
    expect(taken()).toBe(20);
    vi.advanceTimersByTime(1000);
    expect(taken()).toBe(10);
    vi.advanceTimersByTime(150);
    expect(taken()).toBe(1);
    vi.advanceTimersByTime(3_600_000);
    expect(taken()).toBe(20);
  });
});
