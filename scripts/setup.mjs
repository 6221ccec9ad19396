// What a checkout needs before anything of it can run: packages, the addon, the builds, a browser. Each step is
// skipped when nothing changed, so that every other script can simply ask for what it needs.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findBrowser } from "./browser.mjs";
import { build } from "./builds.mjs";
import { alone } from "./lock.mjs";
import { Failure, must, root, step } from "./process.mjs";
import { fresh, hashOf, remember } from "./stamp.mjs";

/** oldestNode is what `engines` in package.json says. */
const oldestNode = [20, 19];

/** Limits of the two long steps: a slow network, and a slow compiler. */
const packagesLimitMs = 600_000;
const addonLimitMs = 600_000;

/**
 * setup brings the checkout to where what is asked for can run. The packages are always looked after.
 *
 * @param {{ addon?: boolean, builds?: readonly import("./builds.mjs").Build[], browser?: boolean }} needs
 */
export async function setup({ addon = true, builds = [], browser = false }) {
  checkNode(process.versions.node);
  await alone(root, async () => {
    if (!installed(root)) await step("packages", packages);
    if (addon) await addonBuild();
    await build(builds);
    if (browser) await findBrowser();
  });
}

/**
 * checkNode throws a Failure if this Node is too old.
 * @param {string} version
 */
export function checkNode(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [wantMajor = 0, wantMinor = 0] = oldestNode;
  if (major > wantMajor || (major === wantMajor && minor >= wantMinor)) return;
  throw new Failure(`gonet needs Node.js ${oldestNode.join(".")} or later; this is ${version}.`);
}

/**
 * installed reports whether node_modules holds exactly what package-lock.json says. npm writes its own list of what it
 * installed as the very last thing, so a missing list is an install that was cut short.
 *
 * If a package of the lock is not there, it must be an optional one (of another system); if package.json asks for
 * something else than the lock, it is for `npm ci` to say so.
 *
 * @param {string} top the checkout
 */
export function installed(top) {
  const listPath = join(top, "node_modules/.package-lock.json");
  if (!existsSync(listPath)) return false;
  const wanted = readJSON(join(top, "package.json"));
  const lock = readJSON(join(top, "package-lock.json")).packages;
  const list = readJSON(listPath).packages;
  const own = lock[""];
  for (const kind of ["dependencies", "devDependencies", "optionalDependencies"]) {
    if (JSON.stringify(sorted(wanted[kind])) !== JSON.stringify(sorted(own[kind]))) return false;
  }
  for (const [path, entry] of Object.entries(lock)) {
    if (path === "") continue;
    const found = list[path];
    if (!found && !entry.optional && !entry.devOptional) return false;
    if (found && (found.version !== entry.version || found.integrity !== entry.integrity)) return false;
  }
  return Object.keys(list).every((path) => path in lock);
}

/** @param {string} path */
function readJSON(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** @param {Record<string, string>} [list] */
function sorted(list = {}) {
  return Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** packages installs what the lock says. npm names its own program to the scripts it runs. */
async function packages() {
  const npm = process.env["npm_execpath"];
  const [command, args] = npm?.endsWith("npm-cli.js") ? [process.execPath, [npm]] : ["npm", []];
  await must("Installing the packages failed.", command, [...args, "ci", "--include=dev"], {
    limitMs: packagesLimitMs,
  });
}

/** What the addon is made of, and what comes out. */
const addonSources = ["native/binding.gyp", "native/src", "scripts/addon.mjs"];
const addonBinary = "native/build/Release/gonet.node";

/** addonBuild compiles the native addon if its sources changed. */
async function addonBuild() {
  const hash = `${hashOf(addonSources)} ${process.platform} ${process.arch}`;
  if (fresh("addon", hash, [addonBinary])) return;
  await step("addon", () =>
    must("Building the native addon failed.", process.execPath, ["scripts/addon.mjs"], {
      limitMs: addonLimitMs,
    }),
  );
  remember("addon", hash);
}
