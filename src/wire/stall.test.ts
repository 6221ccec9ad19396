import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Stall } from "./stall.js";

const ms = 1000;
let left: number;
let isFull: boolean;
let stalls: number;
let stall: Stall;

beforeEach(() => {
  vi.useFakeTimers();
  left = 0;
  isFull = true;
  stalls = 0;
  stall = new Stall({ ms, isFull: () => isFull, left: () => left, stalled: () => stalls++ });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("Stall", () => {
  test("is a link that takes nothing for the whole time, and is told once", () => {
    stall.full();
    vi.advanceTimersByTime(ms - 1);
    stall.full(); // again and again, as long as it is full
    expect(stalls).toBe(0);
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(10 * ms);
    expect(stalls).toBe(1);
  });

  test("is none as long as one byte leaves in that time", () => {
    stall.full();
    for (let i = 0; i < 10; i++) {
      left++;
      vi.advanceTimersByTime(ms);
    }
    expect(stalls).toBe(0);
    vi.advanceTimersByTime(ms);
    expect(stalls).toBe(1);
  });

  test("is none once there is room, whether or not that was told", () => {
    stall.full();
    stall.free();
    vi.advanceTimersByTime(2 * ms);
    stall.full();
    isFull = false;
    vi.advanceTimersByTime(2 * ms);
    expect(stalls).toBe(0);
  });
});
