import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "@playwright/test";

// Chromium only, the one that scripts/browser.mjs found. If it found none (a run without npm test), Playwright's own.
const remembered = resolve(import.meta.dirname, "../.setup/browser");
const found = existsSync(remembered) ? readFileSync(remembered, "utf8").trim() : undefined;
const executablePath = process.env["GONET_CHROMIUM"] || found;

// Chromium's sandbox refuses to run as root. The others keep it from talking to anybody but the pages under test.
const args = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  testDir: ".",
  outputDir: "results/artifacts",
  timeout: 60_000,
  forbidOnly: process.env["CI"] !== undefined,
  retries: 0,
  workers: 2,
  reporter: [["list"], ["json", { outputFile: "results/report.json" }]],
  use: {
    browserName: "chromium",
    headless: true,
    // The recorder for videos is a download of its own.
    video: "off",
    trace: "retain-on-failure",
    launchOptions: { args, ...(executablePath ? { executablePath } : {}) },
  },
});
