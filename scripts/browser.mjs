// The browser for the end-to-end tests: one that is there already, or one that is installed now.
import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, must, root, run, step } from "./process.mjs";
import { recall, remember } from "./stamp.mjs";

/** found is the name under which the path of the browser is remembered; e2e/playwright.config.ts reads it. */
const found = "browser";

/** names are what systems call Chromium and its sister, the free one first. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** apps are where macOS keeps them. */
const apps = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** versionLimitMs bounds the question for the version, which any browser that can start answers in under a second. */
const versionLimitMs = 20_000;

/** Limits of the two downloads. The first is refused quickly where it cannot work. */
const playwrightLimitMs = 300_000;
const playwrightConnectMs = "10000";
const aptLimitMs = 600_000;

/**
 * findBrowser makes sure that there is a Chromium, remembers its path and returns it. It looks at GONET_CHROMIUM,
 * what was found last time, the system, Playwright's own; then it installs Playwright's, or else Debian's.
 */
export async function findBrowser() {
  const named = process.env["GONET_CHROMIUM"];
  if (named) {
    if (!executable(named)) throw new Failure(`GONET_CHROMIUM names ${named}, which is not a program.`);
    return named;
  }
  const known = recall(found);
  if (known !== "" && executable(known)) return known;
  const path = await step("browser", async () => (await present()) ?? (await install()));
  remember(found, path);
  return path;
}

/** present gives the first browser on this machine that starts, or null. */
async function present() {
  for (const path of [...candidates(process.env["PATH"] ?? ""), ...(await playwrights())]) {
    if (await starts(path)) return path;
  }
  return null;
}

/** install gets a browser and gives its path. */
async function install() {
  const cli = ["node_modules/@playwright/test/cli.js", "install", "chromium"];
  const env = { ...process.env, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: playwrightConnectMs };
  const first = await run(process.execPath, cli, { out: "kept", limitMs: playwrightLimitMs, env });
  // One that was downloaded may still lack libraries of the system, so it counts only if it starts.
  let path = await present();
  if (path) return path;
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    const sentence =
      "Neither Playwright's Chromium nor Debian's could be installed: install one, or name it in GONET_CHROMIUM.";
    const apt = { limitMs: aptLimitMs, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
    await must(sentence, "apt-get", ["update", "-q"], apt);
    await must(sentence, "apt-get", ["install", "-yq", "--no-install-recommends", "chromium"], apt);
    path = await present();
    if (path) return path;
  }
  throw new Failure(
    "The end-to-end tests need Chromium or Chrome: install one, or name it in GONET_CHROMIUM.",
    first.output,
  );
}

/**
 * candidates are the programs of the system that look like a browser.
 * @param {string} searchPath as in PATH
 */
export function candidates(searchPath) {
  const folders = searchPath.split(":").filter((folder) => folder.startsWith("/"));
  return [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...apps].filter(
    executable,
  );
}

/** playwrights gives the browser that belongs to the installed Playwright, if it was downloaded. */
async function playwrights() {
  const core = join(root, "node_modules/playwright-core/index.mjs");
  if (!existsSync(core)) return [];
  const { chromium } = await import(pathToFileURL(core).href);
  return [chromium.executablePath()].filter(executable);
}

/** @param {string} path */
async function starts(path) {
  const { code } = await run(path, ["--version"], { out: "kept", limitMs: versionLimitMs });
  return code === 0;
}

/** @param {string} path */
function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
