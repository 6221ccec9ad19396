// One set-up at a time in a checkout, so that npm start and npm test can be started side by side.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "./process.mjs";
import { stampFolder } from "./stamp.mjs";

/** pollMs is how often one that waits looks again; limitMs is longer than any set-up takes. */
const pollMs = 200;
const limitMs = 1_200_000;

/**
 * alone runs the work while nobody else's runs in this checkout, and waits until that can be. The lock is a file with
 * the process id of its owner; one whose owner is gone doesn't count.
 *
 * @param {string} top the checkout
 * @param {() => Promise<void>} work
 */
export async function alone(top, work) {
  const folder = join(top, stampFolder);
  const lock = join(folder, "lock");
  mkdirSync(folder, { recursive: true });
  const end = performance.now() + limitMs;
  let told = false;
  while (!take(lock)) {
    const owner = ownerOf(lock);
    if (!alive(owner)) {
      removeStale(lock, owner);
      continue;
    }
    if (performance.now() > end) throw new Failure(`Process ${owner} does not come to an end setting up.`);
    if (!told) process.stderr.write(`waiting for process ${owner}, which is setting up\n`);
    told = true;
    await sleep(pollMs);
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * take makes the lock ours, if nobody has it. It is linked into place with our process id in it already, so that nobody
 * ever reads an empty one.
 * @param {string} lock
 */
function take(lock) {
  const ours = `${lock}.${process.pid}`;
  writeFileSync(ours, String(process.pid));
  try {
    linkSync(ours, lock);
    return true;
  } catch (err) {
    if (err instanceof Error && "code" in err && err.code === "EEXIST") return false;
    throw err;
  } finally {
    rmSync(ours);
  }
}

/**
 * removeStale removes a lock whose owner is gone. Somebody else may have done so, and taken the lock, since we looked;
 * then what was moved away is theirs, and is put back.
 * @param {string} lock
 * @param {number} owner
 */
function removeStale(lock, owner) {
  const stale = `${lock}.${process.pid}`;
  try {
    renameSync(lock, stale);
    if (ownerOf(stale) !== owner) linkSync(stale, lock);
  } catch {
    // Somebody else was quicker, and the next round shows who has it now.
  }
  rmSync(stale, { force: true });
}

/** @param {string} path */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}

/** @param {number} pid */
function alive(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return err instanceof Error && "code" in err && err.code === "EPERM";
  }
}
