import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["gonet-source", "node", "module"] },
  ssr: { resolve: { conditions: ["gonet-source", "node", "module"] } },
  test: {
    include: ["{src,gateway,native,electron-app,conformance,scripts,soak}/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
