// The packet suite is only worth what it refuses: each of these pairs is wrong in one way, and a check has to say so.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EOF } from "../io.js";
import type { Addr } from "../net.js";
import { type Joined, overMemory } from "./gateways.js";
import { makeUDPPair } from "./packetpairs.js";
import { type MakePackets, type PacketPair, type Packets, packetChecks } from "./packettest.js";

const limitMs = 1000;
const none = new Uint8Array(0);

let at: Joined;
beforeAll(async () => {
  at = await overMemory();
});
afterAll(() => at.close());

/** changed is c with some methods replaced. */
function changed(c: Packets, change: (c: Packets) => Partial<Packets>): Packets {
  const own = change(c);
  return new Proxy(c, {
    get(target, name) {
      const method: unknown = Reflect.get(own, name) ?? Reflect.get(target, name);
      return typeof method === "function" ? method.bind(target) : method;
    },
  });
}

/** pair is a pair of UDP sockets, both changed. stop closes what they really are. */
function pair(change: (c: Packets) => Partial<Packets>): MakePackets {
  return async () => {
    const real: PacketPair = await makeUDPPair(at.net)();
    return { ...real, c1: changed(real.c1, change), c2: changed(real.c2, change), stop: () => real.stop() };
  };
}

function run(name: string, mk: MakePackets): Promise<void> {
  const check = packetChecks.find((c) => c.name === name);
  if (check === undefined) {
    throw new TypeError(`no check ${name}`);
  }
  return check.run(mk, limitMs);
}

async function refused(mk: MakePackets, ...names: string[]): Promise<void> {
  for (const name of names) {
    await expect(run(name, mk), name).rejects.toThrow();
  }
}

test("each check has its own name", () => {
  expect(new Set(packetChecks.map((c) => c.name)).size).toBe(packetChecks.length);
});

describe("the suite refuses", () => {
  test("a sender that is somebody else", async () => {
    const mk = pair((c) => ({
      async ReadFrom(b, signal) {
        const [n] = await c.ReadFrom(b, signal);
        return [n, c.LocalAddr()];
      },
    }));
    await expect(run("Exchange", mk)).rejects.toThrow("its sender");
  });

  test("a packet that comes shorter", async () => {
    const mk = pair((c) => ({
      async ReadFrom(b, signal) {
        const [n, from] = await c.ReadFrom(b, signal);
        return [Math.max(0, n - 1), from];
      },
    }));
    await refused(mk, "Exchange", "Boundaries", "Truncated");
  });

  test("a byte that changes on the way", async () => {
    const mk = pair((c) => ({
      async ReadFrom(b, signal) {
        const [n, from] = await c.ReadFrom(b, signal);
        if (n > 1000) b[1000] = (b[1000] ?? 0) ^ 1;
        return [n, from];
      },
    }));
    await expect(run("Boundaries", mk)).rejects.toThrow("its first byte that came different");
  });

  test("an empty packet that is not sent", async () => {
    const mk = pair((c) => ({ WriteTo: async (b, to) => (b.length === 0 ? 0 : c.WriteTo(b, to)) }));
    await refused(mk, "Boundaries");
  });

  test("the rest of a packet in the next read", async () => {
    const mk = pair((c) => {
      let rest: [Uint8Array, Addr | null] = [none, null];
      return {
        async ReadFrom(b, signal) {
          if (rest[0].length === 0) {
            const whole = new Uint8Array(1 << 16);
            const [n, from] = await c.ReadFrom(whole, signal);
            rest = [whole.subarray(0, n), from];
          }
          const [data, from] = rest;
          const n = Math.min(b.length, data.length);
          b.set(data.subarray(0, n));
          rest = [data.subarray(n), from];
          return [n, from];
        },
      };
    });
    await expect(run("Truncated", mk)).rejects.toThrow("the packet after it");
  });

  test("a packet that is cut off when it is sent", async () => {
    const mk = pair((c) => ({ WriteTo: (b, to) => c.WriteTo(b.subarray(0, 60_000), to) }));
    await refused(mk, "TooLong", "Boundaries");
  });

  test("a buffer that is looked at after the call", async () => {
    const mk = pair((c) => {
      let held: [Uint8Array, Addr] | null = null;
      return {
        async WriteTo(b, to) {
          const before = held;
          held = before === null ? [b, to] : null;
          if (before !== null) {
            await c.WriteTo(...before);
            await c.WriteTo(b, to);
          }
          return b.length;
        },
      };
    });
    await expect(run("Buffers", mk)).rejects.toThrow("a packet whose buffer was used again");
  });

  test("any address", async () => {
    const mk = pair((c) => ({
      WriteTo: async (b, to) => (to.Network() === "tcp" ? b.length : c.WriteTo(b, to)),
    }));
    await refused(mk, "WrongAddress");
  });

  test("deadlines that never pass", async () => {
    const never = (): void => {};
    const mk = pair(() => ({ SetDeadline: never, SetReadDeadline: never }));
    await refused(mk, "PastTimeout", "PresentTimeout", "FutureTimeout");
  });

  test("a deadline that passes before its time", async () => {
    const mk = pair((c) => ({ SetReadDeadline: (t) => c.SetReadDeadline(t === null ? null : 1) }));
    await expect(run("FutureTimeout", mk)).rejects.toThrow("before the deadline");
  });

  test("a deadline that a waiting call does not see moving", async () => {
    const mk = pair((c) => ({ SetReadDeadline: (t) => (t === null ? undefined : c.SetReadDeadline(t)) }));
    await refused(mk, "MovedTimeout");
  });

  test("a packet that goes out though it is too late", async () => {
    const mk = pair((c) => {
      let isLate = false;
      return {
        SetDeadline(t) {
          isLate = t !== null;
          c.SetReadDeadline(t);
        },
        async WriteTo(b, to) {
          const n = await c.WriteTo(b, to);
          if (!isLate) return n;
          c.SetWriteDeadline(1);
          try {
            return await c.WriteTo(b, to);
          } finally {
            c.SetWriteDeadline(null);
          }
        },
      };
    });
    await expect(run("PastTimeout", mk)).rejects.toThrow("the first packet that was sent");
  });

  test("errors of the wrong kind", async () => {
    const mk = pair((c) => ({
      async ReadFrom(b, signal) {
        try {
          return await c.ReadFrom(b, signal);
        } catch {
          throw EOF;
        }
      },
    }));
    await refused(mk, "PastTimeout", "PresentTimeout", "FutureTimeout", "RacyRead", "Abort", "Close");
  });

  test("a packet that two readers get", async () => {
    const mk = pair((c) => {
      let before: Uint8Array | null = null;
      return {
        async ReadFrom(b, signal) {
          const [n, from] = await c.ReadFrom(b, signal);
          b.set(before ?? b.subarray(0, n));
          before ??= b.slice(0, n);
          return [n, from];
        },
      };
    });
    await expect(run("ConcurrentReaders", mk)).rejects.toThrow("what all of them read");
  });

  test("an abort that takes a packet along", async () => {
    const mk = pair((c) => ({
      async ReadFrom(b, signal) {
        if (signal === undefined) return c.ReadFrom(b);
        const taken = c.ReadFrom(b);
        taken.catch(() => {}); // it ends with the socket
        signal.throwIfAborted();
        return c.ReadFrom(new Uint8Array(1), signal);
      },
    }));
    await refused(mk, "Abort");
  });

  test("a Close that calls already waiting do not see", async () => {
    const mk = pair(() => ({ Close: async () => {} }));
    await expect(run("Close", mk)).rejects.toThrow("not done after");
  });
});
