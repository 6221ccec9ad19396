// Processes of the benchmark, and questions to them: every part that is measured runs in a process of its own, as it
// would in use.
import { fork } from "node:child_process";
import { once } from "node:events";

/** endMs is how long a process that was told to end may take. */
const endMs = 3_000;

/** Child is a process that answers questions. */
export class Child {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (err: Error) => void }>} */
  #asked = new Map();
  #count = 0;

  /**
   * @param {URL} program
   * @param {readonly string[]} [args]
   * @param {readonly string[]} [nodeArgs] options of Node itself
   */
  constructor(program, args = [], nodeArgs = []) {
    this.process = fork(program, args, {
      execArgv: [...nodeArgs],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.process.on("message", (/** @type {any} */ { id, value, error }) => {
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (error === undefined) asked?.resolve(value);
      else asked?.reject(new Error(error));
    });
    this.process.on("exit", (code, signal) => {
      const err = new Error(`${program.pathname} ended (${signal ?? code})`);
      for (const { reject } of this.#asked.values()) reject(err);
      this.#asked.clear();
    });
  }

  /**
   * ask has the process do the named job and resolves to its result.
   * @param {string} job
   * @param {...unknown} args
   * @returns {Promise<any>}
   */
  ask(job, ...args) {
    return new Promise((resolve, reject) => {
      const id = this.#count++;
      this.#asked.set(id, { resolve, reject });
      this.process.send({ id, job, args }, (err) => err && reject(err));
    });
  }

  /** stop ends the process and waits for that. */
  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, "exit");
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), endMs);
    await exit;
    clearTimeout(timer);
  }
}

/**
 * answer makes this process one that answers questions, until whoever started it is gone.
 * @param {Record<string, (...args: any[]) => unknown>} jobs
 */
export function answer(jobs) {
  process.on("message", async (/** @type {any} */ { id, job, args }) => {
    try {
      const value = await jobs[job]?.(...args);
      process.send?.({ id, value });
    } catch (err) {
      process.send?.({ id, error: err instanceof Error ? (err.stack ?? err.message) : String(err) });
    }
  });
  process.on("disconnect", () => process.exit());
  process.on("SIGTERM", () => process.exit());
}

/** usage is the processor time and the memory of this process; for the memory it needs --expose-gc. */
export function usage() {
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system };
}

/** memory is what this process holds after garbage was collected, in bytes. */
export async function memory() {
  // Finalizers run between two collections and free what belongs to the collected objects.
  for (let i = 0; i < collections; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { js: heapUsed + external, rss };
}

const collections = 3;
const settleMs = 50;
