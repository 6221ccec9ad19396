import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin, type UserConfig } from "vite";

// The builds, chosen by mode (scripts/builds.mjs runs them):
//   client   dist/index.js     the library for browsers, no dependency left in it
//   node     dist/node.js      the same library for Node, over ws
//   gateway  dist/gateway/     the gateway as a library and as a program
//   web      dist/web/         the tools page that the gateway serves
//   app      dist/app/         the desktop app, with everything it needs and the page
//   preload  dist/app/         its preload script, one file by itself
const here = import.meta.dirname;
// license names the file with the licences of what was bundled.
const license = { fileName: "licenses.md" };
const hashbang = "#!/usr/bin/env node";

// noEval refuses an output that makes code out of strings: pages with a strict content security policy couldn't run it.
const noEval: Plugin = {
  name: "gonet-no-eval",
  generateBundle(_, bundle) {
    for (const output of Object.values(bundle)) {
      if (output.type !== "chunk") continue;
      const found = /\beval\s*\(|\bnew\s+Function\b/.exec(output.code);
      if (found) this.error(`${output.fileName} contains ${found[0]}`);
    }
  },
};

// program makes dist/gateway/main.js one that a shell can start.
const program: Plugin = {
  name: "gonet-program",
  writeBundle({ dir = "." }) {
    const path = resolve(dir, "main.js");
    if (!readFileSync(path, "utf8").startsWith(hashbang))
      this.error(`${path} does not begin with ${hashbang}`);
    chmodSync(path, 0o755);
  },
};

// sshInPages fits the SSH library to pages: what it has for Node only, and methods that are not configured (see
// gateway/web/ssh/config.ts), are left out, and of vscode-jsonrpc it gets the two files that it uses.
const sshInPages: Plugin = {
  name: "gonet-ssh-in-pages",
  enforce: "pre",
  resolveId(source, importer = "") {
    const isLibrary = importer.includes("/@microsoft/dev-tunnels-ssh/");
    if (isLibrary && (source.startsWith("./node/") || source === "diffie-hellman")) return "\0nothing";
    if (isLibrary && source === "vscode-jsonrpc") return resolve(here, "gateway/web/ssh/jsonrpc.ts");
    return null;
  },
  load: (id) => (id === "\0nothing" ? "export {};" : null),
  // It knows Node's Buffer as a global; nothing else in the page shall.
  transform: (code, id) =>
    id.includes("/@microsoft/dev-tunnels-ssh/") && !id.endsWith(".json")
      ? {
          code: code.replace('"use strict";', '"use strict";var Buffer=require("buffer").Buffer;'),
          map: null,
        }
      : null,
};

// appFolder makes dist/app a folder that Electron starts: a package.json that names the main script, and the page.
const appFolder: Plugin = {
  name: "gonet-app-folder",
  writeBundle({ dir = "." }) {
    const {
      version,
      description,
      license: terms,
    } = JSON.parse(readFileSync(resolve(here, "package.json"), "utf8"));
    const manifest = {
      name: "gonet",
      productName: "gonet",
      version,
      description,
      license: terms,
      author: "gonet",
    };
    writeFileSync(
      resolve(dir, "package.json"),
      `${JSON.stringify({ ...manifest, type: "module", main: "main.js" }, null, 2)}\n`,
    );
    rmSync(resolve(dir, "web"), { recursive: true, force: true });
    cpSync(resolve(here, "dist/web"), resolve(dir, "web"), { recursive: true });
  },
};

const builds: Record<string, UserConfig> = {
  client: {
    build: {
      lib: { entry: { index: resolve(here, "src/index.ts") }, formats: ["es"] },
      outDir: "dist",
      emptyOutDir: false,
      minify: false,
      sourcemap: true,
      license,
      target: "es2022",
    },
  },
  node: {
    build: {
      ssr: true,
      lib: { entry: { node: resolve(here, "src/node.ts") }, formats: ["es"] },
      outDir: "dist",
      emptyOutDir: false,
      minify: false,
      sourcemap: true,
      license,
      target: "node20",
    },
    ssr: { noExternal: ["msgpackr"] },
  },
  gateway: {
    build: {
      ssr: true,
      lib: {
        entry: { index: resolve(here, "gateway/index.ts"), main: resolve(here, "gateway/main.ts") },
        formats: ["es"],
      },
      outDir: "dist/gateway",
      minify: false,
      sourcemap: true,
      license,
      target: "node20",
    },
    ssr: { noExternal: ["msgpackr"] },
    plugins: [program],
  },
  app: {
    build: {
      ssr: true,
      lib: {
        entry: {
          main: resolve(here, "electron-app/main.ts"),
          process: resolve(here, "electron-app/process.ts"),
        },
        formats: ["es"],
      },
      outDir: "dist/app",
      minify: false,
      sourcemap: false,
      license,
      target: "node22",
      rolldownOptions: { external: ["electron"] },
    },
    ssr: { noExternal: true },
    plugins: [appFolder],
  },
  preload: {
    build: {
      lib: { entry: { preload: resolve(here, "electron-app/preload.ts") }, formats: ["cjs"] },
      outDir: "dist/app",
      emptyOutDir: false,
      minify: false,
      sourcemap: false,
      target: "es2022",
      rolldownOptions: { external: ["electron"] },
    },
  },
  web: {
    root: resolve(here, "gateway/web"),
    base: "./",
    build: {
      outDir: resolve(here, "dist/web"),
      emptyOutDir: true,
      sourcemap: false,
      license,
      target: "es2022",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
    },
    plugins: [sshInPages],
  },
};

export default defineConfig(({ mode }) => {
  const build = builds[mode];
  if (!build) throw new Error(`vite build --mode is one of ${Object.keys(builds).join(", ")}, not ${mode}`);
  // The package's own name means its source while it is being built; pages take the browser's side of a dependency.
  const side = mode === "client" || mode === "web" ? "browser" : "node";
  return {
    ...build,
    plugins: [noEval, ...(build.plugins ?? [])],
    resolve: { conditions: ["gonet-source", side, "module"] },
  };
});
