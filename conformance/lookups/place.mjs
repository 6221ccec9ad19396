// Runs a program inside netns-run.sh with the strange name server beside it, and ends as it ends:
//   node place.mjs <setup> <program> [arguments]
// The files of the setup are put in place, and the program has its calls on standard input. With "-" for a setup, that is left to
// the program.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { putInPlace, readSetups } from "./setups.mjs";

const [name, program, ...args] = process.argv.slice(2);
// With a way to the addresses of the answers, which to try first does not depend on what arrives first.
execFileSync("ip", ["route", "add", "192.0.2.0/24", "dev", "bh0"]);
execFileSync("ip", ["-6", "route", "add", "2001:db8::/48", "dev", "bh0"]);
const strange = spawn(process.execPath, [new URL("strangedns.mjs", import.meta.url).pathname, "127.0.0.2"], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  await new Promise((resolve, reject) => {
    strange.stdout.once("data", resolve);
    strange.once("exit", reject);
  });
  const setup = new Map(readSetups(new URL("setups.json", import.meta.url))).get(name);
  if (setup !== undefined) putInPlace(setup);
  const input = JSON.stringify(setup?.calls ?? []);
  const { status } = spawnSync(program, args, { input, stdio: ["pipe", "inherit", "inherit"] });
  process.exitCode = status ?? 1;
} finally {
  strange.kill();
}
