// The connection suite: eleven checks that any two connected Conns must pass, whatever lies between them. Nothing
// here knows a test runner or Node, so the same checks run in a page; nettest-vitest.ts makes vitest tests of them.

import { EOF, ReadFull } from "../io.js";
import type { Conn, NetError } from "../net.js";
import {
  aLongTimeAgo,
  type Check,
  check,
  equal,
  failure,
  isTimeout,
  type Made,
  noise,
  ok,
  pass,
} from "./checking.js";

/** Pair is two connected Conns; stop closes both and whatever was made for them. */
export interface Pair extends Made {
  readonly c1: Conn;
  readonly c2: Conn;
  /** packetBytes is how many bytes one packet may have, if the connection keeps boundaries, but at least 1024. */
  readonly packetBytes?: number;
}

/** MakePipe makes a fresh pair for one check. */
export type MakePipe = () => Promise<Pair>;

const basicBytes = 8 * 1024 * 1024;
const basicWriteBytes = 64 * 1024;
const basicReadBytes = 33 * 1024 + 1;
const smallBytes = 1024;
const lastPing = 1000n;
const pingBytes = 8;
const racers = 10;
const racerCalls = 100;
const racyDeadlineMs = 1;
const presentMs = 100;
const concurrentRounds = 100;
const concurrentDeadlineMs = 10;

const noDeadline = null;
// Everything else that is sent is 0, so this is seen to be the last of it.
const marker = 0xff;

/** checks are the eleven checks, in an order that goes from plain to hard. */
export const checks: readonly Check<Pair>[] = [
  check("BasicIO", async ({ c1, c2, packetBytes = Number.POSITIVE_INFINITY }) => {
    const want = noise(basicBytes);
    const got = new Uint8Array(basicBytes);
    // What is longer than a buffer is cut off where boundaries are kept.
    const readBytes = Math.min(packetBytes, basicReadBytes);
    const writeBytes = Math.min(packetBytes, basicWriteBytes);
    const echo = async (): Promise<void> => {
      await echoUntilEOF(c2, readBytes);
      await c2.Close();
    };
    const write = async (): Promise<void> => {
      for (let i = 0; i < want.length; i += writeBytes) {
        const part = want.subarray(i, i + writeBytes);
        equal(await c1.Write(part), part.length, "c1.Write");
      }
    };
    const exchange = async (): Promise<void> => {
      await Promise.all([write(), ReadFull(c1, got)]);
      await c1.Close();
    };
    await Promise.all([echo(), exchange()]);
    const wrong = got.findIndex((b, i) => b !== want[i]);
    equal(wrong, -1, "the first byte that came back different");
  }),

  check("PingPong", async ({ c1, c2 }) => {
    const play = async (c: Conn): Promise<void> => {
      const b = new Uint8Array(pingBytes);
      const view = new DataView(b.buffer);
      let before: bigint | null = null;
      for (;;) {
        try {
          await ReadFull(c, b);
        } catch (err) {
          if (err !== EOF) {
            throw err;
          }
          break;
        }
        const v = view.getBigUint64(0);
        if (before !== null) {
          equal(v, before + 2n, "the number that came back");
        }
        before = v;
        if (v === lastPing) {
          break;
        }
        view.setBigUint64(0, v + 1n);
        await c.Write(b);
      }
      await c.Close();
      ok(before !== null && before >= lastPing - 1n, `the game ended at ${before}`);
    };
    await Promise.all([play(c1), play(c2), c1.Write(new Uint8Array(pingBytes))]);
  }),

  check("RacyRead", async ({ c1, c2 }, background) => {
    background(writeForEver(c2, noise(smallBytes)));
    c1.SetReadDeadline(Date.now() + racyDeadlineMs);
    await race(async () => {
      try {
        await c1.Read(new Uint8Array(smallBytes));
      } catch (err) {
        isTimeout(err);
        c1.SetReadDeadline(Date.now() + racyDeadlineMs);
      }
    });
  }),

  check("RacyWrite", async ({ c1, c2 }, background) => {
    background(readForEver(c2));
    c1.SetWriteDeadline(Date.now() + racyDeadlineMs);
    await race(async () => {
      try {
        await c1.Write(new Uint8Array(smallBytes));
      } catch (err) {
        isTimeout(err);
        c1.SetWriteDeadline(Date.now() + racyDeadlineMs);
      }
    });
  }),

  check("ReadTimeout", async ({ c1, c2 }, background) => {
    background(readForEver(c2));
    c1.SetReadDeadline(aLongTimeAgo);
    isTimeout(await failure(c1.Read(new Uint8Array(smallBytes)), "Read"));
    equal(await c1.Write(new Uint8Array(smallBytes)), smallBytes, "Write");
  }),

  check("WriteTimeout", async ({ c1, c2 }, background) => {
    background(writeForEver(c2, noise(smallBytes)));
    c1.SetWriteDeadline(aLongTimeAgo);
    isTimeout(await failure(c1.Write(new Uint8Array(smallBytes)), "Write"), 0);
    ok((await c1.Read(new Uint8Array(smallBytes))) > 0, "Read read nothing");
  }),

  check("PastTimeout", async ({ c1, c2 }, background) => {
    background(echoUntilEOF(c2, smallBytes));
    await roundtrip(c1);
    c1.SetDeadline(aLongTimeAgo);
    isTimeout(await failure(c1.Write(new Uint8Array(smallBytes)), "Write"), 0);
    isTimeout(await failure(c1.Read(new Uint8Array(smallBytes)), "Read"), 0);
    await roundtrip(c1);
  }),

  check("PresentTimeout", async ({ c1 }) => {
    let moved = false;
    const move = async (): Promise<void> => {
      await pass(presentMs);
      moved = true;
      c1.SetReadDeadline(aLongTimeAgo);
      c1.SetWriteDeadline(aLongTimeAgo);
    };
    const read = async (): Promise<void> => {
      isTimeout(await failure(c1.Read(new Uint8Array(smallBytes)), "Read"), 0);
      ok(moved, "Read ended before the deadline was set");
    };
    const write = async (): Promise<void> => {
      isTimeout(await firstFailure(() => c1.Write(new Uint8Array(smallBytes))));
      ok(moved, "Write ended before the deadline was set");
    };
    await Promise.all([move(), read(), write()]);
  }),

  check("FutureTimeout", async ({ c1, c2 }, background) => {
    const began = performance.now();
    c1.SetDeadline(Date.now() + presentMs);
    const read = async (): Promise<void> => {
      isTimeout(await failure(c1.Read(new Uint8Array(smallBytes)), "Read"), 0);
      // Date counts whole milliseconds: the deadline may be one earlier than it seems.
      ok(performance.now() - began >= presentMs - 1, "Read ended before the deadline");
    };
    const write = async (): Promise<void> => {
      isTimeout(await firstFailure(() => c1.Write(new Uint8Array(smallBytes))));
    };
    await Promise.all([read(), write()]);
    background(echoUntilEOF(c2, smallBytes));
    await resync(c1);
    await roundtrip(c1);
  }),

  check("CloseTimeout", async ({ c1, c2 }, background) => {
    background(echoUntilEOF(c2, smallBytes));
    c1.SetDeadline(noDeadline);
    const close = async (): Promise<void> => {
      await pass(presentMs);
      await c1.Close();
    };
    const closed = async (call: () => Promise<unknown>): Promise<void> => {
      const err = await firstFailure(call);
      ok(!(err as Partial<NetError>).Timeout?.(), `a closed connection fails with ${err}`);
    };
    const b = new Uint8Array(smallBytes);
    await Promise.all([
      close(),
      closed(() => c1.Read(b)),
      closed(() => c1.Write(new Uint8Array(smallBytes))),
    ]);
  }),

  check("ConcurrentMethods", async ({ c1, c2 }, background) => {
    background(echoUntilEOF(c2, smallBytes));
    const calls: Promise<unknown>[] = [];
    // What the calls come to is not looked at; that all of them end is, and that the connection lives on.
    for (let i = 0; i < concurrentRounds; i++) {
      calls.push(c1.Read(new Uint8Array(smallBytes)), c1.Write(new Uint8Array(smallBytes)));
      calls.push(later(() => c1.SetDeadline(Date.now() + concurrentDeadlineMs)));
      calls.push(later(() => c1.SetReadDeadline(aLongTimeAgo)));
      calls.push(later(() => c1.SetWriteDeadline(aLongTimeAgo)));
      calls.push(later(() => ok(c1.LocalAddr().String() !== undefined, "LocalAddr")));
      calls.push(later(() => ok(c1.RemoteAddr()?.String() !== undefined, "RemoteAddr")));
    }
    await Promise.allSettled(calls);
    await resync(c1);
    await roundtrip(c1);
  }),
];

async function race(call: () => Promise<void>): Promise<void> {
  const racer = async (): Promise<void> => {
    for (let i = 0; i < racerCalls; i++) {
      await call();
    }
  };
  await Promise.all(Array.from({ length: racers }, racer));
}

async function later(f: () => void): Promise<void> {
  await Promise.resolve();
  f();
}

async function roundtrip(c: Conn): Promise<void> {
  c.SetDeadline(noDeadline);
  const sent = new TextEncoder().encode("there and back again");
  const got = new Uint8Array(sent.length);
  await Promise.all([c.Write(sent), ReadFull(c, got)]);
  equal(got.join(), sent.join(), "the text that came back");
}

// Takes whatever is still on its way to c, up to a marker sent now.
async function resync(c: Conn): Promise<void> {
  c.SetDeadline(noDeadline);
  const read = async (): Promise<void> => {
    const b = new Uint8Array(smallBytes);
    for (;;) {
      const n = await c.Read(b);
      if (n > 0 && b[n - 1] === marker) {
        return;
      }
    }
  };
  await Promise.all([c.Write(Uint8Array.of(marker)), read()]);
}

async function echoUntilEOF(c: Conn, size: number): Promise<void> {
  const b = new Uint8Array(size);
  for (;;) {
    let n: number;
    try {
      n = await c.Read(b);
    } catch (err) {
      if (err === EOF) {
        return;
      }
      throw err;
    }
    await c.Write(b.subarray(0, n));
  }
}

async function readForEver(c: Conn): Promise<void> {
  const b = new Uint8Array(smallBytes);
  for (;;) {
    await c.Read(b);
  }
}

async function writeForEver(c: Conn, b: Uint8Array): Promise<void> {
  for (;;) {
    await c.Write(b);
  }
}

async function firstFailure(call: () => Promise<unknown>): Promise<unknown> {
  try {
    for (;;) {
      await call();
    }
  } catch (err) {
    return err;
  }
}
