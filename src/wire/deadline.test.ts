import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Deadline } from "./deadline.js";

const dayMs = 24 * 60 * 60 * 1000;

describe("Deadline", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("passes at its time, given as a Date or in milliseconds", () => {
    for (const at of [() => Date.now() + 100, () => new Date(Date.now() + 100)]) {
      const d = new Deadline();
      const fired = vi.fn();
      d.set(at());
      d.subscribe(fired);
      vi.advanceTimersByTime(99);
      expect([d.expired, fired.mock.calls.length]).toEqual([false, 0]);
      vi.advanceTimersByTime(1);
      expect([d.expired, fired.mock.calls.length]).toEqual([true, 1]);
      vi.advanceTimersByTime(dayMs);
      expect(fired).toHaveBeenCalledTimes(1);
    }
  });

  test("without a time it never passes, and null takes the time away", () => {
    const d = new Deadline();
    const fired = vi.fn();
    d.subscribe(fired);
    vi.advanceTimersByTime(dayMs);
    d.set(Date.now() + 10);
    d.set(null);
    vi.advanceTimersByTime(dayMs);
    expect([d.expired, fired.mock.calls.length, vi.getTimerCount()]).toEqual([false, 0, 0]);
  });

  test.each([
    ["now", () => Date.now()],
    ["the past", () => new Date(1)],
    ["the beginning of time", () => 0],
    ["minus infinity", () => -Infinity],
  ])("moved to %s it passes before set returns", (_, at) => {
    const d = new Deadline();
    const fired = vi.fn();
    d.set(Date.now() + dayMs);
    d.subscribe(fired);
    d.subscribe(fired);
    d.set(at());
    expect([d.expired, fired.mock.calls.length, vi.getTimerCount()]).toEqual([true, 2, 0]);
  });

  test("can be moved later and earlier while someone waits", () => {
    const d = new Deadline();
    const fired = vi.fn();
    d.set(Date.now() + 10);
    d.subscribe(fired);
    d.set(Date.now() + 1000);
    vi.advanceTimersByTime(999);
    expect(fired).not.toHaveBeenCalled();
    d.set(Date.now() + dayMs);
    d.set(Date.now() + 5);
    vi.advanceTimersByTime(5);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  test("counts again after it passed and was moved into the future", () => {
    const d = new Deadline();
    d.set(0);
    expect(d.expired).toBe(true);
    d.set(Date.now() + 10);
    const fired = vi.fn();
    d.subscribe(fired);
    expect(d.expired).toBe(false);
    vi.advanceTimersByTime(10);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  test("that has passed tells a new subscriber in a microtask", async () => {
    const d = new Deadline();
    d.set(0);
    const fired = vi.fn();
    const taken = vi.fn();
    d.subscribe(fired);
    d.subscribe(taken)();
    expect(fired).not.toHaveBeenCalled();
    d.set(null);
    await Promise.resolve();
    expect(fired).toHaveBeenCalledTimes(1);
    expect(taken).not.toHaveBeenCalled();
  });

  test("a subscription taken back is not called, not even by the one before it", () => {
    const d = new Deadline();
    const second = vi.fn();
    let leave = (): void => {};
    d.set(Date.now() + 10);
    d.subscribe(() => leave());
    leave = d.subscribe(second);
    vi.advanceTimersByTime(dayMs);
    expect(second).not.toHaveBeenCalled();
  });

  test("the same function twice is two subscriptions", () => {
    const d = new Deadline();
    const fired = vi.fn();
    d.subscribe(fired)();
    d.subscribe(fired);
    d.subscribe(fired);
    d.set(0);
    expect(fired).toHaveBeenCalledTimes(2);
  });

  test("a time far beyond 2^31 milliseconds does not pass early, and passes", () => {
    const d = new Deadline();
    const fired = vi.fn();
    const daysAhead = 100;
    d.set(Date.now() + daysAhead * dayMs);
    d.subscribe(fired);
    vi.advanceTimersByTime(daysAhead * dayMs - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  test("no timer runs for infinity", () => {
    const d = new Deadline();
    d.subscribe(() => expect.unreachable());
    d.set(Infinity);
    expect([d.expired, vi.getTimerCount()]).toEqual([false, 0]);
  });

  test("a timer runs only while someone waits, so that nothing else keeps a process alive", () => {
    const d = new Deadline();
    d.set(Date.now() + 1000);
    expect(vi.getTimerCount()).toBe(0);
    const one = d.subscribe(() => {});
    const two = d.subscribe(() => {});
    expect(vi.getTimerCount()).toBe(1);
    one();
    one();
    expect(vi.getTimerCount()).toBe(1);
    two();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a step of the wall clock while waiting changes nothing", () => {
    const d = new Deadline();
    const fired = vi.fn();
    d.set(Date.now() + 100);
    d.subscribe(fired);
    vi.setSystemTime(Date.now() + dayMs);
    expect(d.expired).toBe(false);
    vi.setSystemTime(Date.now() - 2 * dayMs);
    vi.advanceTimersByTime(99);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  test("what is not a time is refused and changes nothing", () => {
    const d = new Deadline();
    d.set(0);
    expect(() => d.set(Number.NaN)).toThrow(RangeError);
    expect(() => d.set(new Date("never"))).toThrow(RangeError);
    expect(d.expired).toBe(true);
  });
});
