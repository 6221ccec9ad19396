import { expect, test } from "vitest";
import { scaleFor } from "./plotscale.js";

test.each([
  [0, [0, 0.25, 0.5, 0.75, 1]],
  [0.07, [0, 0.02, 0.04, 0.06, 0.08]],
  [0.3, [0, 0.1, 0.2, 0.3, 0.4]],
  [1, [0, 0.25, 0.5, 0.75, 1]],
  [1.001, [0, 0.5, 1, 1.5, 2]],
  [37, [0, 10, 20, 30, 40]],
  [400, [0, 100, 200, 300, 400]],
  [123_456_789, [0, 50_000_000, 100_000_000, 150_000_000, 200_000_000]],
])("an axis with room for %d", (max, ticks) => {
  expect(scaleFor(max)).toEqual({ top: ticks.at(-1), ticks });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])("%d is no reason for another axis", (max) => {
  expect(scaleFor(max).top).toBe(1);
});

test("every value fits, and takes at least a third of the height", () => {
  for (let max = 0.001; max < 1e9; max *= 1.07) {
    const { top } = scaleFor(max);
    expect(top).toBeGreaterThanOrEqual(max);
    expect(max / top).toBeGreaterThan(1 / 3);
  }
});
