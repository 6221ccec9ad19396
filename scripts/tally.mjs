// How many tests a step ran, and which failed, from the reports that vitest and Playwright leave behind.
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

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
 * failedVitest names what failed in vitest's JSON report: "<file> › <test>", and a file that could not be loaded by itself.
 * @param {{ testResults: { name: string, status: string,
 *   assertionResults: { status: string, fullName: string }[] }[] }} report
 * @param {string} top the folder to which paths are relative
 * @returns {string[]}
 */
export function failedVitest({ testResults }, top) {
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(top, name);
    const tests = assertionResults.filter((t) => t.status === "failed");
    if (tests.length > 0) return tests.map(({ fullName }) => `${file} › ${fullName}`);
    return status === "failed" ? [file] : [];
  });
}

/**
 * @typedef {{ title: string, file: string, line: number, tests: { status: string }[] }} Spec
 * @typedef {{ specs: Spec[], suites?: Suite[] }} Suite
 */

/**
 * failedPlaywright names what failed in Playwright's JSON report, flaky tests among them: "<file>:<line> › <test>".
 * @param {{ suites: Suite[] }} report
 * @returns {string[]}
 */
export function failedPlaywright({ suites }) {
  return suites.flatMap(({ specs, suites: inner = [] }) => [
    ...specs
      .filter(({ tests }) => tests.some(({ status }) => status === "unexpected" || status === "flaky"))
      .map(({ file, line, title }) => `${file}:${line} › ${title}`),
    ...failedPlaywright({ suites: inner }),
  ]);
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
 * failures names what failed in a step, or nothing if it left no report.
 * @param {string} [path] the report
 * @param {(report: any) => string[]} [named]
 * @returns {string[]}
 */
export function failures(path, named) {
  return path && named && existsSync(path) ? named(JSON.parse(readFileSync(path, "utf8"))) : [];
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
