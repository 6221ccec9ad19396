// The setups of lookups: setups.json, and putting the files of one in place.

import { readFileSync, writeFileSync } from "node:fs";

/**
 * Setup is a place and what to look up there.
 * @typedef {{ mode: "up" | "down", files?: Record<string, string[]>, calls: [fn: string, ...args: string[]][] }} Setup
 */

/**
 * readSetups reads the file, whose name is given since this code may have been bundled into another folder.
 * @param {string | URL} file
 * @returns {[name: string, setup: Setup][]}
 */
export function readSetups(file) {
  return Object.entries(JSON.parse(readFileSync(file, "utf8")).setups);
}

const names = ["hosts", "resolv.conf", "nsswitch.conf"];
/** @type {Map<string, string> | null} */
let originals = null;

/**
 * putInPlace writes the files of a setup; the others become what they were. Outside of a namespace it throws.
 * @param {Setup} setup
 */
export function putInPlace({ files = {} }) {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  if (!names.every((name) => mounts.includes(` /etc/${name} `))) {
    throw new Error("not inside netns-run.sh: these would be the files of this machine");
  }
  originals ??= new Map(names.map((name) => [name, readFileSync(`/etc/${name}`, "utf8")]));
  for (const [name, original] of originals) {
    const lines = files[name];
    writeFileSync(`/etc/${name}`, lines === undefined ? original : lines.map((line) => `${line}\n`).join(""));
  }
}
