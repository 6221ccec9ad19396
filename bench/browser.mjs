// A real Chromium with the page of the benchmark in it, started plainly: no debugging protocol.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";

/** startMs is how long a browser may take until its page asks for work, jobMs how long one piece of work may take. */
const startMs = 60_000;
const jobMs = 120_000;
const endMs = 3_000;

const types = { ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript" };

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** PageServer serves the page and hands it its work. */
export class PageServer {
  #server = createServer((request, response) => this.#serve(request, response));
  /** @type {import("node:http").ServerResponse | null} */
  #hungry = null;
  /** @type {{ body: string } | null} */
  #job = null;
  /** @type {{ resolve: (value: any) => void, reject: (err: Error) => void } | null} */
  #waiting = null;
  /** @param {Record<string, string>} folders by the first part of the path */
  constructor(folders) {
    this.folders = folders;
  }

  /** listen resolves to the origin of the page. */
  async listen() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  }

  /**
   * @param {import("node:http").IncomingMessage} request
   * @param {import("node:http").ServerResponse} response
   */
  async #serve(request, response) {
    // Isolated pages have a finer clock.
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cache-Control", "no-store");
    const path = request.url ?? "/";
    if (path === "/next") {
      this.#hungry = response;
      return this.#feed();
    }
    if (path === "/done") {
      let body = "";
      for await (const chunk of request) body += chunk;
      response.end();
      const { value, error } = JSON.parse(body);
      const waiting = this.#waiting;
      this.#waiting = null;
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`in the page: ${error}`));
      return;
    }
    const [, first = "", name = ""] = path.split("/");
    const folder = this.folders[first];
    const file = folder === undefined ? "" : join(folder, name);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.setHeader(
      "Content-Type",
      types[/** @type {keyof types} */ (extname(file))] ?? "application/octet-stream",
    );
    response.end(readFileSync(file));
  }

  #feed() {
    if (this.#hungry === null || this.#job === null) return;
    this.#hungry.setHeader("Content-Type", "application/json");
    this.#hungry.end(this.#job.body);
    this.#hungry = null;
    this.#job = null;
  }

  /**
   * ask has the page do the named job and resolves to its result.
   * @param {string} job
   * @param {...unknown} args
   * @returns {Promise<any>}
   */
  ask(job, ...args) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting = null;
        reject(new Error(`the page did not do ${job} in time`));
      }, jobMs);
      const settle = (/** @type {(value: any) => void} */ done) => (/** @type {any} */ value) => {
        clearTimeout(late);
        done(value);
      };
      this.#waiting = { resolve: settle(resolve), reject: settle(reject) };
      this.#job = { body: JSON.stringify({ job, args }) };
      this.#feed();
    });
  }

  /** ready waits for the page to ask for work. */
  async ready() {
    const end = Date.now() + startMs;
    while (this.#hungry === null) {
      if (Date.now() > end) throw new Error("the browser did not open the page");
      await once(this.#server, "request", { signal: AbortSignal.timeout(startMs) });
    }
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** tickMicros is the unit in which Linux counts the time of a process. */
const tickMicros = 10_000;

/** Where /proc/<pid>/stat has the process group and the four times, behind the name in parentheses. */
const statFields = { group: 2, times: [11, 15] };

/**
 * groupMicros is the processor time of all processes of a group, or null where there is no /proc.
 * @param {number} group
 */
function groupMicros(group) {
  if (!existsSync("/proc/self/stat")) return null;
  let ticks = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(fields[statFields.group]) !== group) continue;
      for (const ticked of fields.slice(...statFields.times)) ticks += Number(ticked);
    } catch {
      // It ended while we looked.
    }
  }
  return ticks * tickMicros;
}

/**
 * openBrowser starts Chromium with url in it. cpuMicros is the time of all its processes, if the system tells.
 * @param {string} program
 * @param {string} url
 */
export function openBrowser(program, url) {
  const profile = mkdtempSync(join(tmpdir(), "gonet-bench-"));
  const browser = spawn(program, [...flags, `--user-data-dir=${profile}`, url], {
    stdio: "ignore",
    detached: true,
  });
  const exit = once(browser, "exit");
  /** @param {NodeJS.Signals} signal */
  const send = (signal) => {
    try {
      if (browser.pid !== undefined) process.kill(-browser.pid, signal); // its own group: all its processes
    } catch {
      // They are gone already.
    }
  };
  const close = async () => {
    send("SIGTERM");
    const timer = setTimeout(() => send("SIGKILL"), endMs);
    await exit;
    clearTimeout(timer);
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  return { close, cpuMicros: () => groupMicros(browser.pid ?? 0) };
}
