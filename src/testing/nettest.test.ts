// The suite is only worth what it refuses: each of these pairs is wrong in one way, and a check has to say so.

import { describe, expect, test } from "vitest";
import { EOF } from "../io.js";
import type { Conn, Time } from "../net.js";
import { Pipe } from "../pipe.js";
import { checks, type MakePipe } from "./nettest.js";

const limitMs = 1000;

// A pair of pipe ends, of which the first is changed.
function pair(change: (c: Conn) => Partial<Conn>): MakePipe {
  return async () => {
    const [inner, c2] = Pipe();
    const changed = change(inner);
    const c1 = new Proxy(inner, {
      get(target, name) {
        const own: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name);
        return typeof own === "function" ? own.bind(target) : own;
      },
    });
    return {
      c1,
      c2,
      async stop() {
        await inner.Close();
        await c2.Close();
      },
    };
  };
}

function run(name: string, mk: MakePipe): Promise<void> {
  const check = checks.find((c) => c.name === name);
  if (check === undefined) {
    throw new TypeError(`no check ${name}`);
  }
  return check.run(mk, limitMs);
}

test("there are eleven checks, each with its own name", () => {
  expect(new Set(checks.map((c) => c.name)).size).toBe(11);
});

describe("the suite refuses", () => {
  test("bytes that change on the way", async () => {
    let reads = 0;
    const mk = pair((c) => ({
      async Read(b) {
        const n = await c.Read(b);
        if (++reads === 3) {
          b[0] = (b[0] ?? 0) ^ 1;
        }
        return n;
      },
    }));
    await expect(run("BasicIO", mk)).rejects.toThrow("the first byte that came back different");
  });

  test("bytes that get lost", async () => {
    let writes = 0;
    const mk = pair((c) => ({
      Write: (b) => (++writes === 2 ? Promise.resolve(b.length) : c.Write(b)),
    }));
    await expect(run("BasicIO", mk)).rejects.toThrow();
    writes = 0;
    await expect(run("PingPong", mk)).rejects.toThrow();
  });

  test("a Write that does less than it says", async () => {
    const mk = pair((c) => ({ Write: async (b) => (await c.Write(b)) - 1 }));
    await expect(run("BasicIO", mk)).rejects.toThrow("c1.Write");
  });

  test.each(["ReadTimeout", "PastTimeout", "PresentTimeout", "FutureTimeout"])(
    "deadlines that never pass: %s",
    async (name) => {
      const never = (): void => {};
      const mk = pair(() => ({ SetDeadline: never, SetReadDeadline: never, SetWriteDeadline: never }));
      await expect(run(name, mk)).rejects.toThrow();
    },
  );

  test("a deadline of writing that never passes", async () => {
    const mk = pair(() => ({ SetWriteDeadline: () => {} }));
    await expect(run("WriteTimeout", mk)).rejects.toThrow();
  });

  test("a deadline that calls already waiting do not see", async () => {
    const mk = pair((c) => {
      let waiting = 0;
      const set = (t: Time | null): void => {
        if (waiting === 0) {
          c.SetReadDeadline(t);
        }
      };
      return {
        SetReadDeadline: set,
        async Read(b) {
          waiting++;
          try {
            return await c.Read(b);
          } finally {
            waiting--;
          }
        },
      };
    });
    await expect(run("PresentTimeout", mk)).rejects.toThrow("not done after");
  });

  test("a deadline that passes before its time", async () => {
    const mk = pair((c) => ({ SetDeadline: (t) => c.SetDeadline(t === null ? null : 1) }));
    await expect(run("FutureTimeout", mk)).rejects.toThrow("before the deadline");
  });

  test("a timeout after which the connection is gone", async () => {
    const mk = pair((c) => ({
      async Read(b) {
        try {
          return await c.Read(b);
        } catch (err) {
          await c.Close();
          throw err;
        }
      },
    }));
    for (const name of ["ReadTimeout", "PastTimeout", "FutureTimeout", "ConcurrentMethods"]) {
      await expect(run(name, mk), name).rejects.toThrow();
    }
  });

  test("errors of the wrong kind", async () => {
    const mk = pair((c) => ({
      async Read(b) {
        try {
          return await c.Read(b);
        } catch {
          throw EOF;
        }
      },
      async Write(b) {
        try {
          return await c.Write(b);
        } catch {
          throw new Error("late");
        }
      },
    }));
    for (const name of ["RacyRead", "RacyWrite", "ReadTimeout", "WriteTimeout", "PresentTimeout"]) {
      await expect(run(name, mk), name).rejects.toThrow("want a timeout");
    }
  });

  test("a timeout that claims to have written something", async () => {
    const mk = pair((c) => ({
      async Write(b) {
        try {
          return await c.Write(b);
        } catch (err) {
          throw Object.assign(err as Error, { n: 1 });
        }
      },
    }));
    await expect(run("WriteTimeout", mk)).rejects.toThrow("the count in the error");
  });

  test("a Close that calls already waiting do not see", async () => {
    const mk = pair(() => ({ Close: async () => {} }));
    await expect(run("CloseTimeout", mk)).rejects.toThrow("not done after");
  });
});
