import { expect, test } from "vitest";
import { Random } from "../src/testing/wirerandom.js";
import { median, type Sample, slope } from "./report.js";

const line = (perMs: number, noise: (i: number) => number): Sample[] =>
  Array.from({ length: 60 }, (_, i) => ({ ms: i * 1000, value: 500 + perMs * i * 1000 + noise(i) }));

test("the slope of a line, whatever a few samples say", () => {
  expect(slope(line(0.25, () => 0))).toBe(0.25);
  expect(slope(line(0.25, (i) => (i % 7 === 0 ? 1e6 : 0)))).toBeCloseTo(0.25, 5);
  expect(slope(line(0, () => 0))).toBe(0);
  expect(slope([])).toBe(0);
  expect(slope([{ ms: 1, value: 1 }])).toBe(0);
  expect(
    slope([
      { ms: 1, value: 1 },
      { ms: 1, value: 2 },
    ]),
  ).toBe(0);
});

test("the slope of noise that grows is found, that of noise is small", () => {
  const random = new Random(7);
  const noise = () => random.below(1000);
  expect(slope(line(1, noise))).toBeCloseTo(1, 1);
  expect(Math.abs(slope(line(0, noise)))).toBeLessThan(0.02);
});

test("the median", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBe(0);
});
