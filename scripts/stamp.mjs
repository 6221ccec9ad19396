// What is done already: a stamp keeps the hash of a step's inputs, and a step whose inputs hash to its stamp is skipped.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./process.mjs";

/**
 * hashOf gives one hash over files and folders of the checkout: their paths and contents, no times, so that a switch
 * of branches and back costs nothing. Folders are read to the bottom; what isn't there counts as absent.
 *
 * @param {readonly string[]} paths relative to the checkout
 * @param {(path: string) => boolean} [wanted] asked for every file and folder found inside a folder
 * @param {string} [top] the checkout
 */
export function hashOf(paths, wanted = () => true, top = root) {
  const hash = createHash("sha256");
  /** @param {string} path */
  const add = (path) => {
    const stat = statSync(join(top, path), { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      for (const name of readdirSync(join(top, path)).sort()) {
        const inside = `${path}/${name}`;
        if (wanted(inside)) add(inside);
      }
      return;
    }
    const content = stat ? readFileSync(join(top, path)) : null;
    // Name and length go in first, so that no two lists of files can spell the same bytes.
    hash.update(`${path}\0${content?.length ?? "absent"}\0`);
    if (content) hash.update(content);
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}

/** stampFolder is where stamps and remembered findings lie. */
export const stampFolder = ".setup";

/**
 * fresh reports whether a step was done with these inputs and its results are still there.
 *
 * @param {string} name
 * @param {string} hash
 * @param {readonly string[]} results
 * @param {string} [top]
 */
export function fresh(name, hash, results, top = root) {
  return recall(name, top) === hash && results.every((path) => existsSync(join(top, path)));
}

/**
 * recall gives back what remember kept under the name, or "".
 * @param {string} name
 * @param {string} [top]
 */
export function recall(name, top = root) {
  const path = join(top, stampFolder, name);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}

/**
 * remember keeps one line under the name.
 * @param {string} name
 * @param {string} line
 * @param {string} [top]
 */
export function remember(name, line, top = root) {
  const path = join(top, stampFolder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${line}\n`);
}
