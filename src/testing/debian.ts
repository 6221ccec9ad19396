// Programs of Debian that tests talk to: a real sshd, nginx, dnsmasq. Where one is missing and may be installed, it is; .ci/run
// installs them all beforehand.

import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";

/** installLimitMs is the most that an installation may take. */
export const installLimitMs = 240_000;
// Somebody else may be installing just now: dpkg waits so long for its turn.
const lockSeconds = 180;

// Servers lie in folders that are not on everybody's path.
const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"];

/** program is the path of a program, or null if it is not there. */
export function program(name: string): string | null {
  for (const folder of folders) {
    const path = join(folder || "/", name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/**
 * whyNoProgram makes sure that there is a program, from Debian's package of that name if it has to be installed, and says why there
 * is none, or "".
 */
export function whyNoProgram(name: string, debianPackage: string): string {
  if (program(name) !== null) return "";
  if (!existsSync("/etc/debian_version")) return `${name} is not installed`;
  if (process.getuid?.() !== 0) return `${name} is not installed, and only root can do that`;
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: "ignore",
    timeout: installLimitMs,
  } as const;
  const wait = `DPkg::Lock::Timeout=${lockSeconds}`;
  try {
    execFileSync("apt-get", ["-o", wait, "update", "-q"], options);
    execFileSync(
      "apt-get",
      ["-o", wait, "install", "-yq", "--no-install-recommends", debianPackage],
      options,
    );
  } catch (err) {
    return `${name} cannot be installed: ${(err as Error).message}`;
  }
  return program(name) === null ? `${debianPackage} was installed and has no ${name}` : "";
}
