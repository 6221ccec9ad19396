// The soak: many clients with all operations, over a network of which a link is cut now and then; then everything has to
// be as it was. scripts/soak.mjs builds and starts it.

import { mkdirSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Child } from "../bench/child.mjs";
import { Chaos, type Cut } from "../src/testing/chaos.js";
import { pass, within } from "../src/testing/checking.js";
import { Random } from "../src/testing/wirerandom.js";
import type { Plan, Progress } from "./clients.js";
import type { Delay, Held } from "./gateway.js";
import type { Targets } from "./orders.js";
import { median, type Sample, slope } from "./report.js";

const usage = `npm run soak -- [options]

  --minutes <n>   how long; 60
  --clients <n>   clients, each with a session of its own; 200
  --cuts <n>      links that are cut in a second; 1
  --pause <ms>    between two operations of a client, on average; 2700
  --seed <n>      for everything that is random; a new one
  --only <names>  operations, with commas
  --json <file>   where the report goes; soak/results/<time>.json
  --heap <folder> heap snapshots of the gateway at every quiet moment, for who looks for a leak

The memory is measured now and then while nobody begins anything. Its slope is judged in a run of 20 minutes or more,
without the first 10. Exit code 0 if everything held.`;

const kinds: readonly Cut[] = ["reset", "end", "blackhole", "halfOpen", "deaf"];
const niceness = 10;
const maxCutBytes = 16 * 1024;
const tellMs = 200;
const lateMs = 3_000; // what was on its way over a half-open link comes within that
const lineMs = 20_000;
const quietEveryMs = 90_000;
// At a quiet moment the last acknowledgements and ends come, until so many samples in a row are alike.
const calmMs = 500;
const calmSamples = 4;
const maxSamples = 40;
const alikeBytes = 128 * 1024;
const warmUpMs = 10 * 60_000;
const judgedFromMs = 20 * 60_000;
const msPerHour = 3_600_000;
const maxSlope = 1e6; // bytes per hour
// What may stay when the clients are gone: compiled code, tables that found their size.
const maxGrowth = 8 * 1024 * 1024;
const settleMs = 60_000;
const finishMs = 300_000;
const processes = 2;
const usageCode = 2;

interface Options {
  readonly minutes: number;
  readonly clients: number;
  readonly cuts: number;
  readonly pauseMs: number;
  readonly seed: number;
  readonly only: readonly string[];
  readonly json: string;
  readonly heap: string | null;
}

function read(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "60" },
      clients: { type: "string", default: "200" },
      cuts: { type: "string", default: "1" },
      pause: { type: "string", default: "2700" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
      only: { type: "string" },
      json: { type: "string" },
      heap: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const number = (name: "minutes" | "clients" | "cuts" | "pause" | "seed"): number => {
    const n = Number(values[name]);
    if (!(n >= 0) || !Number.isFinite(n)) throw new Error(`--${name} wants a number, not "${values[name]}"`);
    return n;
  };
  return {
    minutes: number("minutes"),
    clients: number("clients"),
    cuts: number("cuts"),
    pauseMs: number("pause"),
    seed: number("seed"),
    only: values.only?.split(",") ?? [],
    heap: values.heap ?? null,
    json: values.json ?? `soak/results/${new Date().toISOString().replaceAll(":", "-")}.json`,
  };
}

// Cutter cuts the link of somebody now and then, at a random byte.
class Cutter {
  readonly #chaos: Chaos;
  readonly #random: Random;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isResting = false;
  #telling: NodeJS.Timeout | undefined;
  readonly made: Record<Cut, number> = { reset: 0, end: 0, blackhole: 0, halfOpen: 0, deaf: 0 };

  constructor(chaos: Chaos, seed: number, perSecond: number) {
    this.#chaos = chaos;
    this.#random = new Random(seed);
    if (perSecond > 0) this.#timers.add(setInterval(() => this.#cut(), 1000 / perSecond));
  }

  #cut(): void {
    if (this.#isResting) return;
    const whole = this.#chaos.through.filter((through) => !through.isCut);
    if (whole.length === 0) return;
    const through = this.#random.pick(whole);
    const how = this.#random.pick(kinds);
    this.made[how]++;
    through.cutAfter(1 + this.#random.below(maxCutBytes), how);
    this.#later(lateMs, () => {
      if (!through.isCut) through.cut(how); // too little passed
      if (how === "halfOpen" || how === "deaf")
        this.#later(this.#random.below(lateMs), () => through.release());
    });
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  /** rest cuts nothing until it is called with false. */
  rest(isResting: boolean): void {
    this.#isResting = isResting;
    clearInterval(this.#telling);
    if (isResting) this.#telling = setInterval(() => this.#tell(), tellMs);
  }

  /** stop cuts no more. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#tell();
  }

  // #tell lets those know whose links swallow everything: else they would find out in half a minute.
  #tell(): void {
    for (const through of this.#chaos.through) {
      if (through.isCut) through.cut("reset");
    }
  }

  get total(): number {
    return Object.values(this.made).reduce((sum, n) => sum + n, 0);
  }
}

function together(all: readonly Progress[]): Progress {
  const sum = (of: (p: Progress) => number): number => all.reduce((n, p) => n + of(p), 0);
  const done: Record<string, number> = {};
  for (const p of all) for (const [name, n] of Object.entries(p.done)) done[name] = (done[name] ?? 0) + n;
  return {
    done,
    failures: all.flatMap((p) => p.failures),
    failed: sum((p) => p.failed),
    bytes: sum((p) => p.bytes),
    datagrams: sum((p) => p.datagrams),
    lostDatagrams: sum((p) => p.lostDatagrams),
    resumes: sum((p) => p.resumes),
    sessions: sum((p) => p.sessions),
    outagesMs: all.flatMap((p) => p.outagesMs),
    slowest: all.map((p) => p.slowest).reduce((a, b) => (a.ms > b.ms ? a : b)),
    cpuMicros: sum((p) => p.cpuMicros),
    rss: sum((p) => p.rss),
  };
}

const operationsOf = (p: Progress): number => Object.values(p.done).reduce((sum, n) => sum + n, 0);
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

// settled waits until the gateway holds no more than it did; it gives what it holds in the end.
async function settled(held: () => Promise<Held>, before: Held): Promise<Held> {
  const end = performance.now() + settleMs;
  for (;;) {
    const now = await held();
    const isBack =
      now.descriptors <= before.descriptors && now.sockets <= before.sockets && now.files <= before.files;
    if (isBack || performance.now() > end) return now;
    await pass(500);
  }
}

// calm waits until what the gateway holds does not change any more.
async function calm(held: () => Promise<Held>): Promise<Held> {
  const alike = [await held()];
  for (let i = 0; i < maxSamples && alike.length < calmSamples; i++) {
    await pass(calmMs);
    const now = await held();
    if (Math.abs(now.js - (alike[0] as Held).js) > alikeBytes) alike.length = 0;
    alike.push(now);
  }
  return alike.at(-1) as Held;
}

async function soak(options: Options): Promise<boolean> {
  const { minutes, clients, cuts, pauseMs, seed } = options;
  const beside = (name: string): URL => new URL(`./${name}.js`, import.meta.url);
  const chaos = await Chaos.start(seed);
  const targets = new Child(beside("targets"));
  const gateway = new Child(beside("gateway"), [], ["--expose-gc"]);
  const parts = Array.from({ length: processes }, () => new Child(beside("clients")));
  const all = [targets, gateway, ...parts];
  const deaths: string[] = [];
  let isEnding = false;
  for (const [i, { process: child }] of all.entries()) {
    child.on("exit", (code, signal) => {
      if (!isEnding)
        deaths.push(`process ${["targets", "gateway"][i] ?? "clients"} ended (${signal ?? code})`);
    });
  }
  try {
    const at: Targets = await targets.ask("start");
    const { url, token } = await gateway.ask("start", [`127.0.0.1:${chaos.port}`], at.dns);
    chaos.target = Number(new URL(url).port);
    const through = new URL(url);
    through.port = String(chaos.port);
    const held = (): Promise<Held> => gateway.ask("held");
    const plan = { url: through.href, token, targets: at, seed, pauseMs, only: options.only };

    say(`soak: ${clients} clients, ${minutes} minutes, ${cuts} cuts a second, seed ${seed}`);
    // Each operation once, undisturbed: what is made at the first use belongs to the baseline.
    await parts[0]?.ask("tryAll", { ...plan, first: -1, count: 1 } satisfies Plan);
    const baseline = await settled(held, { ...(await held()), sockets: 0, files: 0 });

    const startedAt = performance.now();
    const ownBefore = ownMicros();
    const count = Math.ceil(clients / processes);
    for (const [i, part] of parts.entries()) {
      const first = i * count;
      await part.ask("start", { ...plan, first, count: Math.min(count, clients - first) } satisfies Plan);
    }
    const cutter = new Cutter(chaos, seed + 1, cuts);
    const js: Sample[] = [];
    const rss: Sample[] = [];
    const ask = (job: string) => Promise.all(parts.map((part) => part.ask(job)));
    const totalMs = minutes * 60_000;
    const passedMs = (): number => performance.now() - startedAt;
    let told = 0; // of the failures
    for (let quietAt = quietEveryMs; passedMs() < totalMs && deaths.length === 0; ) {
      await pass(Math.min(lineMs, Math.max(0, totalMs - passedMs())));
      let now: Held | null = null;
      if (passedMs() > quietAt) {
        cutter.rest(true);
        await within(finishMs, "a quiet moment", ask("quiet"));
        now = await calm(held);
        if (options.heap !== null) await gateway.ask("snapshot", resolve(options.heap));
        js.push({ ms: passedMs(), value: now.js });
        rss.push({ ms: passedMs(), value: now.rss });
        await ask("loud");
        cutter.rest(false);
        quietAt += quietEveryMs;
      }
      const busy: Held = now ?? (await held());
      const progress = together(await ask("progress"));
      const { cpuMicros: targetsUsed }: { cpuMicros: number } = await targets.ask("usage");
      const cpu =
        (busy.cpuMicros - baseline.cpuMicros + progress.cpuMicros + targetsUsed + ownMicros() - ownBefore) /
        passedMs() /
        1000;
      say(
        `${(passedMs() / 60_000).toFixed(1)} min  ${operationsOf(progress)} operations, ${progress.failed} failed, ` +
          `${cutter.total} cuts, ${progress.resumes} resumed, ${mib(progress.bytes)} moved; gateway${now ? ", quiet," : ""} ` +
          `${mib(busy.js)}, RSS ${mib(busy.rss)}, ${busy.descriptors} descriptors; ${(100 * cpu).toFixed(0)} % of a core`,
      );
      // Each is told when it is known: an hour is long.
      for (const failure of progress.failures.slice(told)) say(`FAILED  ${failure}`);
      told = Math.max(told, progress.failures.length);
    }
    const delay: Delay = await gateway.ask("late");
    const lastedMs = passedMs();
    cutter.stop();
    const progress = together(await within(finishMs, "finishing", ask("finish")));
    const end = await settled(held, baseline);
    const report = judge({ options, lastedMs, progress, cutter, baseline, end, js, rss, delay, deaths });
    mkdirSync(dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    for (const line of report.text) say(line);
    say(options.json);
    return report.broken.length === 0;
  } finally {
    isEnding = true;
    await Promise.all(all.map((child) => child.stop()));
    await chaos.close();
  }
}

function ownMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

interface Seen {
  readonly options: Options;
  readonly lastedMs: number;
  readonly progress: Progress;
  readonly cutter: Cutter;
  readonly baseline: Held;
  readonly end: Held;
  readonly js: readonly Sample[];
  readonly rss: readonly Sample[];
  readonly delay: Delay;
  readonly deaths: readonly string[];
}

function judge(seen: Seen) {
  const { options, lastedMs, progress, cutter, baseline, end, js, rss, delay, deaths } = seen;
  const isJudged = lastedMs >= judgedFromMs;
  const slopeOf = (samples: readonly Sample[]): number =>
    slope(samples.filter(({ ms }) => !isJudged || ms >= warmUpMs)) * msPerHour;
  const [jsSlope, rssSlope] = [slopeOf(js), slopeOf(rss)];
  const growth = end.js - baseline.js;
  const broken = [...deaths];
  if (progress.failed > 0) broken.push(`${progress.failed} operations failed`);
  if (operationsOf(progress) === 0) broken.push("nothing was done");
  if (options.cuts > 0 && progress.resumes === 0) broken.push("no session was taken up again");
  for (const what of ["descriptors", "sockets", "files"] as const) {
    if (end[what] > baseline[what])
      broken.push(`the gateway keeps ${end[what]} ${what}, ${baseline[what]} before`);
  }
  if (isJudged && jsSlope > maxSlope) broken.push(`the gateway's memory grows by ${mib(jsSlope)} in an hour`);
  if (growth > maxGrowth) broken.push(`without clients the gateway's memory grew by ${mib(growth)}`);
  const seconds = lastedMs / 1000;
  const text = [
    "",
    `operations   ${operationsOf(progress)} (${(operationsOf(progress) / seconds).toFixed(0)} a second), ${progress.failed} failed; slowest: ${progress.slowest.name}, ${(progress.slowest.ms / 1000).toFixed(1)} s`,
    ...Object.entries(progress.done).map(([name, n]) => `             ${String(n).padStart(7)}  ${name}`),
    `moved        ${mib(progress.bytes)}`,
    `datagrams    ${progress.datagrams}, ${progress.lostDatagrams} lost`,
    `cuts         ${cutter.total} (${Object.entries(cutter.made)
      .map(([how, n]) => `${n} ${how}`)
      .join(", ")})`,
    `sessions     ${progress.sessions}, taken up again ${progress.resumes} times, after ${median(progress.outagesMs).toFixed(0)} ms at the median, ${Math.max(0, ...progress.outagesMs).toFixed(0)} ms at most`,
    `gateway      before / after: descriptors ${baseline.descriptors} / ${end.descriptors}, native sockets ${baseline.sockets} / ${end.sockets}, files ${baseline.files} / ${end.files}, heap and buffers ${mib(baseline.js)} / ${mib(end.js)}, RSS ${mib(baseline.rss)} / ${mib(end.rss)}`,
    `memory       heap and buffers ${mib(jsSlope)} in an hour, RSS ${mib(rssSlope)} in an hour${isJudged ? "" : " (not judged: too short)"}`,
    `             measured ${js.length} times, after garbage was collected, while nobody began anything and ${options.clients} sessions were open; the slope is the median of the slopes between any two${isJudged ? " after the first ten minutes" : ""} (Theil and Sen)`,
    `event loop   late by ${delay.p50.toFixed(1)} ms at the median, ${delay.p99.toFixed(1)} ms at the 99th percentile, ${delay.max.toFixed(0)} ms at most`,
    ...progress.failures.map((failure) => `FAILED       ${failure}`),
    ...broken.map((what) => `BROKEN       ${what}`),
    broken.length === 0 ? "soak: everything held" : `soak: failed, seed ${options.seed}`,
  ];
  const { made } = cutter;
  const slopes = { js: jsSlope, rss: rssSlope, unit: "bytes per hour", isJudged };
  return {
    options,
    lastedMs,
    broken,
    slopes,
    growth,
    progress,
    cuts: made,
    baseline,
    end,
    delay,
    js,
    rss,
    text,
  };
}

let options: Options | null = null;
try {
  options = read(process.argv.slice(2));
  if (options === null) say(usage);
} catch (err) {
  process.stderr.write(`${(err as Error).message}\n\n${usage}\n`);
  process.exitCode = usageCode;
}
if (options !== null) {
  setPriority(niceness);
  process.exitCode = (await soak(options)) ? 0 : 1;
}
