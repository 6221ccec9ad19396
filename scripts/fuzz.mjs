// npm run fuzz: bad frames and bad sequences of frames, made of recorded sessions, for everything that reads the wire.
// See src/testing/fuzz.
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Failure, main, root, seconds } from "./process.mjs";
import { setup } from "./setup.mjs";

/**
 * shares are how many of a hundred frames go where. Those for the decoder are the cheapest; the others go through whole
 * sessions.
 */
const shares = { decode: 88, session: 5, client: 4, gateway: 2, library: 1 };

const usualFrames = 50_000_000;
const usageCode = 2;
const progressMs = 10_000;
const corpus = join(root, "src/testing/fuzz/recordings.txt");
const failuresFolder = join(root, "src/testing/fuzz/failures");

/** @typedef {keyof typeof shares} Target */
/** @typedef {{ frames: number, cases: number, outcomes: Record<string, number> }} Tally */
/** @typedef {{ rss: number, grown: number, descriptors: number }} Memory */
/** @typedef {{ tally?: Record<Target, Tally>, memory?: Memory, done?: boolean, failed?: string, case?: string }} Report */

const help = `npm run fuzz -- [options]

  --frames <n>     how many frames; ${usualFrames.toLocaleString("en")}
  --seed <n>       repeats an earlier run; it is printed
  --only <names>   targets, with commas: ${Object.keys(shares).join(", ")}
  --workers <n>    processes; one for each processor
  --replay <file>  tries one case again that failed
  --record         plays the recorded sessions anew, into ${corpus.slice(root.length + 1)}

Of a hundred frames ${Object.entries(shares)
  .map(([name, share]) => `${share} go to ${name}`)
  .join(", ")}:

  decode   the decoder
  session  a gateway's session, its operations played by the fuzzer
  client   a client's session
  gateway  a whole gateway with real sockets, all on loopback, while another client of it goes on echoing
  library  programs that use the library, over a gateway that answers as it likes

What fails is written to a file below ${failuresFolder.slice(root.length + 1)}.`;

function read() {
  try {
    const { values } = parseArgs({
      options: {
        frames: { type: "string", default: String(usualFrames) },
        seed: { type: "string" },
        only: { type: "string", default: Object.keys(shares).join() },
        workers: { type: "string", default: String(availableParallelism()) },
        replay: { type: "string" },
        record: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    const targets = /** @type {Target[]} */ (values.only.split(","));
    const unknown = targets.find((name) => !(name in shares));
    if (unknown !== undefined) throw new Error(`There is no target "${unknown}".`);
    return {
      ...values,
      targets,
      frames: count("frames", values.frames),
      workers: count("workers", values.workers),
      seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed),
    };
  } catch (err) {
    throw new Failure(`${err instanceof Error ? err.message : err}\n\n${help}`, "", usageCode);
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function count(name, text) {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`--${name} needs a number above 0.`);
  return n;
}

/**
 * bundle builds the fuzzer. It lies below node_modules, so that the packages it imports are found.
 * @param {string} outDir
 */
async function bundle(outDir) {
  const { build } = await import("vite");
  await build({
    root,
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["gonet-source", "node", "module"] },
    build: {
      ssr: true,
      lib: { entry: { fuzz: join(root, "src/testing/fuzz/main.ts") }, formats: ["es"] },
      outDir,
      target: "node20",
      minify: false,
    },
    ssr: { noExternal: ["msgpackr"] },
  });
  return join(outDir, "fuzz.js");
}

/**
 * work has a process do a job, and passes on what it reports.
 * @param {string} program
 * @param {object} job
 * @param {(report: Report) => void} onReport
 * @returns {Promise<Report>} its last report
 */
function work(program, job, onReport) {
  return new Promise((resolve) => {
    const child = fork(program, { execArgv: ["--expose-gc"] });
    /** @type {Report} */
    let last = {};
    child.on("message", (/** @type {Report} */ report) => {
      last = report;
      onReport(report);
    });
    child.on("exit", (code, signal) => {
      resolve(last.done || last.failed ? last : { failed: `the process ended: ${signal ?? code}` });
    });
    child.send(job);
  });
}

/**
 * @param {Record<Target, Tally>[]} tallies
 * @returns {[name: string, tally: Tally][]}
 */
function sum(tallies) {
  return /** @type {Target[]} */ (Object.keys(shares)).map((name) => {
    /** @type {Tally} */
    const all = { frames: 0, cases: 0, outcomes: {} };
    // Not every process has reported yet.
    for (const { [name]: one } of tallies.filter((tally) => tally !== undefined)) {
      all.frames += one.frames;
      all.cases += one.cases;
      for (const [outcome, n] of Object.entries(one.outcomes)) {
        all.outcomes[outcome] = (all.outcomes[outcome] ?? 0) + n;
      }
    }
    return [name, all];
  });
}

/** @param {number} n */
const thousands = (n) => n.toLocaleString("en");

/**
 * fuzz runs all workers to their ends, and gives what failed.
 * @param {string} program
 * @param {ReturnType<typeof read>} options
 */
async function fuzz(program, { frames, seed, targets, workers }) {
  console.log(`seed ${seed}, ${thousands(frames)} frames, ${workers} processes`);
  const parts = targets.reduce((n, name) => n + shares[name], 0);
  const started = performance.now();
  /** @type {Record<Target, Tally>[]} */
  const tallies = [];
  /** @type {Memory[]} */
  const memories = [];
  const show = () => {
    const done = sum(tallies).reduce((n, [, { frames }]) => n + frames, 0);
    console.log(`${thousands(done)} frames after ${seconds(performance.now() - started)}`);
  };
  const timer = setInterval(show, progressMs);
  const reports = await Promise.all(
    Array.from({ length: workers }, (_, i) => {
      const share = (/** @type {Target} */ name) =>
        targets.includes(name) ? Math.ceil((frames * shares[name]) / parts / workers) : 0;
      const job = {
        do: "fuzz",
        corpus,
        seed: seed + i,
        frames: Object.fromEntries(
          /** @type {Target[]} */ (Object.keys(shares)).map((name) => [name, share(name)]),
        ),
      };
      return work(program, job, ({ tally, memory }) => {
        if (tally) tallies[i] = tally;
        if (memory) memories[i] = memory;
      });
    }),
  );
  clearInterval(timer);
  show();
  for (const [name, { frames, cases, outcomes }] of sum(tallies)) {
    if (cases === 0) continue;
    const ends = Object.entries(outcomes)
      .sort(([, a], [, b]) => b - a)
      .map(([outcome, n]) => `${outcome} ${thousands(n)}`);
    console.log(
      `${name.padEnd(8)} ${thousands(frames)} frames in ${thousands(cases)} cases: ${ends.join(", ")}`,
    );
  }
  for (const { rss, grown, descriptors } of memories) {
    const mib = (/** @type {number} */ n) => `${(n / 2 ** 20).toFixed(1)} MiB`;
    console.log(`memory ${mib(rss)}, grown by ${mib(grown)}, descriptors by ${descriptors}`);
  }
  return reports;
}

await main(async () => {
  const options = read();
  if (options.help) {
    console.log(help);
    return;
  }
  await setup({});
  const outDir = mkdtempSync(join(root, "node_modules", ".gonet-fuzz-"));
  try {
    const program = await bundle(outDir);
    const one = options.record
      ? { do: "record", corpus }
      : options.replay && { do: "replay", corpus, file: resolve(options.replay) };
    const reports = one ? [await work(program, one, () => {})] : await fuzz(program, options);
    const failures = reports.filter((report) => report.failed);
    for (const [i, failure] of failures.entries()) {
      console.error(failure.failed);
      if (failure.case === undefined) continue;
      mkdirSync(failuresFolder, { recursive: true });
      const file = join(failuresFolder, `${options.seed}-${i}.json`);
      writeFileSync(file, failure.case);
      console.error(`Try it again: npm run fuzz -- --replay ${file.slice(root.length + 1)}`);
    }
    if (failures.length > 0) throw new Failure(`The fuzzer found something, with seed ${options.seed}.`);
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
});
