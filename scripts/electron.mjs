// Where Electron's program is. npm installs Electron's types and its installer, not the program itself: that is a download
// of its own, which not every machine can make.
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./process.mjs";

/** variable names another Electron than the one of this checkout. */
const variable = "GONET_ELECTRON";

/** whyNoElectron is the sentence for whoever has no Electron. */
export const whyNoElectron =
  "Electron's program is not here. `npx install-electron` downloads it, once, into node_modules/electron; " +
  `or name one in ${variable}.`;

/**
 * findElectron gives the path of Electron's program, or null if there is none.
 * @param {string} [folder] where npm put the package
 */
export function findElectron(folder = join(root, "node_modules/electron")) {
  const named = process.env[variable];
  if (named) return runs(named) ? named : null;
  const name = join(folder, "path.txt");
  if (!existsSync(name)) return null;
  const path = join(folder, "dist", readFileSync(name, "utf8"));
  return runs(path) ? path : null;
}

/** @param {string} path */
function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
