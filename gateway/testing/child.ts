// Running gateway code in a process of its own: what ends a process must not end the tests.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

const root = join(import.meta.dirname, "..", "..");

// Program is an entry that was built.
export interface Program {
  readonly path: string;
  remove(): void;
}

// bundle builds a TypeScript file of this folder into a program that Node can start. It lies below node_modules, so that
// the packages it imports are found.
export async function bundle(entry: string): Promise<Program> {
  const outDir = mkdtempSync(join(root, "node_modules", ".gonet-test-"));
  await build({
    root,
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["gonet-source", "node", "module"] },
    build: {
      ssr: true,
      lib: { entry: { program: join(import.meta.dirname, entry) }, formats: ["es"] },
      outDir,
      target: "node20",
      minify: false,
    },
    ssr: { noExternal: ["msgpackr"] },
  });
  return { path: join(outDir, "program.js"), remove: () => rmSync(outDir, { recursive: true, force: true }) };
}

// Child is a process that was started, with what it has written so far.
export class Child {
  readonly process: ChildProcess;
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = "";
  stderr = "";
  readonly #watchers = new Set<() => void>();

  constructor(path: string, args: readonly string[] = []) {
    this.process = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.process.stdout?.on("data", (chunk) => {
      this.stdout += chunk;
      for (const watch of this.#watchers) watch();
    });
    this.process.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
    });
    this.exit = once(this.process, "close").then(([code, signal]) => ({ code, signal }));
  }

  // line waits for the text that pattern finds on stdout. It rejects if the process ends before.
  async line(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const watch = () => {
        const found = pattern.exec(this.stdout)?.[0];
        if (found === undefined) return;
        this.#watchers.delete(watch);
        resolve(found);
      };
      this.#watchers.add(watch);
      void this.exit.then(() => reject(new Error(`the process ended; it said: ${this.stderr}`)));
      watch();
    });
  }

  // end kills the process, if it still runs, and waits for it.
  async end(): Promise<void> {
    if (this.process.exitCode === null) this.process.kill("SIGKILL");
    await this.exit;
  }
}
