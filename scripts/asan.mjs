// Runs the programs of native/testing/stress.mjs with the addon under the address, leak and undefined behaviour
// sanitizers: node scripts/asan.mjs [name ...]. It fails if a program does, and on any report.
//
// Node itself is the ordinary one. The sanitizer's library has to be the first one in the process, hence LD_PRELOAD.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addonPath, buildAddon, isFresh } from "./addon.mjs";

const stress = fileURLToPath(new URL("../native/testing/stress.mjs", import.meta.url));

// Enough for every way to end a worker to be met; instrumented code is slow.
const terminations = "50";

// libraries are the sanitizers' own, or the reason why there are none.
function libraries() {
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
  return { paths };
}

function main() {
  const { paths, reason } = libraries();
  if (reason) {
    console.log(`asan: skipped, ${reason}`);
    return 0;
  }
  const options = { asan: true };
  if (!isFresh(options)) buildAddon(options);

  const reports = mkdtempSync(join(tmpdir(), "gonet-asan-"));
  try {
    const log = `log_path=${join(reports, "report")}`;
    const { status, signal } = spawnSync(
      process.execPath,
      ["--expose-gc", stress, ...process.argv.slice(2)],
      {
        stdio: "inherit",
        env: {
          ...process.env,
          GONET_ADDON: addonPath(options),
          GONET_TERMINATIONS: terminations,
          LD_PRELOAD: paths[0],
          ASAN_OPTIONS: `detect_leaks=1:detect_stack_use_after_return=1:${log}`,
          UBSAN_OPTIONS: `print_stacktrace=1:${log}`,
        },
      },
    );
    const found = readdirSync(reports).map((name) => readFileSync(join(reports, name), "utf8"));
    for (const report of found) console.error(report);
    if (found.length > 0 || status !== 0) {
      console.error(`asan: failed with ${found.length} reports, ${signal ?? `exit code ${status}`}`);
      return 1;
    }
    console.log("asan: no report, no leak");
    return 0;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

process.exitCode = main();
