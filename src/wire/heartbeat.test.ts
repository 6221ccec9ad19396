import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Heartbeat } from "./heartbeat.js";

describe("Heartbeat", () => {
  let lag = 0;
  beforeEach(() => {
    vi.useFakeTimers();
    lag = 0;
    const clock = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => clock() + lag);
  });
  afterEach(() => {
    vi.mocked(performance.now).mockRestore();
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

  // late fires the next timer, so many ms late: the program did not run in between.
  function late(ms: number): void {
    lag += ms;
    vi.advanceTimersToNextTimer();
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
    h.start();
    late(3_600_000);
    expect(events).toEqual(["ask"]);
    h.stop();
  });

  test("a program that was busy when the time ran out asks once more: the answer may be waiting to be read", () => {
    const { h, events } = heartbeat(15_000, 25_000);
    vi.advanceTimersByTime(15_000);
    late(30_000);
    expect(events.map((event) => event.split(" ")[0])).toEqual(["ask", "ask"]);
    h.heard();
    vi.advanceTimersByTime(14_000);
    expect(events.length).toBe(2);
    h.stop();
  });

  test("but only once in a silence", () => {
    const { events } = heartbeat(15_000, 25_000);
    vi.advanceTimersByTime(15_000);
    late(30_000);
    late(30_000);
    expect(events.at(-1)).toMatch(/^dead/);
  });

  test("a timer that is a little late is no excuse", () => {
    const { events } = heartbeat(15_000, 25_000);
    vi.advanceTimersByTime(15_000);
    late(1_500);
    expect(events.at(-1)).toMatch(/^dead/);
  });

  test("who slept gives the answer less time, if it is told to", () => {
    const events: string[] = [];
    const h = new Heartbeat({
      askMs: 15_000,
      deadMs: 25_000,
      wakeMs: 3_000,
      ask: () => events.push("ask"),
      dead: () => events.push("dead"),
    });
    h.start();
    late(3_600_000);
    expect(events).toEqual(["ask"]);
    vi.advanceTimersByTime(3_000);
    expect(events).toEqual(["ask", "dead"]);
  });

  test("probe asks at once and waits as long as it was told; an answer makes everything as before", () => {
    const { h, events } = heartbeat(15_000, 25_000);
    vi.advanceTimersByTime(5_000);
    h.probe(3_000);
    vi.advanceTimersByTime(1_000);
    h.heard();
    vi.advanceTimersByTime(14_000);
    expect(events).toEqual(["ask 5000"]);
    h.probe(3_000);
    vi.advanceTimersByTime(3_000);
    expect(events).toEqual(["ask 5000", "ask 20000", "dead 23000"]);
    h.probe(3_000); // it is dead
    expect(events.length).toBe(3);
  });

  test("stop ends it", () => {
    const { h, events } = heartbeat(100, 200);
    h.stop();
    vi.advanceTimersByTime(1000);
    expect(events).toEqual([]);
  });
});
