// npm run soak: bundles the programs of soak/ from source and runs them. See soak/soak.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Failure, main, root, run, signalled } from "./process.mjs";
import { setup } from "./setup.mjs";

/** limitMs is longer than anybody soaks. */
const limitMs = 24 * 3_600_000;

const programs = ["soak", "gateway", "clients", "targets"];

await main(async () => {
  await setup({});
  const { build } = await import("vite");
  // Below node_modules, so that the packages it imports are found.
  const outDir = mkdtempSync(join(root, "node_modules", ".gonet-soak-"));
  try {
    await build({
      root,
      configFile: false,
      logLevel: "error",
      resolve: { conditions: ["gonet-source", "node", "module"] },
      build: {
        ssr: true,
        lib: {
          entry: Object.fromEntries(programs.map((name) => [name, join(root, `soak/${name}.ts`)])),
          formats: ["es"],
        },
        outDir,
        target: "node20",
        minify: false,
      },
      ssr: { noExternal: ["msgpackr"] },
    });
    const args = [join(outDir, "soak.js"), ...process.argv.slice(2)];
    const { code, signal } = await run(process.execPath, args, { out: "shown", limitMs });
    if (signal !== null) throw new Failure(`Interrupted by ${signal}.`, "", signalled(signal));
    process.exitCode = code;
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
});
