import { createHash } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { turns } from "../testing/rawpeer.js";
import { wirePair } from "../testing/wirepair.js";
import { Random, testSeed } from "../testing/wirerandom.js";
import { Deadline } from "./deadline.js";
import { ClosedError, DeadlineError } from "./errors.js";
import { dataPrefixBytes, decode, type Frame, frameType as T } from "./frame.js";
import type { PairTransport } from "./pair.js";
import type { Source, Stream } from "./stream.js";

const never = new Deadline();

afterEach(() => {
  vi.useRealTimers();
});

async function failure(p: Promise<unknown>): Promise<unknown> {
  try {
    await p;
  } catch (err) {
    return err;
  }
  return expect.unreachable("it did not fail");
}

// readAll reads to the end of the stream, in pieces of a random size, and gives count and hash.
async function readAll(stream: Stream, random: Random): Promise<{ n: number; hash: string }> {
  const hash = createHash("sha256");
  let total = 0;
  for (;;) {
    const b = new Uint8Array(1 + random.below(random.pick([10, 5000, 300_000])));
    const n = await stream.read(b, never);
    if (n === 0) return { n: total, hash: hash.digest("hex") };
    total += n;
    hash.update(b.subarray(0, n));
    if (random.below(8) === 0) await turns(1);
  }
}

// writeAll writes total random bytes in pieces of a random size, and gives their hash.
async function writeAll(stream: Stream, total: number, random: Random): Promise<string> {
  const hash = createHash("sha256");
  const b = new Uint8Array(600_000);
  for (let left = total; left > 0; ) {
    const n = Math.min(left, 1 + random.below(random.pick([3, 2000, 70_000, 600_000])));
    const piece = b.subarray(0, n);
    for (let i = 0; i < n; i += 97) piece[i] = random.uint32();
    hash.update(piece);
    expect(await stream.write(piece, never)).toBe(n);
    piece.fill(0); // it is ours again
    left -= n;
  }
  return hash.digest("hex");
}

// watch lists the frames that a side of the link sends.
function watch(transport: PairTransport): Frame[] {
  const sent: Frame[] = [];
  transport.onSend = (message) => {
    decode(message, (frame) => {
      sent.push(frame);
      return true;
    });
    return message;
  };
  return sent;
}

function dataBytes(frames: readonly Frame[], id?: number): number {
  let n = 0;
  for (const frame of frames) if (frame[0] === T.data && (id ?? frame[1]) === frame[1]) n += frame[2].length;
  return n;
}

describe("data", () => {
  test("both ways at once, many streams, equal by hash", { timeout: 60_000 }, async () => {
    const random = new Random(testSeed("data both ways"));
    const { open } = wirePair();
    const results = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { near, far } = await open();
        const total = 1 + random.below(6_000_000);
        const [down, up] = [new Random(random.uint32()), new Random(random.uint32())];
        const send = async (s: Stream, r: Random) => {
          const hash = await writeAll(s, total, r);
          s.fin();
          return { n: total, hash };
        };
        return Promise.all([
          send(near, up),
          readAll(far, new Random(random.uint32())),
          send(far, down),
          readAll(near, new Random(random.uint32())),
        ]);
      }),
    );
    for (const [sentUp, gotUp, sentDown, gotDown] of results) {
      expect(gotUp).toEqual(sentUp);
      expect(gotDown).toEqual(sentDown);
    }
  });

  test("small writes of one turn leave in one message", async () => {
    const { open, link } = wirePair();
    const streams = await Promise.all([open(), open(), open()]);
    let messages = 0;
    link.a.onSend = (m) => {
      messages++;
      return m;
    };
    await Promise.all(streams.map(({ near }) => near.write(new Uint8Array(100), never)));
    await turns(1);
    expect(messages).toBe(1);
  });

  test("small writes that are awaited one by one share messages, and a lone one leaves in its turn", async () => {
    const { open, link } = wirePair();
    const { near, far } = await open();
    await turns(1);
    const sizes: number[] = [];
    link.a.onSend = (m) => {
      sizes.push(m.length);
      return m;
    };
    const layer = async (b: Uint8Array) => await (async () => await near.write(b, never))();
    for (let i = 0; i < 1000; i++) await layer(new Uint8Array(100));
    await layer(new Uint8Array(1));
    await turns(1);
    expect(sizes.length).toBeLessThanOrEqual(3);
    expect(Math.max(...sizes)).toBeLessThan(65_536 + 112);
    await turns(2);
    expect(far.readableBytes).toBe(100_001);
  });

  test("a frame is at most 256 KiB, and 64 KiB while others wait", async () => {
    const { open, link } = wirePair({ limits: { streamWindow: 2 ** 20 } });
    const a = await open();
    const sent = watch(link.a);
    const b = new Uint8Array(300_000);
    await a.near.write(b, never);
    await turns(1);
    expect(sent.filter((f) => f[0] === T.data).map((f) => (f[2] as Uint8Array).length)).toEqual([
      262_144, 37_856,
    ]);
    sent.length = 0;
    const c = await open();
    await Promise.all([a.near.write(b, never), c.near.write(b, never)]);
    await turns(1);
    const turnsTaken = sent.filter((f) => f[0] === T.data).map((f) => [f[1], (f[2] as Uint8Array).length]);
    expect(turnsTaken.slice(0, 4)).toEqual([
      [1, 65_536],
      [3, 65_536],
      [1, 65_536],
      [3, 65_536],
    ]);
    expect(dataBytes(sent)).toBe(600_000);
  });

  test("control frames go before data that is not framed yet", async () => {
    const { open, link, client } = wirePair();
    const { near } = await open();
    const sent = watch(link.a);
    const writing = near.write(new Uint8Array(1000), never);
    void client.open("test", []);
    await writing;
    await turns(1);
    expect(sent.map((f) => f[0])).toEqual([T.open, T.data]);
  });

  test("a write of nothing is 0, or the error there is", async () => {
    const { open } = wirePair();
    const { near } = await open();
    expect(await near.write(new Uint8Array(0), never)).toBe(0);
    near.close();
    expect(await failure(near.write(new Uint8Array(0), never))).toBeInstanceOf(ClosedError);
  });
});

describe("half close", () => {
  test("fin ends one direction after its data; the other goes on", async () => {
    const { open } = wirePair();
    const { near, far } = await open();
    await near.write(new Uint8Array([1, 2]), never);
    near.fin();
    near.fin();
    expect(await failure(near.write(new Uint8Array(1), never))).toMatchObject({
      pieces: ["errno", "write", "EPIPE"],
    });
    const b = new Uint8Array(10);
    expect(await far.read(b, never)).toBe(2);
    expect(await far.read(b, never)).toBe(0);
    expect(await far.read(b, never)).toBe(0);
    await far.write(new Uint8Array(700_000).subarray(0, 200_000), never);
    far.fin();
    expect((await readAll(near, new Random(1))).n).toBe(200_000);
  });

  test("a waiting read wakes", async () => {
    const { open } = wirePair();
    const { near, far } = await open();
    const reading = far.read(new Uint8Array(1), never);
    near.fin();
    expect(await reading).toBe(0);
  });
});

describe("close", () => {
  test("flushes: 16 MiB written, then close; the peer gets every byte", { timeout: 60_000 }, async () => {
    const random = new Random(testSeed("close flushes"));
    const { open, client, gateway } = wirePair();
    const { near, far } = await open();
    const reading = readAll(far, random);
    const hash = await writeAll(near, 16 * 2 ** 20, new Random(random.uint32()));
    near.close();
    expect(await reading).toEqual({ n: 16 * 2 ** 20, hash });
    expect(far.peerClosed).toBe(true);
    far.close();
    await turns(6);
    expect([near.state, far.state]).toEqual(["closed", "closed"]);
    expect([client.size, gateway.size]).toEqual([0, 0]);
  });

  test("wakes a waiting read and a waiting write, which tells how much it passed on", async () => {
    const { open, client } = wirePair();
    const { near } = await open();
    const window = client.limits.streamWindow;
    const reading = failure(near.read(new Uint8Array(1), never));
    const writing = failure(near.write(new Uint8Array(window + 1000), never));
    await turns(10);
    near.close();
    near.close();
    expect(await reading).toBeInstanceOf(ClosedError);
    expect(await writing).toBeInstanceOf(ClosedError);
    expect(await writing).toMatchObject({ n: window });
    expect(near.state).toBe("closing");
  });

  test("what still comes in is dropped, and its credit given back to the session", async () => {
    const { open, gateway } = wirePair({ limits: { sessionWindow: 300_000, streamWindow: 100_000 } });
    const keep = await open();
    for (let i = 0; i < 20; i++) {
      const { near, far } = await open();
      far.onReadable = () => {
        if (far.peerClosed) far.close();
      };
      const writing = far.write(new Uint8Array(200_000), never).catch(() => {});
      await turns(3);
      near.close();
      await writing;
    }
    await turns(10);
    expect(gateway.size).toBe(1);
    await keep.far.write(new Uint8Array(100_000), never);
    await turns(4);
    expect(keep.near.readableBytes).toBe(100_000);
  });

  test("from both sides at once is one CLOSE each", async () => {
    const { open, link, client, gateway } = wirePair();
    const { near, far } = await open();
    const sent = [watch(link.a), watch(link.b)];
    near.close();
    far.close();
    await turns(10);
    expect(sent.map((frames) => frames.filter((f) => f[0] === T.close).length)).toEqual([1, 1]);
    expect([near.state, far.state, client.state, gateway.state]).toEqual([
      "closed",
      "closed",
      "attached",
      "attached",
    ]);
  });

  test("by the peer alone: data, then end of file; a write is EPIPE", async () => {
    const { open } = wirePair();
    const { near, far } = await open();
    await far.write(new Uint8Array([1]), never);
    far.close();
    const b = new Uint8Array(4);
    expect(await near.read(b, never)).toBe(1);
    expect(await near.read(b, never)).toBe(0);
    expect(await failure(near.write(b, never))).toMatchObject({ pieces: ["errno", "write", "EPIPE"] });
    near.close();
    await turns(4);
    expect([near.state, far.state]).toEqual(["closed", "closed"]);
  });

  test("by the peer wakes who waits", async () => {
    const { open, client } = wirePair();
    const { near, far } = await open();
    const reading = near.read(new Uint8Array(1), never);
    const writing = failure(near.write(new Uint8Array(client.limits.streamWindow + 1), never));
    await turns(6);
    far.close();
    expect(await reading).toBe(0);
    expect(await writing).toMatchObject({
      pieces: ["errno", "write", "EPIPE"],
      n: client.limits.streamWindow,
    });
  });
});

describe("reset", () => {
  const pieces = ["errno", "", "ECONNRESET"] as const;

  test("data first, then the error once, then end of file and EPIPE", async () => {
    const { open } = wirePair();
    const { near, far } = await open();
    await far.write(new Uint8Array([1, 2, 3]), never);
    await turns(4);
    far.reset(pieces);
    far.reset(pieces);
    await turns(4);
    const b = new Uint8Array(2);
    expect(await near.read(b, never)).toBe(2);
    expect(await near.read(b, never)).toBe(1);
    expect(await failure(near.read(b, never))).toMatchObject({ pieces });
    expect(await near.read(b, never)).toBe(0);
    expect(await failure(near.write(b, never))).toMatchObject({ pieces: ["errno", "write", "EPIPE"] });
  });

  test("a write can be the one that is told, then reads end", async () => {
    const { open } = wirePair();
    const { near, far } = await open();
    far.reset(pieces);
    await turns(4);
    const b = new Uint8Array(2);
    expect(await failure(near.write(b, never))).toMatchObject({ pieces });
    expect(await failure(near.write(b, never))).toMatchObject({ pieces: ["errno", "write", "EPIPE"] });
    expect(await near.read(b, never)).toBe(0);
  });

  test("wakes who waits, and only one is told", async () => {
    const { open, client } = wirePair();
    const { near, far } = await open();
    const reading = near.read(new Uint8Array(1), never).then(
      (n) => n,
      (err) => err.pieces[2],
    );
    const writing = failure(near.write(new Uint8Array(client.limits.streamWindow + 1), never));
    await turns(6);
    far.reset(pieces);
    const told = [await reading, ((await writing) as { pieces: string[] }).pieces[2]];
    expect([
      ["ECONNRESET", "EPIPE"],
      [0, "ECONNRESET"],
    ]).toContainEqual(told);
  });

  test("a write that was taken whole succeeds, and the error is left for the next", async () => {
    const { open } = wirePair();
    const { near, far } = await open();
    far.reset(pieces);
    const writing = near.write(new Uint8Array(10), never); // taken in this turn, the RESET comes in the next
    expect(await writing).toBe(10);
    await turns(4);
    expect(await failure(near.write(new Uint8Array(1), never))).toMatchObject({ pieces });
  });

  test("at the sender what came in is dropped, the credit is given back, and the id ends with CLOSE", async () => {
    const { open, client, gateway } = wirePair({ limits: { streamWindow: 50_000, sessionWindow: 60_000 } });
    const { near, far } = await open();
    await near.write(new Uint8Array(50_000), never);
    await turns(4);
    expect(far.readableBytes).toBe(50_000);
    far.reset(pieces);
    far.drop(10); // whoever held a view does not know yet
    expect(far.readableBytes).toBe(0);
    await turns(4);
    far.onReadable = () => far.close();
    near.close();
    await turns(4);
    expect([client.size, gateway.size]).toEqual([0, 0]);
    const next = await open();
    expect(await next.near.write(new Uint8Array(50_000), never)).toBe(50_000);
  });

  test("an error too large for a frame becomes EMSGSIZE", async () => {
    const { open } = wirePair();
    const { near, far } = await open();
    far.reset(["text", "x".repeat(20_000)]);
    expect(await failure(near.read(new Uint8Array(1), never))).toMatchObject({
      pieces: ["errno", "", "EMSGSIZE"],
    });
  });
});

describe("deadlines", () => {
  test("a read and a write end with theirs; the write tells how much it passed on", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
    const { open, client } = wirePair();
    const { near } = await open();
    const window = client.limits.streamWindow;
    const deadline = new Deadline();
    deadline.set(Date.now() + 1000);
    const reading = failure(near.read(new Uint8Array(1), deadline));
    const writing = failure(near.write(new Uint8Array(window * 2), deadline));
    await turns(6);
    vi.advanceTimersByTime(1001);
    expect(await reading).toBeInstanceOf(DeadlineError);
    expect(await writing).toMatchObject({ name: "DeadlineError", n: window });
    client.close();
  });

  test("one that passed wins over data that is there, and moved on it reads", async () => {
    const { open } = wirePair();
    const { near, far } = await open();
    await far.write(new Uint8Array([5]), never);
    await turns(4);
    const deadline = new Deadline();
    deadline.set(1);
    const b = new Uint8Array(1);
    expect(await failure(near.read(b, deadline))).toBeInstanceOf(DeadlineError);
    expect(await failure(near.write(b, deadline))).toMatchObject({ name: "DeadlineError", n: 0 });
    deadline.set(null);
    expect(await near.read(b, deadline)).toBe(1);
  });

  test("a write after one that timed out goes on behind what was passed on", async () => {
    const { open, client } = wirePair();
    const { near, far } = await open();
    const window = client.limits.streamWindow;
    const deadline = new Deadline();
    const first = new Uint8Array(window + 100).fill(1);
    const writing = failure(near.write(first, deadline));
    await turns(6);
    deadline.set(1);
    expect(await writing).toMatchObject({ n: window });
    const second = near.write(new Uint8Array(10).fill(2), never);
    const got = new Uint8Array(window + 10);
    for (let n = 0; n < got.length; ) n += await far.read(got.subarray(n), never);
    expect(await second).toBe(10);
    expect(got.subarray(0, window).every((b) => b === 1)).toBe(true);
    expect(got.subarray(window).every((b) => b === 2)).toBe(true);
  });
});

describe("credit", () => {
  test("a stream's window holds until the reader takes at least half of it", async () => {
    const { open, link, client } = wirePair();
    const { near, far } = await open();
    const window = client.limits.streamWindow;
    const sent = watch(link.a);
    const back = watch(link.b);
    const writing = near.write(new Uint8Array(window * 2), never);
    await turns(10);
    expect(dataBytes(sent)).toBe(window);
    expect(far.readableBytes).toBe(window);
    await far.read(new Uint8Array(window / 2 - 1), never);
    await turns(6);
    expect(back.filter((f) => f[0] === T.credit)).toEqual([]);
    await far.read(new Uint8Array(1), never);
    await turns(6);
    // The reader was fast: its window is twice as wide now.
    expect(back.filter((f) => f[0] === T.credit)).toEqual([[T.credit, 1, window / 2 + window * 2]]);
    expect(dataBytes(sent)).toBe(window * 2);
    await Promise.all([readSome(far, window * 2 - window / 2), writing]);
  });

  test("the session's window holds over all streams", async () => {
    const sessionWindow = 400_000;
    const { open, link } = wirePair({ limits: { sessionWindow } });
    const all = [await open(), await open(), await open()];
    const sent = watch(link.a);
    const writing = Promise.all(all.map(({ near }) => near.write(new Uint8Array(200_000), never)));
    await turns(20);
    expect(dataBytes(sent)).toBe(sessionWindow);
    await Promise.all([...all.map(({ far }) => readSome(far, 200_000)), writing]);
    expect(dataBytes(sent)).toBe(600_000);
  });

  test("a stalled reader does not hold up another stream, and what is kept for it is bounded", async () => {
    const { open, gateway, client } = wirePair();
    const stalled = await open();
    const live = await open();
    const window = client.limits.streamWindow;
    let taken = 0;
    const stalledWrite = stalled.far.write(new Uint8Array(8 * window), never).catch(() => (taken = -1));
    const total = 32 * 2 ** 20;
    let most = 0;
    const writing = (async () => {
      const b = new Uint8Array(100_000);
      for (let n = 0; n < total; n += b.length) {
        await live.far.write(b, never);
        most = Math.max(most, gateway.keptBytes);
      }
      live.far.fin();
    })();
    const { n } = await readAll(live.near, new Random(2));
    await writing;
    expect(n).toBeGreaterThanOrEqual(total);
    expect(stalled.near.readableBytes).toBe(window);
    expect(taken).toBe(0);
    expect(most).toBeLessThan(gateway.limits.replayBytes);
    client.close();
    await stalledWrite;
    expect(taken).toBe(-1);
  });

  test("without room in the link nothing more is framed, and it goes on when there is", async () => {
    const { open, link, gateway } = wirePair();
    const { near, far } = await open();
    const others = [await open(), await open(), await open(), await open()];
    link.b.held = true;
    const writing = Promise.all(
      [{ near, far }, ...others].map((s) => s.far.write(new Uint8Array(gateway.limits.streamWindow), never)),
    );
    await turns(10);
    expect(link.b.bufferedBytes()).toBeGreaterThanOrEqual(gateway.limits.linkBuffer);
    expect(link.b.bufferedBytes()).toBeLessThan(gateway.limits.linkBuffer + 2 * 262_144);
    link.b.release();
    await writing;
    await turns(4);
    expect(others.map((s) => s.near.readableBytes)).toEqual(new Array(4).fill(gateway.limits.streamWindow));
  });

  test("streams take fair turns", async () => {
    const { open, link } = wirePair();
    const all = [];
    for (let i = 0; i < 8; i++) all.push(await open());
    const sent = watch(link.b);
    const finished: number[] = [];
    const total = 3_000_000;
    await Promise.all(
      all.map(async ({ near, far }) => {
        const writing = far.write(new Uint8Array(total), never);
        await readSome(near, total);
        finished.push(near.id);
        await writing;
      }),
    );
    // At no time is one stream far ahead of another: a window is what a reader may be behind.
    const sums = new Map<number, number>(all.map(({ near }) => [near.id, 0]));
    let gap = 0;
    for (const frame of sent) {
      if (frame[0] !== T.data) continue;
      sums.set(frame[1], (sums.get(frame[1]) as number) + frame[2].length);
      gap = Math.max(gap, Math.max(...sums.values()) - Math.min(...sums.values()));
    }
    expect(finished).toHaveLength(8);
    expect(gap).toBeLessThanOrEqual(2 * 262_144);
  });
});

describe("source", () => {
  test("is asked within credit, is left alone when it has nothing, and goes on when it is ready", async () => {
    const { open, gateway } = wirePair();
    const { near, far } = await open();
    let left = 0;
    const asked: number[] = [];
    const source: Source = {
      pull(max) {
        asked.push(max);
        const n = Math.min(max, left);
        left -= n;
        return n === 0 ? null : new Uint8Array(dataPrefixBytes + n).fill(7);
      },
    };
    far.source = source;
    far.ready();
    await turns(4);
    expect(asked).toHaveLength(1);
    left = 300_000;
    far.ready();
    await turns(4);
    expect(near.readableBytes).toBe(gateway.limits.streamWindow);
    expect(Math.max(...asked)).toBeLessThanOrEqual(gateway.limits.streamWindow);
    await readSome(near, 300_000);
    expect(left).toBe(0);
  });

  test("one that fails ends this session with an internal error, and nothing is thrown elsewhere", async () => {
    const { open, gateway, client } = wirePair();
    const { far } = await open();
    far.source = {
      pull() {
        throw new Error("bug");
      },
    };
    far.ready();
    await turns(6);
    expect(gateway.reason).toMatchObject({ code: 4500, cause: new Error("bug") });
    expect(client.reason).toMatchObject({ code: 4500 });
  });
});

async function readSome(stream: Stream, total: number): Promise<void> {
  const b = new Uint8Array(100_000);
  for (let n = 0; n < total; ) n += await stream.read(b.subarray(0, Math.min(b.length, total - n)), never);
}
