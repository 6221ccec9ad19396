// The throughput test through the page itself, and to servers that send, take and answer.
import { createServer } from "node:net";
import type { Locator, Page } from "@playwright/test";
import { test as base, expect, look } from "./look.js";
import { echo, Peers } from "./peers.js";

const test = base.extend<{ peers: Peers }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  peers: async ({}, use) => {
    const peers = new Peers();
    await use(peers);
    await peers.end();
  },
});

const summary = (page: Page): Locator => page.locator(".throughput .summary");
const fact = (page: Page, name: "down" | "up"): Locator => page.locator(`.throughput .fact.${name} dd`);
const measure = (page: Page): Promise<void> => page.getByRole("button", { name: "Measure" }).click();
const someBytes = /^[\d.,]+ (B|[KMG]iB), [\d.,]+ (B|[KMG]iB)\/s \([\d.]+ Mbit\/s\)$/;
const nothing = /^0 B, /;

test.beforeEach(async ({ tools: page }) => {
  await page.getByRole("link", { name: "Throughput" }).click();
  await page.getByLabel("Duration, s").fill("1");
});

test("measures through the page itself, with a plot and totals", async ({ tools: page }) => {
  await expect(page.getByRole("radiogroup", { name: "Direction" })).toBeHidden();
  await page.getByLabel("Duration, s").fill("3");
  await measure(page);
  await expect(summary(page)).toContainText("Measuring to the page itself, over 127.0.0.1:");
  await expect(page.getByRole("img", { name: /Megabytes per second/ })).toBeVisible();
  await expect(summary(page)).toContainText(/^Done after \d\.\d s: .* down, .* up, to the page itself/, {
    timeout: 20_000,
  });
  for (const name of ["down", "up"] as const) {
    await expect(fact(page, name)).toHaveText(someBytes);
    await expect(fact(page, name)).not.toHaveText(nothing);
  }
  await look(page, "throughput");
});

test("reads from one that sends, writes to one that takes, does both with one that answers", async ({
  tools: page,
  peers,
}) => {
  let taken = 0;
  const block = Buffer.alloc(64 * 1024, "chargen");
  const chargen = await peers.port(
    createServer((socket) => {
      const more = (): void => {
        while (socket.write(block)) {
          // on until it is full
        }
      };
      socket.on("drain", more);
      more();
    }),
  );
  const discard = await peers.port(
    createServer((socket) => {
      socket.on("data", (data) => {
        taken += data.length;
      });
    }),
  );
  const run = async (port: number, direction: string): Promise<void> => {
    await page.getByRole("combobox", { name: "Target" }).fill(`127.0.0.1:${port}`);
    await page.getByRole("radiogroup").locator("visible=true").getByText(direction, { exact: true }).click();
    await measure(page);
    await expect(summary(page)).toContainText(/^Done after/, { timeout: 20_000 });
    await expect(summary(page)).toContainText(`127.0.0.1:${port}`);
  };
  await run(chargen, "Down");
  await expect(fact(page, "down")).not.toHaveText(nothing);
  await expect(fact(page, "up")).toHaveText(nothing);
  await run(discard, "Up");
  await expect(fact(page, "up")).not.toHaveText(nothing);
  await expect(fact(page, "down")).toHaveText(nothing);
  expect(taken).toBeGreaterThan(0);
  await run(await peers.port(echo()), "Both");
  await expect(fact(page, "up")).not.toHaveText(nothing);
  await expect(fact(page, "down")).not.toHaveText(nothing);
  await expect(page).toHaveURL(/#\/throughput\?target=127\.0\.0\.1:\d+$/);
  await look(page, "throughput-target");
});

test("can be canceled, tells of an end, and of what Go says", async ({ tools: page, peers }) => {
  await page.getByLabel("Duration, s").fill("600");
  await measure(page);
  await expect(summary(page)).toContainText("Measuring");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(summary(page)).toContainText(/^Canceled after/);
  await expect(page.getByRole("button", { name: "Measure" })).toBeFocused();
  const target = page.getByRole("combobox", { name: "Target" });
  await target.fill(`127.0.0.1:${await peers.port(createServer((socket) => socket.end("short")))}`);
  await measure(page);
  await expect(summary(page)).toContainText(/^The other end closed after/);
  await expect(fact(page, "down")).toContainText("5 B,");
  const port = await peers.freePort();
  await target.fill(`127.0.0.1:${port}`);
  await measure(page);
  await expect(summary(page)).toHaveText(`dial tcp 127.0.0.1:${port}: connect: connection refused`);
});
