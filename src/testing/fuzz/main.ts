// The fuzzer as a process: scripts/fuzz.mjs builds it and starts one for each processor, with a job. What it has to say it
// sends as messages.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { liveSockets } from "../../../native/index.js";
import { Random } from "../wirerandom.js";
import { formatCase, parseCase, type Target } from "./case.js";
import { Found, Fuzz } from "./fuzz.js";
import { recordAll } from "./record.js";

/** Job is what one process does. */
export type Job =
  | { readonly do: "record"; readonly corpus: string }
  | { readonly do: "replay"; readonly corpus: string; readonly file: string }
  | {
      readonly do: "fuzz";
      readonly corpus: string;
      readonly seed: number;
      readonly frames: { readonly [target in Target]: number };
    };

const roundFrames = 20_000; // between two reports
const warmUpRounds = 5;
const maxGrowthBytes = 20 * 1024 * 1024;
const patienceMs = 10_000; // the gateway resets what its clients left behind before that
const settleMs = 1_000;

const text = (err: unknown): string =>
  err instanceof Error
    ? `${err.stack}${err.cause === undefined ? "" : `\ncaused by ${text(err.cause)}`}`
    : String(err);

// heldBytes is what is left in memory after the garbage was collected.
async function heldBytes(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const descriptors = (): number => readdirSync("/proc/self/fd").length;

async function fuzz(job: Extract<Job, { do: "fuzz" }>): Promise<void> {
  Error.stackTraceLimit = 0; // a stack costs more than a frame; who tries a case again sees it
  const fuzz = new Fuzz(job.corpus);
  const random = new Random(job.seed);
  const left = { ...job.frames };
  const total = Object.values(left).reduce((sum, n) => sum + n, 0);
  const rounds = Math.max(1, Math.ceil(total / roundFrames));
  let before: { bytes: number; descriptors: number } | null = null;
  for (let round = 0; round < rounds; round++) {
    for (const target of Object.keys(left) as Target[]) {
      const n = Math.ceil(left[target] / (rounds - round));
      if (n <= 0) continue;
      const had = fuzz.tally[target].frames;
      await fuzz.run(target, n, random);
      left[target] -= fuzz.tally[target].frames - had;
    }
    process.send?.({ tally: fuzz.tally });
    if (round === Math.min(warmUpRounds, rounds - 1)) {
      before = { bytes: await heldBytes(), descriptors: descriptors() };
    }
  }
  const after = { bytes: await heldBytes(), descriptors: descriptors() };
  const grown = after.bytes - (before?.bytes ?? 0);
  process.send?.({
    tally: fuzz.tally,
    memory: {
      rss: process.memoryUsage().rss,
      grown,
      descriptors: after.descriptors - (before?.descriptors ?? 0),
    },
  });
  if (grown > maxGrowthBytes) throw new Error(`memory has grown by ${grown} bytes`);
  await fuzz.close();
  const end = performance.now() + patienceMs;
  while (liveSockets() > 0 && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50));
  if (liveSockets() > 0) throw new Error(`${liveSockets()} sockets are left`);
}

async function replay(job: Extract<Job, { do: "replay" }>): Promise<void> {
  const fuzz = new Fuzz(job.corpus);
  await fuzz.try(parseCase(readFileSync(job.file, "utf8")));
  process.send?.({ tally: fuzz.tally });
  await fuzz.close();
}

// last says the last word, and ends the process whatever is still open in it.
function last(report: object): void {
  process.send?.(report, () => process.exit());
}

// Nobody would hear what it finds.
process.on("disconnect", () => process.exit(1));

process.on("message", async (job: Job) => {
  try {
    if (job.do === "record") writeFileSync(job.corpus, await recordAll());
    else if (job.do === "replay") await replay(job);
    else await fuzz(job);
    last({ done: true });
  } catch (err) {
    last({ failed: text(err), ...(err instanceof Found ? { case: formatCase(err.case) } : {}) });
  }
});
