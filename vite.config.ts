import { resolve } from "node:path";
import { defineConfig, type UserConfig } from "vite";

// Four builds, chosen by mode (scripts/build.mjs runs them all):
//   client   dist/index.js     the library for browsers, no dependency left in it
//   node     dist/node.js      the same library for Node, over ws
//   gateway  dist/gateway/     the gateway as a library and as a program
//   web      dist/web/         the tools page that the gateway serves
// Without a mode of ours (vitest), only the resolve conditions matter.
const here = import.meta.dirname;
const conditions = ["gonet-source"];

const builds: Record<string, UserConfig> = {
  client: {
    build: {
      lib: { entry: { index: resolve(here, "src/index.ts") }, formats: ["es"] },
      outDir: "dist",
      emptyOutDir: false,
      minify: false,
      sourcemap: true,
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
      target: "node20",
      rolldownOptions: { external: ["ws"] },
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
      target: "node20",
    },
    ssr: { noExternal: ["msgpackr"] },
  },
  web: {
    root: resolve(here, "gateway/web"),
    base: "./",
    build: {
      outDir: resolve(here, "dist/web"),
      emptyOutDir: true,
      sourcemap: false,
      target: "es2022",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
    },
  },
};

export default defineConfig(({ mode }) => ({
  ...builds[mode],
  resolve: {
    conditions: mode === "web" ? [...conditions, "browser", "module"] : [...conditions, "node", "module"],
  },
}));
