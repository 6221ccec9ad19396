// A network namespace, made for one program of namespace.mjs and gone with it. Its loopback interface is up.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("namespace.mjs", import.meta.url));
const longest = 20_000;

// noNamespace is the reason why there can be none here, or "".
export const noNamespace =
  process.platform !== "linux"
    ? "only Linux has network namespaces"
    : process.getuid?.() !== 0
      ? "making a network namespace needs root"
      : spawnSync("unshare", ["-n", "ip", "link"]).status !== 0
        ? "unshare or ip does not work here"
        : "";

// inNamespace runs the commands of a shell that lay out the network, then the program with its arguments.
export function inNamespace(layout: string[], ...args: string[]) {
  const lines = ["set -e", "ip link set lo up", ...layout, 'exec "$0" "$@"'].join("\n");
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    ["-n", "sh", "-c", lines, process.execPath, program, ...args],
    { encoding: "utf8", timeout: longest },
  );
  return { status, stdout, stderr };
}
