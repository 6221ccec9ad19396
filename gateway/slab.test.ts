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
    vi.advanceTimersByTime(2000);
    const after = frame(slab, large, 2);
    expect(after.buffer).not.toBe(before.buffer);
    expect(before[dataPrefixBytes]).toBe(1);
    slab.release();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("reads again into what came back, once no frame stands in it", () => {
    const slab = new Slab();
    const first = [frame(slab, large, 1), frame(slab, large, 2), frame(slab, large, 3)];
    const [one] = first as [Uint8Array];
    const other = frame(slab, large, 4);
    expect(other.buffer).toBe(one.buffer);
    const next = frame(slab, large, 5);
    expect(next.buffer).not.toBe(one.buffer);
    for (const f of first) slab.give(f);
    const more = [frame(slab, large, 6), frame(slab, large, 7), frame(slab, large, 8)];
    expect(more.every((f) => f.buffer === next.buffer)).toBe(true);
    expect(other[dataPrefixBytes]).toBe(4);
    slab.give(other);
    expect(frame(slab, large, 9).buffer).toBe(one.buffer);
    slab.release();
  });

  it("takes back nothing that is not its own", () => {
    const slab = new Slab();
    const copied = frame(slab, small, 1);
    slab.give(copied);
    slab.give(new Uint8Array(large));
    expect(frame(slab, small, 2).buffer).not.toBe(copied.buffer);
    slab.release();
  });

  it("keeps no more than 4 MiB, and that for as long as it is read into", () => {
    const slab = new Slab();
    const perBlock = 4;
    const frames = Array.from({ length: 30 * perBlock }, (_, i) => frame(slab, large, i));
    const before = new Set(frames.map((f) => f.buffer));
    expect(before.size).toBe(30);
    for (const f of frames) slab.give(f);
    vi.advanceTimersByTime(1000); // it was used in that time
    const again = new Set(frames.map((_, i) => frame(slab, large, i).buffer));
    expect([...again].filter((buffer) => before.has(buffer))).toHaveLength(17); // 16, and the one in use
    vi.advanceTimersByTime(2000);
    expect(vi.getTimerCount()).toBe(0);
    expect(again.has(frame(slab, large, 1).buffer)).toBe(false);
    slab.release();
  });
});
