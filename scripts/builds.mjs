// The builds (see vite.config.ts), each done only when what goes into it changed.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure, must, root, step } from "./process.mjs";
import { fresh, hashOf, remember } from "./stamp.mjs";

/** limitMs bounds one build; each takes about a second. */
const limitMs = 180_000;

/** builds says, for each mode of vite.config.ts, what goes in and what comes out. */
const builds = {
  client: { from: ["src"], makes: ["dist/index.js"] },
  node: { from: ["src"], makes: ["dist/node.js"] },
  gateway: {
    from: ["gateway", "native", "src/wire", "src/names"],
    makes: ["dist/gateway/index.js", "dist/gateway/main.js"],
  },
  web: { from: ["gateway/web", "src"], makes: ["dist/web/index.html"] },
  app: {
    from: ["electron-app", "gateway", "native", "src"],
    makes: ["dist/app/main.js", "dist/app/process.js", "dist/app/web/index.html"],
  },
  preload: { from: ["electron-app"], makes: ["dist/app/preload.cjs"] },
};

/** @typedef {keyof typeof builds} Build */

/** hasPage says whether there is a tools page to build; without it the gateway answers 404 where it would be. */
const hasPage = existsSync(join(root, "gateway/web/index.html"));

/** gatewayBuilds make the gateway and what it serves, allBuilds the library as well. */
export const gatewayBuilds = /** @type {Build[]} */ (hasPage ? ["gateway", "web"] : ["gateway"]);
export const allBuilds = /** @type {Build[]} */ (["client", "node", ...gatewayBuilds, "app", "preload"]);

/** appBuilds make the desktop app, which has the page in it. */
export const appBuilds = /** @type {Build[]} */ (["web", "app", "preload"]);

/** settings go into every build. */
const settings = ["package.json", "package-lock.json", "tsconfig.base.json", "vite.config.ts"];

/** skipped are the parts of the folders above that no build reads: tests, C++ and what it was compiled to. */
const skipped = /\.test\.ts$|\/testing$|\/node_modules$|^native\/(src|build[^/]*|prebuilds)$/;

/**
 * build does those of the named builds whose inputs changed since they were last done.
 * @param {readonly Build[]} names
 */
export async function build(names) {
  for (const name of names) {
    const { from, makes } = builds[name];
    const stamp = `build-${name}`;
    const hash = hashOf([...settings, ...from], (path) => !skipped.test(path));
    if (fresh(stamp, hash, makes)) continue;
    await step(`build ${name}`, () =>
      must(
        `The build "${name}" failed.`,
        process.execPath,
        ["node_modules/vite/bin/vite.js", "build", "--mode", name],
        {
          limitMs,
        },
      ),
    );
    remember(stamp, hash);
    if (!fresh(stamp, hash, makes))
      throw new Failure(`The build "${name}" did not make ${makes.join(" and ")}.`);
  }
}

/** declarations checks all types and writes dist/types. TypeScript keeps its own record of what is up to date. */
export async function declarations() {
  await step("types", () =>
    must("The types do not check.", process.execPath, ["node_modules/typescript/bin/tsc", "-b"], { limitMs }),
  );
}
