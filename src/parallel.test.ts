import { describe, expect, test } from "vitest";
import type { Addr, Conn } from "./net.js";
import { type Attempts, dialParallel, dialSerial, scope } from "./parallel.js";
import type { Ends } from "./sock.js";
import { TCPAddr } from "./tcpaddr.js";

const soonMs = 20;

function addr(Port: number): Addr {
  return new TCPAddr({ Port });
}

// Tried is an attempt that a test decides about.
interface Tried {
  readonly port: number;
  readonly ends: Ends;
  connect(): FakeConn;
  fail(): void;
}

interface FakeConn extends Conn {
  readonly port: number;
  closed: boolean;
}

// trying collects attempts, and lets tests wait for them.
function trying(ends: Ends = {}): { attempts: Attempts; tried: Tried[]; nth(n: number): Promise<Tried> } {
  const tried: Tried[] = [];
  let wake = (): void => {};
  const attempts: Attempts = {
    ...ends,
    one(a, own) {
      const port = (a as TCPAddr).Port;
      return new Promise((resolve, reject) => {
        tried.push({
          port,
          ends: own,
          connect() {
            const c = { port, closed: false } as FakeConn;
            c.Close = async () => {
              c.closed = true;
            };
            resolve(c);
            return c;
          },
          fail: () => reject(new Error(`${port} failed`)),
        });
        wake();
      });
    },
    late: (a, why) => new Error(`late ${(a as TCPAddr).Port}: ${why.message}`),
  };
  return {
    attempts,
    tried,
    async nth(n) {
      while (tried.length <= n) await new Promise<void>((resolve) => (wake = resolve));
      return tried[n] as Tried;
    },
  };
}

describe("one after the other", () => {
  test("until one connects", async () => {
    const { attempts, tried, nth } = trying();
    const dialling = dialSerial([1, 2, 3].map(addr), attempts);
    (await nth(0)).fail();
    const c = (await nth(1)).connect();
    expect(await dialling).toBe(c);
    expect(tried).toHaveLength(2);
  });

  test("if all fail, the first one's error is the error", async () => {
    const { attempts, nth } = trying();
    const dialling = dialSerial([1, 2].map(addr), attempts);
    (await nth(0)).fail();
    (await nth(1)).fail();
    await expect(dialling).rejects.toThrow("1 failed");
  });

  test("each has its part of the time that is left, at least two seconds", async () => {
    const deadline = Date.now() + 30_000;
    const { attempts, nth } = trying({ deadline });
    const dialling = dialSerial([1, 2, 3].map(addr), attempts);
    const part = async (n: number): Promise<number> =>
      Math.round((((await nth(n)).ends.deadline as number) - Date.now()) / 1000);
    expect(await part(0)).toBe(10);
    (await nth(0)).fail();
    expect(await part(1)).toBe(15);
    (await nth(1)).fail();
    expect(await part(2)).toBe(30);
    (await nth(2)).connect();
    await dialling;

    const short = trying({ deadline: Date.now() + 3000 });
    const second = dialSerial([1, 2, 3, 4].map(addr), short.attempts);
    const own = (await short.nth(0)).ends.deadline as number;
    expect(Math.round((own - Date.now()) / 1000)).toBe(2);
    (await short.nth(0)).connect();
    await second;
  });

  test("none is begun when the time is over, or given up", async () => {
    const over = trying({ deadline: Date.now() - 1 });
    await expect(dialSerial([addr(1)], over.attempts)).rejects.toThrow("late 1: i/o timeout");
    const given = trying({ signal: AbortSignal.abort() });
    await expect(dialSerial([addr(1)], given.attempts)).rejects.toThrow("late 1: operation was canceled");
    expect([over.tried, given.tried]).toEqual([[], []]);
  });
});

describe("two families", () => {
  test("the second waits, and is not needed", async () => {
    const { attempts, tried, nth } = trying();
    const dialling = dialParallel([addr(1)], [addr(2)], 60_000, attempts);
    const c = (await nth(0)).connect();
    expect(await dialling).toBe(c);
    expect(tried).toHaveLength(1);
  });

  test("the second begins when the first takes long, and the one that comes first wins", async () => {
    const { attempts, nth } = trying();
    const dialling = dialParallel([addr(1)], [addr(2)], soonMs, attempts);
    const second = await nth(1);
    const c = second.connect();
    expect(await dialling).toBe(c);
    // The first is given up; if it connects all the same, it is closed.
    const first = await nth(0);
    expect(first.ends.signal?.aborted).toBe(true);
    const late = first.connect();
    await expect.poll(() => late.closed).toBe(true);
    expect(c.closed).toBe(false);
  });

  test("the second begins at once when the first has failed", async () => {
    const { attempts, nth } = trying();
    const dialling = dialParallel([addr(1)], [addr(2)], 60_000, attempts);
    (await nth(0)).fail();
    const c = (await nth(1)).connect();
    expect(await dialling).toBe(c);
  });

  test("if both fail, the error is the first one's", async () => {
    const { attempts, nth } = trying();
    const dialling = dialParallel([addr(1)], [addr(2)], soonMs, attempts);
    (await nth(1)).fail();
    (await nth(0)).fail();
    await expect(dialling).rejects.toThrow("1 failed");
  });

  test("both are given up with the signal", async () => {
    const abort = new AbortController();
    const { attempts, nth } = trying({ signal: abort.signal });
    const dialling = dialParallel([addr(1)], [addr(2)], soonMs, attempts);
    const both = [await nth(0), await nth(1)];
    abort.abort();
    expect(both.map(({ ends }) => ends.signal?.aborted)).toEqual([true, true]);
    for (const attempt of both) attempt.fail();
    await expect(dialling).rejects.toThrow("1 failed");
  });
});

describe("scope", () => {
  test("ends with the deadline, as a timeout", async () => {
    const s = scope({ deadline: Date.now() + soonMs });
    expect(s.signal.aborted).toBe(false);
    await new Promise((resolve) => s.signal.addEventListener("abort", resolve));
    expect((s.signal.reason as Error).name).toBe("TimeoutError");
  });

  test("ends with the other signal, for its reason", () => {
    const abort = new AbortController();
    const s = scope({ signal: abort.signal, deadline: 2 ** 50 });
    abort.abort("why");
    expect(s.signal.reason).toBe("why");
    s.end();
    expect(scope({ signal: AbortSignal.abort("before") }).signal.reason).toBe("before");
  });

  test("lets go of the other signal", () => {
    const abort = new AbortController();
    const s = scope({ signal: abort.signal });
    s.end();
    abort.abort();
    expect(s.signal.aborted).toBe(false);
  });
});
