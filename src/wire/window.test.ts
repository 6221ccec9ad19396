// How the window of a stream follows its reader.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { turns } from "../testing/rawpeer.js";
import { type WirePair, wirePair } from "../testing/wirepair.js";
import { Deadline } from "./deadline.js";
import { defaultLimits } from "./limits.js";
import type { Stream } from "./stream.js";

const never = new Deadline();
const streamWindow = 1000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

// unread tells how much the peer can send while nobody reads.
async function unread(near: Stream, far: Stream): Promise<number> {
  const stop = new Deadline();
  const writing = near.write(new Uint8Array(streamWindow * 50), stop).catch(() => {});
  await turns(10);
  stop.set(0);
  await writing;
  return far.readableBytes;
}

// pass moves n bytes, half a usual window in each ms.
async function pass(near: Stream, far: Stream, n: number, ms: number): Promise<void> {
  const b = new Uint8Array(streamWindow / 2);
  for (let at = 0; at < n; at += b.length) {
    await near.write(b, never);
    vi.advanceTimersByTime(ms);
    for (let left = b.length; left > 0; ) left -= await far.read(b.subarray(0, left), never);
    await turns(4);
  }
}

async function drain(far: Stream): Promise<void> {
  while (far.readableBytes > 0) await far.read(new Uint8Array(far.readableBytes), never);
  await turns(4);
}

function joined(sessionWindow = 100 * streamWindow): WirePair {
  return wirePair({ limits: { streamWindow, sessionWindow } });
}

// expectWindow expects n to fit a window that is so many times the usual one: of a window that was left with less than
// half of it free, at least half is there to be used.
function expectWindow(n: number, times: number): void {
  expect(n).toBeGreaterThan((streamWindow * times) / 2);
  expect(n).toBeLessThanOrEqual(streamWindow * times);
}

describe("the window of a stream", () => {
  test("is four times as wide for a reader that keeps up", async () => {
    const { near, far } = await joined().open();
    expectWindow(await unread(near, far), 1);
    await drain(far);
    await pass(near, far, streamWindow * 20, 1);
    expectWindow(await unread(near, far), 4);
  });

  test("stays as it is for a reader that takes its time", async () => {
    const { near, far } = await joined().open();
    await pass(near, far, streamWindow * 20, 250);
    expectWindow(await unread(near, far), 1);
  });

  test("is narrow again when the reader has become slow", async () => {
    const { near, far } = await joined().open();
    await pass(near, far, streamWindow * 20, 1);
    await pass(near, far, streamWindow * 20, 2001);
    expectWindow(await unread(near, far), 1);
  });

  test("grows out of a quarter of the session's window, and gives back what it grew by when it closes", async () => {
    const pair = joined(16 * streamWindow);
    const one = await pair.open();
    await pass(one.near, one.far, streamWindow * 20, 1);
    const two = await pair.open();
    await pass(two.near, two.far, streamWindow * 20, 1);
    expectWindow(await unread(two.near, two.far), 2); // 3 of 4 went to the first
    await drain(two.far);
    one.near.close();
    one.far.close();
    await turns(10);
    await pass(two.near, two.far, streamWindow * 20, 1);
    expectWindow(await unread(two.near, two.far), 4);
  });

  test("is never so wide that the peer may not grant it", async () => {
    const widest = 16 * 1024 * 1024;
    const { open } = wirePair({ limits: { streamWindow: widest, sessionWindow: 64 * 1024 * 1024 } });
    const { near, far } = await open();
    for (let i = 0; i < 4; i++) {
      const writing = near.write(new Uint8Array(widest / 2), never);
      for (let left = widest / 2; left > 0; ) left -= await far.read(new Uint8Array(left), never);
      await writing;
      await turns(4);
    }
    expect(near.sendCredit).toBeLessThanOrEqual(widest);
    expect(near.state).toBe("open");
  });

  test("of many streams, with readers that were quick and stop, leaves room for another", async () => {
    const { streamWindow: usual, sessionWindow: all } = defaultLimits;
    const window = streamWindow;
    const { open } = joined((window * all) / usual);
    const quick = await open();
    for (let i = 0; i < 32; i++) {
      const { near, far } = await open();
      await pass(near, far, window * 8, 1);
      expect(await unread(near, far)).toBeGreaterThan(window / 2);
    }
    const passing = quick.near.write(new Uint8Array(window), never);
    let got = 0;
    while (got < window) got += await quick.far.read(new Uint8Array(window), never);
    expect(await passing).toBe(window);
  });
});
