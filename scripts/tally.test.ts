import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  countPlaywright,
  countVitest,
  failedPlaywright,
  failedVitest,
  failures,
  lastLine,
  skippedBecause,
  tally,
} from "./tally.mjs";

const ran = { status: "passed", assertionResults: [{ status: "passed" }] };
const failed = { status: "failed", assertionResults: [{ status: "failed" }] };
const unloaded = { status: "failed", assertionResults: [] };

test("countVitest counts a file that could not be loaded as one failure", () => {
  const report = { numPassedTests: 1, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };
  expect(countVitest({ ...report, testResults: [ran, failed] })).toEqual({
    passed: 1,
    failed: 1,
    skipped: 3,
  });
  expect(countVitest({ ...report, testResults: [ran, failed, unloaded] }).failed).toBe(2);
});

test("countPlaywright counts a flaky test as failed", () => {
  const stats = { expected: 5, unexpected: 1, flaky: 1, skipped: 2 };
  expect(countPlaywright({ stats })).toEqual({ passed: 5, failed: 2, skipped: 2 });
});

test("tally believes the exit code before the report", () => {
  const top = mkdtempSync(join(tmpdir(), "gonet-tally-"));
  const path = join(top, "report.json");
  const count = (counts: { passed: number; failed: number; skipped: number }) => counts;
  expect(tally(true)).toEqual({ passed: 1, failed: 0, skipped: 0 });
  expect(tally(false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(tally(false, path, count)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  writeFileSync(path, JSON.stringify({ passed: 7, failed: 0, skipped: 1 }));
  expect(tally(true, path, count)).toEqual({ passed: 7, failed: 0, skipped: 1 });
  expect(tally(false, path, count)).toEqual({ passed: 7, failed: 1, skipped: 1 });
  rmSync(top, { recursive: true });
});

test("what failed is named, with its file", () => {
  const of = (status: string, fullName: string) => ({ status, fullName });
  const testResults = [
    {
      name: "/top/src/a.test.ts",
      status: "failed",
      assertionResults: [of("passed", "a"), of("failed", "b c")],
    },
    { name: "/top/src/d.test.ts", status: "failed", assertionResults: [] },
    { name: "/top/e.test.ts", status: "passed", assertionResults: [of("skipped", "f")] },
  ];
  expect(failedVitest({ testResults }, "/top")).toEqual(["src/a.test.ts › b c", "src/d.test.ts"]);

  const spec = (title: string, status: string) => ({ title, file: "a.ts", line: 7, tests: [{ status }] });
  const suites = [
    {
      specs: [spec("one", "expected"), spec("two", "flaky")],
      suites: [{ specs: [spec("three", "unexpected"), spec("four", "skipped")] }],
    },
  ];
  expect(failedPlaywright({ suites })).toEqual(["a.ts:7 › two", "a.ts:7 › three"]);
});

test("failures names nothing where no report was left", () => {
  const top = mkdtempSync(join(tmpdir(), "gonet-tally-"));
  const path = join(top, "report.json");
  const named = (report: { names: string[] }) => report.names;
  expect(failures(path, named)).toEqual([]);
  expect(failures()).toEqual([]);
  writeFileSync(path, JSON.stringify({ names: ["a"] }));
  expect(failures(path, named)).toEqual(["a"]);
  rmSync(top, { recursive: true });
});

test("skippedBecause finds the reason and nothing else", () => {
  expect(skippedBecause("building\nasan: skipped, gcc is not installed\n")).toBe("gcc is not installed");
  expect(skippedBecause("asan: no report, no leak\n")).toBeUndefined();
  expect(skippedBecause("one test was skipped, the others ran\n")).toBeUndefined();
});

test("lastLine is the form that is read by programs", () => {
  expect(lastLine([])).toBe("0 passed, 0 failed");
  const counts = [
    { passed: 3, failed: 0, skipped: 0 },
    { passed: 4, failed: 1, skipped: 0 },
  ];
  expect(lastLine(counts)).toBe("7 passed, 1 failed");
  expect(lastLine([...counts, { passed: 0, failed: 0, skipped: 2 }])).toBe("7 passed, 1 failed, 2 skipped");
});
