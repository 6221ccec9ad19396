// Runs the programs of native/testing/stress.mjs, and then the addon's own tests, with the addon under the address, leak
// and undefined behaviour sanitizers. It fails if one of them does, and on any report. With names (node scripts/asan.mjs
// reuse churn) only those programs run.
//
// Node itself is the ordinary one. The sanitizer's library has to be the first one in the process, hence LD_PRELOAD.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addonPath, buildAddon, isFresh } from "./addon.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const stress = join(root, "native", "testing", "stress.mjs");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const tests = [
  "errno",
  "fd",
  "interfaces",
  "message",
  "misuse",
  "multicast",
  "raw",
  "rights",
  "sockaddr",
  "socket",
  "sockopt",
].map((name) => `native/${name}.test.ts`);

// Enough for every way to end a worker to be met; instrumented code is slow.
const terminations = "50";

// findLibrary gives the address sanitizer's library, or the reason why there is none.
function findLibrary() {
  if (process.platform !== "linux") return { reason: "the sanitizers are preloaded only on Linux" };
  const paths = [];
  for (const name of ["libasan.so", "libubsan.so"]) {
    let path;
    try {
      path = execFileSync("gcc", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
    } catch {
      return { reason: "gcc is not installed" };
    }
    // gcc repeats the bare name of a library it does not have.
    if (!existsSync(path)) return { reason: `gcc has no ${name}` };
    paths.push(path);
  }
  return { library: paths[0] };
}

function main() {
  const { library, reason } = findLibrary();
  if (reason) {
    console.log(`asan: skipped, ${reason}`);
    return 0;
  }
  const options = { asan: true };
  if (!isFresh(options)) buildAddon(options);

  const reports = mkdtempSync(join(tmpdir(), "gonet-asan-"));
  try {
    const run = (args, leaks) => {
      const log = `log_path=${join(reports, "report")}`;
      const { status, signal } = spawnSync(process.execPath, args, {
        cwd: root,
        stdio: "inherit",
        env: {
          ...process.env,
          GONET_ADDON: addonPath(options),
          GONET_TERMINATIONS: terminations,
          LD_PRELOAD: library,
          ASAN_OPTIONS: `detect_leaks=${leaks}:detect_stack_use_after_return=1:${log}`,
          UBSAN_OPTIONS: `print_stacktrace=1:${log}`,
        },
      });
      return status === 0 ? "" : (signal ?? `exit code ${status}`);
    };
    const names = process.argv.slice(2);
    const failures = [run(["--expose-gc", stress, ...names], 1)];
    // The test runner has native parts of its own that leak, so leaks are looked for above only.
    if (names.length === 0) failures.push(run([vitest, "run", ...tests], 0));

    const failed = failures.find((reason) => reason !== "");
    const found = readdirSync(reports).map((name) => readFileSync(join(reports, name), "utf8"));
    for (const report of found) console.error(report);
    if (found.length > 0 || failed) {
      console.error(`asan: failed with ${found.length} reports${failed ? `, ${failed}` : ""}`);
      return 1;
    }
    console.log("asan: no report, no leak");
    return 0;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

process.exitCode = main();
