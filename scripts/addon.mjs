// Builds the native addon: node scripts/addon.mjs [--asan] [--force]
//
// The binary lands in native/build/Release/gonet.node, or with --asan, built with the address and undefined behaviour
// sanitizers, in native/build-asan/gonet.node. If it is newer than all its sources nothing is done, except with
// --force. The build happens in a folder of its own and the result is moved into place, so that a program that runs
// with the old binary is not disturbed, and two builds at once do no harm.

import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const native = fileURLToPath(new URL("../native", import.meta.url));
const sanitize = "-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all";

// addonPath is where the binary is, built or not.
export function addonPath({ asan = false } = {}) {
  return asan ? join(native, "build-asan", "gonet.node") : join(native, "build", "Release", "gonet.node");
}

// isFresh says whether the binary is there and newer than every source.
export function isFresh(options) {
  const built = modified(addonPath(options));
  return sources().every((file) => modified(file) < built);
}

// buildAddon builds the binary and returns its path. It throws an Error with one sentence for a person.
export function buildAddon(options = {}) {
  if (process.platform === "win32") throw new Error("gonet: the native addon does not exist for Windows");
  const nodeGyp = findNodeGyp();
  requireTools();

  const target = addonPath(options);
  const started = new Date();
  mkdirSync(dirname(target), { recursive: true });
  const stage = mkdtempSync(join(dirname(target), ".stage-"));
  try {
    cpSync(join(native, "binding.gyp"), join(stage, "binding.gyp"));
    cpSync(join(native, "src"), join(stage, "src"), { recursive: true });
    const env = { ...process.env };
    if (options.asan) {
      env.CXXFLAGS = `${env.CXXFLAGS ?? ""} ${sanitize} -g -fno-omit-frame-pointer`;
      env.LDFLAGS = `${env.LDFLAGS ?? ""} ${sanitize}`;
    }
    const args = [
      nodeGyp,
      "rebuild",
      "--directory",
      stage,
      "--jobs",
      "max",
      "--loglevel",
      "warn",
      ...headers(),
    ];
    const { status, error, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    if (error) throw error;
    if (status !== 0) throw new Error(`gonet: the native addon did not build:\n${stdout}${stderr}`);
    const built = join(stage, "build", "Release", "gonet.node");
    // A source that changes during the build is newer than this, so the next run builds again.
    utimesSync(built, started, started);
    renameSync(built, target);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return target;
}

function sources() {
  const code = join(native, "src");
  return [join(native, "binding.gyp"), ...readdirSync(code).map((name) => join(code, name))];
}

function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

// headers tells node-gyp to use the headers that lie beside this Node, if they do. Otherwise it downloads them.
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, "include", "node", "node_api.h")) ? [`--nodedir=${prefix}`] : [];
}

function requireTools() {
  const compilers = process.env.CXX ? [process.env.CXX.split(" ")[0]] : ["c++", "g++", "clang++"];
  const missing = [];
  if (!compilers.some(findProgram)) missing.push("a C++ compiler");
  if (!findProgram("make")) missing.push("make");
  if (!process.env.PYTHON && !["python3", "python"].some(findProgram)) missing.push("Python 3");
  if (missing.length > 0) {
    throw new Error(
      `gonet: the native addon cannot be built: ${missing.join(" and ")} must be installed first`,
    );
  }
}

function findProgram(name) {
  const folders = name.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

// findNodeGyp looks where npm brings its own node-gyp along, then for one that was installed globally.
function findNodeGyp() {
  const script = join("node-gyp", "bin", "node-gyp.js");
  const npm = process.env.npm_execpath ?? findProgram("npm");
  const candidates = [
    process.env.npm_config_node_gyp,
    npm && join(dirname(dirname(realpathSync(npm))), "node_modules", script),
    join(dirname(dirname(process.execPath)), "lib", "node_modules", "npm", "node_modules", script),
  ];
  const found = candidates.find((path) => path && existsSync(path));
  if (found) return found;

  if (npm) {
    const root = execFileSync(npm, ["root", "-g"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    const below = [join(root, "npm", "node_modules", script), join(root, script)].find((path) =>
      existsSync(path),
    );
    if (below) return below;
  }
  const global = findProgram("node-gyp");
  if (global) return realpathSync(global);
  throw new Error(
    "gonet: the native addon cannot be built: npm's node-gyp was not found; npm install -g node-gyp",
  );
}

function main() {
  const { values } = parseArgs({ options: { asan: { type: "boolean" }, force: { type: "boolean" } } });
  const shown = relative(process.cwd(), addonPath(values));
  if (!values.force && isFresh(values)) {
    console.log(`addon: ${shown} is up to date`);
    return;
  }
  const start = performance.now();
  buildAddon(values);
  console.log(`addon: built ${shown} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (err) {
    console.error(err instanceof Error ? err.message : err);
    process.exitCode = 1;
  }
}
