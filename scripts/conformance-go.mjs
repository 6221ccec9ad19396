// npm run conformance:go: has Go itself rebuild every expectation of conformance/, and looks for a difference. With names
// (npm run conformance:go -- vectors lookups) only those parts run.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, main, must, root, run, seconds } from "./process.mjs";
import { setup } from "./setup.mjs";

/** Limits: a compiler on a busy machine, and the scenarios, many of which wait for deadlines. */
const buildLimitMs = 300_000;
const runLimitMs = 600_000;

/** shownDifferences is how many of them are printed for each part. */
const shownDifferences = 10;

/** failedCode is the exit code when something differs or cannot run, usageCode that for a wrong command line. */
const failedCode = 1;
const usageCode = 2;

const conformance = join(root, "conformance");
const namespace = "netns-run.sh";

// As the recordings were made: without C libraries, and by the Go that is here rather than one that it fetches.
const env = { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOPROXY: "off" };

/**
 * Tools are the parts of the tests that are needed here; they are TypeScript.
 * @typedef {typeof import("../conformance/go/differences.js")
 *   & Pick<typeof import("../src/testing/namespace.js"), "whyNoNamespace">} Tools
 */

/**
 * Result is what a part found: how much it looked at, and the differences.
 * @typedef {{ about: string, differences: readonly string[] }} Result
 */

/**
 * Part rebuilds some of the expectations in the scratch folder and compares them.
 * @typedef {{ live: boolean, check: (scratch: string, tools: Tools) => Promise<Result> }} Part
 */

/** parts are live where they need a network namespace. @type {Record<string, Part>} */
const parts = {
  vectors: { live: false, check: vectors },
  "transcripts-open": { live: true, check: openTranscripts },
  "transcripts-more": { live: true, check: moreTranscripts },
  lookups: { live: true, check: lookups },
};

/** @param {string} path */
function readJSON(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/**
 * compile builds a package of a module below conformance/ and gives the program.
 * @param {string} scratch
 * @param {string} module
 * @param {string} pkg
 */
async function compile(scratch, module, pkg) {
  const program = join(scratch, "program");
  // Go looks for the module where it is started; its option to start elsewhere came with 1.20.
  const build = 'cd "$0" && exec go build -o "$1" "$2"';
  const args = ["-c", build, join(conformance, module), program, pkg];
  await must(`Go cannot compile conformance/${module}.`, "bash", args, { limitMs: buildLimitMs, env });
  return program;
}

/**
 * inNamespace runs a command of bash, with its arguments, where the scenarios are run.
 * @param {string} mode
 * @param {string} command
 * @param {readonly string[]} args
 */
async function inNamespace(mode, command, args) {
  const all = [join(conformance, namespace), mode, "bash", "-c", command, ...args];
  await must("Go's program failed.", "bash", all, { limitMs: runLimitMs, env });
}

/** @type {Part["check"]} */
async function vectors(scratch) {
  const program = await compile(scratch, "go", "./vectors");
  // The program refuses by itself to ask a name server; root can leave the network altogether.
  const away = process.getuid?.() === 0 ? ["unshare", "-n"] : [];
  const [command = "", ...args] = [...away, program, join(conformance, "vectors-open.json")];
  const { code, output } = await run(command, args, { out: "kept", limitMs: runLimitMs, env });
  const lines = output.trimEnd().split("\n");
  // The program compares by itself, and its last line is the sum.
  const about = lines.pop() ?? "";
  if (!/^\d+ vectors/.test(about)) throw new Failure("The vectors cannot be recomputed.", output);
  return { about, differences: code === 0 ? [] : lines.join("\n").split(/\n(?! ?got |want )/) };
}

/** @type {Part["check"]} */
async function openTranscripts(scratch, { transcriptDifferences }) {
  const program = await compile(scratch, "go", ".");
  const { scenarios } = readJSON(join(conformance, "transcripts-open.json"));
  const rebuilt = {};
  for (const mode of ["up", "down"]) {
    const out = join(scratch, `${mode}.json`);
    await inNamespace(mode, 'exec "$0" "$@"', [program, "-dns", mode, out]);
    Object.assign(rebuilt, readJSON(out));
  }
  return { about: scenarioCount(scenarios), differences: transcriptDifferences(scenarios, rebuilt) };
}

/** @type {Part["check"]} */
async function moreTranscripts(scratch, { transcriptDifferences }) {
  const program = await compile(scratch, "oracle", ".");
  const { scenarios } = readJSON(join(conformance, "transcripts-more.json"));
  const out = join(scratch, "more.json");
  await inNamespace("up", 'exec "$0" > "$1"', [program, out]);
  const rebuilt = readJSON(out).scenarios;
  return { about: scenarioCount(scenarios), differences: transcriptDifferences(scenarios, rebuilt) };
}

/** @param {Record<string, { lines: readonly string[] }>} scenarios */
function scenarioCount(scenarios) {
  const lines = Object.values(scenarios).reduce((sum, scenario) => sum + scenario.lines.length, 0);
  return `${Object.keys(scenarios).length} scenarios, ${lines} lines`;
}

/** @type {Part["check"]} */
async function lookups(scratch, { answerDifferences }) {
  // The recording writes beside itself, so it runs in a copy.
  const copy = join(scratch, "conformance");
  mkdirSync(copy);
  for (const name of ["lookups", namespace, "fakedns.mjs"]) {
    cpSync(join(conformance, name), join(copy, name), { recursive: true });
  }
  const answers = join(copy, "lookups", "answers.json");
  rmSync(answers);
  await must("The lookups cannot be recorded.", "bash", [join(copy, "lookups", "record.sh")], {
    limitMs: runLimitMs,
    env,
  });
  const recorded = readJSON(join(conformance, "lookups", "answers.json"));
  const calls = Object.values(recorded).flat().length;
  const about = `${Object.keys(recorded).length} setups, ${calls} calls`;
  return { about, differences: answerDifferences(recorded, readJSON(answers)) };
}

/**
 * chosen gives the names of the parts to run.
 * @param {readonly string[]} names
 */
function chosen(names) {
  const unknown = names.find((name) => !(name in parts));
  if (unknown !== undefined) {
    const all = Object.keys(parts).join(", ");
    throw new Failure(`There is no part "${unknown}"; there are ${all}.`, "", usageCode);
  }
  return Object.keys(parts).filter((name) => names.length === 0 || names.includes(name));
}

/** whyNot says why nothing can be rebuilt here, or "". */
function whyNot() {
  if (process.platform !== "linux") return "the expectations are those of Go on Linux";
  return spawnSync("go", ["version"], { env }).status === 0 ? "" : "Go is not installed";
}

/** @returns {Promise<Tools>} */
async function tools() {
  await setup({ addon: false });
  const { runnerImport } = await import("vite");
  const modules = ["conformance/go/differences.ts", "src/testing/namespace.ts"].map(async (file) => {
    return (await runnerImport(join(root, file), { root, configFile: false, logLevel: "error" })).module;
  });
  return Object.assign({}, ...(await Promise.all(modules)));
}

/**
 * check runs a part in a folder of its own, says in one line what came out, and reports whether it is as recorded.
 * @param {string} name
 * @param {Tools} tools
 */
async function check(name, tools) {
  const { live, check } = /** @type {Part} */ (parts[name]);
  const reason = live ? tools.whyNoNamespace() : "";
  if (reason !== "") {
    console.log(`${name}: skipped, ${reason}`);
    return true;
  }
  const scratch = mkdtempSync(join(tmpdir(), "gonet-go-"));
  const start = performance.now();
  const took = () => seconds(performance.now() - start);
  try {
    const { about, differences } = await check(scratch, tools);
    const found = differences.length === 0 ? "no difference" : `${differences.length} DIFFER`;
    console.log(`${name}: ${found} (${about}), ${took()}`);
    for (const text of differences.slice(0, shownDifferences)) console.log(text.replace(/^/gm, "  "));
    return differences.length === 0;
  } catch (err) {
    // One part that cannot run leaves the others their turn; being told to end does not.
    if (!(err instanceof Failure) || err.exitCode !== failedCode) throw err;
    console.log(`${name}: FAILED, ${took()}\n${err.output.trimEnd()}\n${err.message}`);
    return false;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main(async () => {
  const names = chosen(process.argv.slice(2));
  const reason = whyNot();
  if (reason !== "") {
    console.log(`conformance: skipped, ${reason}`);
    return;
  }
  const needed = await tools();
  let same = true;
  for (const name of names) same = (await check(name, needed)) && same;
  if (!same) process.exitCode = failedCode;
});
