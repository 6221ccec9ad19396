import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Heartbeat } from "./heartbeat.js";

describe("Heartbeat", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  function heartbeat(askMs: number, deadMs: number) {
    const events: string[] = [];
    const start = performance.now();
    const note = (what: string) => events.push(`${what} ${Math.round(performance.now() - start)}`);
    const h = new Heartbeat({ askMs, deadMs, ask: () => note("ask"), dead: () => note("dead") });
    h.start();
    return { h, events };
  }

  test("asks, asks again, and gives up", () => {
    const { events } = heartbeat(15_000, 45_000);
    vi.advanceTimersByTime(100_000);
    expect(events).toEqual(["ask 15000", "ask 30000", "dead 45000"]);
  });

  test("the time to the end need not be a multiple", () => {
    const { events } = heartbeat(15_000, 25_000);
    vi.advanceTimersByTime(100_000);
    expect(events).toEqual(["ask 15000", "dead 25000"]);
  });

  test("an answer begins the silence anew", () => {
    const { h, events } = heartbeat(15_000, 25_000);
    vi.advanceTimersByTime(16_000);
    h.heard();
    vi.advanceTimersByTime(14_000);
    expect(events).toEqual(["ask 15000"]);
    vi.advanceTimersByTime(20_000);
    expect(events).toEqual(["ask 15000", "ask 31000", "dead 41000"]);
  });

  test("one who is heard all the time is never asked", () => {
    const { h, events } = heartbeat(15_000, 45_000);
    for (let i = 0; i < 60; i++) {
      vi.advanceTimersByTime(10_000);
      h.heard();
    }
    h.stop();
    expect(events).toEqual([]);
  });

  test("a program that was stopped asks first when it goes on", () => {
    const events: string[] = [];
    const h = new Heartbeat({
      askMs: 15_000,
      deadMs: 45_000,
      ask: () => events.push("ask"),
      dead: () => events.push("dead"),
    });
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    h.start();
    now.mockReturnValue(3_600_000); // the clock went on for an hour, the timer fires only now
    vi.advanceTimersByTime(15_000);
    expect(events).toEqual(["ask"]);
    h.stop();
    now.mockRestore();
  });

  test("stop ends it", () => {
    const { h, events } = heartbeat(100, 200);
    h.stop();
    vi.advanceTimersByTime(1000);
    expect(events).toEqual([]);
  });
});
