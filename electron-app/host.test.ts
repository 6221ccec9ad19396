import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Host } from "./host.js";
import { DoubleProcess } from "./testing/doubles.js";

type Port = { readonly end: "page" | "gateway" };

const started: DoubleProcess<Port>[] = [];
const failures: string[] = [];
const gone: number[] = [];
const current = (): DoubleProcess<Port> => started.at(-1) as DoubleProcess<Port>;

function newHost(): Host<Port> {
  return new Host<Port>({
    start(events) {
      const double = new DoubleProcess<Port>(events);
      started.push(double);
      return double;
    },
    channel: () => [{ end: "page" }, { end: "gateway" }],
    onGone: (generation) => gone.push(generation),
    onFailed: (reason) => failures.push(reason),
  });
}

beforeEach(() => {
  started.length = 0;
  failures.length = 0;
  gone.length = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => vi.useRealTimers());

describe("ports", () => {
  test("a page gets one end of a channel, the process the other with the window's number", async () => {
    const host = newHost();
    host.start();
    current().ready();
    expect(await host.open(7, null)).toEqual({ port: { end: "page" }, generation: 1 });
    expect(current().said).toEqual([{ type: "serve", window: 7 }]);
    expect(current().ports).toEqual([{ end: "gateway" }]);
    host.leave(7);
    expect(current().said.at(-1)).toEqual({ type: "leave", window: 7 });
  });

  test("a page that asks while the process starts waits for it", async () => {
    const host = newHost();
    host.start();
    const opening = host.open(1, null);
    expect(current().said).toEqual([]);
    current().ready();
    expect(await opening).toMatchObject({ generation: 1 });
  });

  test("a session of a process that ended gets no port, and is told so at once", async () => {
    const host = newHost();
    host.start();
    current().ready();
    current().events.onExit(1);
    expect(await host.open(1, 1)).toMatchObject({ refused: "gone" });
    await vi.advanceTimersByTimeAsync(0);
    current().ready();
    expect(await host.open(1, 1)).toMatchObject({ refused: "gone" });
    expect(await host.open(1, 2)).toMatchObject({ generation: 2 });
  });

  test("nothing is sent to a process that is not ready, and nobody is left waiting when it never will be", async () => {
    const host = newHost();
    host.start();
    host.leave(1);
    const opening = host.open(1, null);
    current().events.onMessage({ type: "unusable", reason: "the native addon is missing" });
    expect(await opening).toEqual({ refused: "failed", message: "the native addon is missing" });
    expect(current().said).toEqual([]);
    expect(failures).toEqual(["the native addon is missing"]);
    current().events.onExit(0);
    expect(host.state).toBe("failed");
    expect(started.length).toBe(1);
  });
});

describe("E11: a process that ends", () => {
  test("is started again at once the first time, within 2 s the next ones", async () => {
    const host = newHost();
    host.start();
    const waits: number[] = [];
    for (let crash = 1; crash < 5; crash++) {
      current().ready();
      const before = started.length;
      const at = performance.now();
      current().events.onExit(9);
      while (started.length === before) await vi.advanceTimersByTimeAsync(10);
      waits.push(performance.now() - at);
    }
    expect(host.generation).toBe(5);
    expect(gone).toEqual([1, 2, 3, 4]);
    expect(waits.length).toBe(4);
    expect(waits).toEqual([...new Set(waits)].sort((a, b) => a - b));
    expect(Math.max(...waits)).toBeLessThan(2_000);
    expect(failures).toEqual([]);
  });

  test("five times within a minute is not started again, until somebody says so", async () => {
    const host = newHost();
    host.start();
    for (let crash = 1; crash <= 5; crash++) {
      current().ready();
      current().events.onExit(9);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(started.length).toBe(5);
    expect(failures).toEqual(["the gateway's process ended 5 times within a minute, last with 9"]);
    expect(await host.open(1, null)).toMatchObject({ refused: "failed" });
    host.start();
    current().ready();
    expect(await host.open(1, null)).toMatchObject({ generation: 6 });
  });

  test("five times in more than a minute is started each time", async () => {
    const host = newHost();
    host.start();
    for (let crash = 1; crash <= 8; crash++) {
      current().ready();
      await vi.advanceTimersByTimeAsync(14_001);
      current().events.onExit(9);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(failures).toEqual([]);
    expect(host.generation).toBe(9);
  });

  test("that never gets ready is ended, which counts as a crash", async () => {
    const host = newHost();
    host.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(started[0]?.kills).toBe(1);
    await vi.advanceTimersByTimeAsync(10);
    expect(host.generation).toBe(2);
    current().ready();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(current().kills).toBe(0);
  });

  test("what an earlier process still says is not heard", () => {
    const host = newHost();
    host.start();
    const first = current();
    first.events.onExit(1);
    vi.advanceTimersByTime(0);
    first.ready();
    expect(host.state).toBe("starting");
  });
});

describe("stopping", () => {
  test("tells the process and waits for its end", async () => {
    const host = newHost();
    host.start();
    current().ready();
    let isStopped = false;
    const stopping = host.stop().then(() => {
      isStopped = true;
    });
    await vi.advanceTimersByTimeAsync(10);
    expect(current().said).toEqual([{ type: "stop" }]);
    expect(isStopped).toBe(false);
    current().events.onExit(0);
    await stopping;
    expect(started.length).toBe(1);
    expect(await host.open(1, null)).toMatchObject({ refused: "failed" });
  });

  test("kills a process that takes too long", async () => {
    const host = newHost();
    host.start();
    current().ready();
    const stopping = host.stop();
    await vi.advanceTimersByTimeAsync(2_000);
    await stopping;
    expect(current().kills).toBe(1);
    expect(started.length).toBe(1);
  });

  test("while a restart is due, no process is started", async () => {
    const host = newHost();
    host.start();
    current().ready();
    current().events.onExit(1);
    await host.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(started.length).toBe(1);
  });
});
