// npm test: sets up what is missing, then runs every kind of test, each to its end even if one before it failed.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { allBuilds } from "./builds.mjs";
import { Failure, main, root, run, seconds, signalled } from "./process.mjs";
import { setup } from "./setup.mjs";
import {
  countPlaywright,
  countVitest,
  failedPlaywright,
  failedVitest,
  failures as failuresIn,
  lastLine,
  skippedBecause,
  tally,
} from "./tally.mjs";

/** limitMs bounds each step: it is for what hangs, not for what is slow on a busy machine. */
const limitMs = 1_500_000;

/** @typedef {import("./tally.mjs").Count} Count */
/**
 * @typedef {{ about: string, args: readonly string[], report?: string, count?: (report: any) => Count,
 *   failures?: (report: any) => string[], says?: boolean }} Step
 * A step writes a JSON report that can be counted, or it is one test by itself, which may say that it was skipped.
 */

/** usageCode is the exit code for a wrong command line. */
const usageCode = 2;

const unitReport = ".setup/unit.json";
const e2eReport = "e2e/results/report.json";

/** steps are the kinds of tests in the order in which they run: the quick ones first. @type {Record<string, Step>} */
const steps = {
  lint: {
    about: "biome: form, import cycles, suspicious code",
    args: ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."],
  },
  types: { about: "tsc: types, and who may import whom", args: ["node_modules/typescript/bin/tsc", "-b"] },
  unit: {
    about: "vitest: unit tests, and conformance with Go",
    args: [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${unitReport}`,
    ],
    report: unitReport,
    count: countVitest,
    failures: (report) => failedVitest(report, root),
  },
  asan: { about: "the native addon under the address sanitizer", args: ["scripts/asan.mjs"], says: true },
  e2e: {
    about: "playwright: the library in a real Chromium",
    args: ["node_modules/@playwright/test/cli.js", "test", "-c", "e2e/playwright.config.ts"],
    report: e2eReport,
    count: countPlaywright,
    failures: failedPlaywright,
  },
  soak: {
    about: "200 clients with all operations for two minutes, while a link is cut every second",
    args: ["scripts/soak.mjs", "--minutes", "2"],
  },
};

const help = `npm test [-- --only <step>[,<step>...]]

${Object.entries(steps)
  .map(([name, { about }]) => `  ${name.padEnd(7)}${about}`)
  .join("\n")}

All steps run if none is named, each even if one before it failed. The browser is found by itself; GONET_CHROMIUM
names another one. Exit code 0 if everything passed.`;

/**
 * chosen gives the names of the steps to run.
 * @param {readonly string[]} only
 */
function chosen(only) {
  const names = only.flatMap((list) => list.split(","));
  const unknown = names.find((name) => !(name in steps));
  if (unknown !== undefined) {
    throw new Failure(
      `There is no step "${unknown}"; there are ${Object.keys(steps).join(", ")}.`,
      "",
      usageCode,
    );
  }
  return Object.keys(steps).filter((name) => names.length === 0 || names.includes(name));
}

/** @param {readonly string[]} args */
function read(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true, default: [] },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (err) {
    throw new Failure(`${err instanceof Error ? err.message : err}\n\n${help}`, "", usageCode);
  }
}

await main(async () => {
  const { only = [], help: asked } = read(process.argv.slice(2));
  if (asked) {
    console.log(help);
    return;
  }
  const names = chosen(only);
  // Form and types need nothing but the packages.
  const running = names.some((name) => name !== "lint" && name !== "types");
  await setup({ addon: running, builds: running ? allBuilds : [], browser: names.includes("e2e") });

  /** @type {{ name: string, passed: boolean, counts: Count, failures: string[], ms: number, note: string }[]} */
  const rows = [];
  for (const name of names) {
    const { args, report, count, failures, says } = /** @type {Step} */ (steps[name]);
    const path = report && join(root, report);
    // A report of an earlier run must not speak for this one.
    if (path) rmSync(path, { force: true });
    console.log(`\n── ${name} ──`);
    const start = performance.now();
    const out = says ? "both" : "shown";
    const { code, output, signal, late } = await run(process.execPath, args, { out, limitMs });
    if (signal !== null) throw new Failure(`Interrupted by ${signal}.`, "", signalled(signal));
    const passed = code === 0;
    const reason = passed ? skippedBecause(output) : undefined;
    rows.push({
      name,
      passed,
      counts: reason === undefined ? tally(passed, path, count) : { passed: 0, failed: 0, skipped: 1 },
      failures: failuresIn(path, failures),
      ms: performance.now() - start,
      note: late ? `stopped after ${seconds(limitMs)}` : (reason ?? ""),
    });
  }

  console.log("");
  for (const { name, passed, counts, failures, ms, note } of rows) {
    const cells = [
      name.padEnd(7),
      passed ? "ok    " : "FAILED",
      seconds(ms).padStart(9),
      `  ${lastLine([counts])}`,
      note && `(${note})`,
    ];
    console.log(cells.join(" ").trimEnd());
    for (const failure of failures) console.log(`        ${failure}`);
  }
  console.log("");
  console.log(lastLine(rows.map((row) => row.counts)));
  process.exitCode = rows.every((row) => row.passed) ? 0 : 1;
});
