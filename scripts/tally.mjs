// How many tests a step ran, from the reports that vitest and Playwright leave behind.
import { existsSync, readFileSync } from "node:fs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Count */

/**
 * countVitest reads vitest's JSON report. A file that could not even be loaded has no test to fail, so it counts as one.
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: { status: string, assertionResults: { status: string }[] }[] }} report
 * @returns {Count}
 */
export function countVitest(report) {
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((t) => t.status === "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * countPlaywright reads Playwright's JSON report.
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number } }} report
 * @returns {Count}
 */
export function countPlaywright({ stats }) {
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
}

/**
 * tally gives what a step counted. A step without a report, or one that ended before it wrote any, counts as one; one
 * that failed has at least one failure, whatever its report says.
 *
 * @param {boolean} passed whether the step's exit code said so
 * @param {string} [path] the report
 * @param {(report: any) => Count} [count]
 * @returns {Count}
 */
export function tally(passed, path, count) {
  const counted =
    path && count && existsSync(path)
      ? count(JSON.parse(readFileSync(path, "utf8")))
      : { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
  return passed ? counted : { ...counted, failed: Math.max(counted.failed, 1) };
}

/**
 * skippedBecause finds the line by which a step without a report says that it could not run here, and gives the reason.
 * @param {string} output
 */
export function skippedBecause(output) {
  return /^\w+: skipped, (.+)$/m.exec(output)?.[1];
}

/**
 * lastLine is how a run of tests ends, alone on its line.
 * @param {readonly Count[]} counts
 */
export function lastLine(counts) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of counts) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return `${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`;
}
