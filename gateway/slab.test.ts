import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dataPrefixBytes } from "../src/wire/frame.js";
import { Slab } from "./slab.js";

const large = 60_000; // within the room that is always left
const small = 1000;

/** frame reads n bytes of that value into slab. */
function frame(slab: Slab, n: number, value: number): Uint8Array {
  const room = slab.room();
  expect(room.length).toBeGreaterThanOrEqual(64 * 1024);
  room.fill(value, dataPrefixBytes, dataPrefixBytes + n);
  return slab.take(room, n);
}

describe("Slab", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives frames that do not overlap, over several slabs", () => {
    const slab = new Slab();
    const sizes = [large, small, large, 1, large, large, large, small, large];
    const frames = sizes.map((n, i) => frame(slab, n, i + 1));
    for (const [i, f] of frames.entries()) {
      expect(f.length).toBe(dataPrefixBytes + (sizes[i] as number));
      expect(f.subarray(dataPrefixBytes).every((byte) => byte === i + 1)).toBe(true);
    }
    slab.release();
  });

  it("copies small reads, which then pin nothing, and no large ones", () => {
    const slab = new Slab();
    expect(frame(slab, small, 1).buffer.byteLength).toBe(dataPrefixBytes + small);
    const first = frame(slab, large, 2);
    const second = frame(slab, large, 3);
    expect(first.buffer).toBe(second.buffer);
    slab.release();
  });

  it("lets go of its memory when nothing was read for a while", () => {
    const slab = new Slab();
    const before = frame(slab, large, 1);
    vi.advanceTimersByTime(1000);
    const after = frame(slab, large, 2);
    expect(after.buffer).not.toBe(before.buffer);
    expect(before[dataPrefixBytes]).toBe(1);
    slab.release();
    expect(vi.getTimerCount()).toBe(0);
  });
});
