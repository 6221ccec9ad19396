import { expect, test } from "vitest";
import { formatBytes, formatElapsed, formatLatency } from "./format.js";

test.each([
  [0, "0.000 ms"],
  [0.0536, "0.054 ms"],
  [1.006, "1.01 ms"],
  [12.34, "12.3 ms"],
  [1234.5, "1235 ms"],
])("formatLatency(%d)", (ms, text) => {
  expect(formatLatency(ms)).toBe(text);
});

test.each([
  [0.4, "0 ms"],
  [999, "999 ms"],
  [1000, "1.0 s"],
  [60_000, "1 min 00 s"],
  [125_000, "2 min 05 s"],
])("formatElapsed(%d)", (ms, text) => {
  expect(formatElapsed(ms)).toBe(text);
});

test.each([
  [0, "0 B"],
  [9999, "9,999 B"],
  [10_000, "9.8 KiB"],
  [2 ** 40 * 1.5, "1.5 TiB"],
])("formatBytes(%d)", (n, text) => {
  expect(formatBytes(n)).toBe(text);
});
