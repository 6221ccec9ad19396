// Programs that run in a network namespace of their own, made by conformance/netns-run.sh: with an interface that swallows
// every packet, its own hosts file and its own name server.

import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const script = join(import.meta.dirname, "../../conformance/netns-run.sh");

// An answer may be long: a transcript has a line for each of a thousand steps.
const maxAnswerBytes = 16 * 1024 * 1024;

/** whyNoNamespace says what is missing here for such a namespace, or "". */
export function whyNoNamespace(): string {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root, to make a network namespace";
  const { status, stderr } = spawnSync("bash", [script, "down", "true"], { encoding: "utf8" });
  return status === 0 ? "" : `no network namespace here: ${stderr.trim().split("\n")[0]}`;
}

/**
 * inNamespace runs a Node program with args in a fresh namespace, and gives what it prints, which is JSON. hosts are
 * further lines of its hosts file.
 */
export async function inNamespace(
  program: string,
  args: readonly string[],
  { hosts = [], timeoutMs }: { hosts?: readonly string[]; timeoutMs: number },
): Promise<unknown> {
  // The hosts file in the namespace is a file of its own, mounted over the system's.
  const prepare = 'printf "%s" "$0" >> /etc/hosts; exec "$@"';
  const lines = hosts.map((line) => `${line}\n`).join("");
  const command = ["bash", "-c", prepare, lines, process.execPath, program, ...args];
  const { stdout } = await promisify(execFile)("bash", [script, "up", ...command], {
    timeout: timeoutMs,
    maxBuffer: maxAnswerBytes,
  });
  return JSON.parse(stdout);
}
