// Running other programs on behalf of the scripts: quietly while all is well, with the end of their output when not.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** root is the folder of the checkout. Every script works from there, wherever it was started. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** tailLines is how much of a failed program's output is shown: enough for a compiler's first error. */
const tailLines = 40;

/** graceMs is how long a program that was told to end may take before it is killed. */
const graceMs = 5_000;

/** Failure is an expected way to fail: one sentence for the reader, and the end of a program's output if there is one. */
export class Failure extends Error {
  /**
   * @param {string} sentence
   * @param {string} [output]
   * @param {number} [exitCode]
   */
  constructor(sentence, output = "", exitCode = 1) {
    super(sentence);
    this.name = "Failure";
    this.output = output;
    this.exitCode = exitCode;
  }
}

/**
 * seconds writes a duration the way every script prints it.
 * @param {number} ms
 */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * run starts a program in the checkout, in a process group of its own, and waits for it. SIGINT, SIGTERM and SIGHUP
 * that reach this process meanwhile go on to the whole group, once each, and so does the time limit.
 *
 * Its output goes to our own ("shown"), is collected in `output` ("kept"), or both; only what is not kept knows about
 * a terminal. If it could not be started, `code` is 127 and `output` says why.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ out: "shown" | "kept" | "both", limitMs: number, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ code: number, output: string, signal: NodeJS.Signals | null, late: boolean }>}
 */
export function run(command, args, { out, limitMs, env = process.env }) {
  return new Promise((resolve) => {
    /** @type {NodeJS.Signals | null} */
    let signal = null;
    let late = false;
    /** @type {NodeJS.Timeout | undefined} */
    let kill;
    /** @param {NodeJS.Signals} name */
    const send = (name) => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, name);
      } catch {
        // The group is gone already: nothing is left to tell.
      }
    };
    /** @param {NodeJS.Signals} name */
    const end = (name) => {
      send(name);
      kill ??= setTimeout(send, graceMs, "SIGKILL");
    };
    /** @param {NodeJS.Signals} name */
    const pass = (name) => {
      // npm forwards what the terminal has already sent to everybody; the group must hear it once.
      if (signal !== null) return;
      signal = name;
      end(name);
    };
    // Before the program starts, or a signal in between would end us and leave it running.
    for (const name of passed) process.on(name, pass);
    const limit = setTimeout(() => {
      late = true;
      end("SIGTERM");
    }, limitMs);

    const child = spawn(command, args, {
      cwd: root,
      env,
      detached: true,
      stdio: ["ignore", out === "shown" ? "inherit" : "pipe", out === "shown" ? "inherit" : "pipe"],
    });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout?.on("data", (b) => chunks.push(b));
    child.stderr?.on("data", (b) => chunks.push(b));
    if (out === "both") {
      child.stdout?.pipe(process.stdout, { end: false });
      child.stderr?.pipe(process.stderr, { end: false });
    }

    /** @param {number} code */
    const done = (code) => {
      clearTimeout(limit);
      clearTimeout(kill);
      for (const name of passed) process.off(name, pass);
      resolve({ code, output: Buffer.concat(chunks).toString(), signal, late });
    };
    child.on("error", (err) => {
      chunks.push(Buffer.from(`${err.message}\n`));
      done(127);
    });
    child.on("close", (code) => done(code ?? 1));
  });
}

/** @type {readonly NodeJS.Signals[]} */
const passed = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * signalled is the exit code of a program that ended because of a signal, as shells count it.
 * @param {NodeJS.Signals} signal
 */
export function signalled(signal) {
  return 128 + constants.signals[signal];
}

/**
 * must runs a program quietly and returns its output.
 * If it fails, takes longer than limitMs, or this process is told to end, it throws a Failure with the sentence.
 *
 * @param {string} sentence
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ limitMs: number, env?: NodeJS.ProcessEnv }} options
 */
export async function must(sentence, command, args, { limitMs, env }) {
  const { code, output, signal, late } = await run(command, args, { out: "kept", limitMs, env });
  if (signal !== null) throw new Failure(`Interrupted by ${signal}.`, "", signalled(signal));
  if (late) throw new Failure(`${sentence} (It was stopped after ${seconds(limitMs)}.)`, output);
  if (code !== 0) throw new Failure(sentence, output);
  return output;
}

/**
 * step does one piece of set-up and says so in one line with its duration, on stderr, so that stdout stays free for
 * the program that is started afterwards.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const start = performance.now();
  process.stderr.write(`${name} … `);
  try {
    const result = await work();
    process.stderr.write(`${seconds(performance.now() - start)}\n`);
    return result;
  } catch (err) {
    process.stderr.write("failed\n");
    throw err;
  }
}

/**
 * main runs a script's body and turns what it throws into an exit code: a Failure is its output's tail and its
 * sentence, anything else is a mistake of ours and shows its stack.
 *
 * @param {() => Promise<void>} body
 */
export async function main(body) {
  try {
    await body();
  } catch (err) {
    if (!(err instanceof Failure)) throw err;
    const tail = err.output.trimEnd().split("\n").slice(-tailLines).join("\n");
    if (tail !== "") process.stderr.write(`${tail}\n\n`);
    process.stderr.write(`${err.message}\n`);
    process.exitCode = err.exitCode;
  }
}
