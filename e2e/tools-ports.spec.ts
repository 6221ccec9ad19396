// The port check against real listeners.
import { createServer, type Server } from "node:net";
import type { Locator, Page } from "@playwright/test";
import { test as base, expect as baseExpect, look } from "./look.js";
import { Peers } from "./peers.js";

// A busy machine takes its time.
const expect = baseExpect.configure({ timeout: 20_000 });

const test = base.extend<{ peers: Peers }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  peers: async ({}, use) => {
    const peers = new Peers();
    await use(peers);
    await peers.end();
  },
});

const ports = (page: Page): Locator => page.getByLabel("Ports: numbers, ranges, names");
const summary = (page: Page): Locator => page.locator(".portcheck .summary");
const rows = (page: Page): Locator => page.locator(".portcheck tbody tr:visible");

async function check(page: Page, list: string): Promise<void> {
  await page.getByLabel("Host").fill("127.0.0.1");
  await ports(page).fill(list);
  await ports(page).press("Enter");
}

/** counting is a server that ends each connection, and how many it had. */
function counting(): { server: Server; dialled: () => number } {
  let dialled = 0;
  const server = createServer((socket) => {
    dialled++;
    socket.end();
  });
  return { server, dialled: () => dialled };
}

test.describe.configure({ timeout: 180_000 });

test.beforeEach(async ({ tools: page }) => {
  await page.getByRole("link", { name: "Port check" }).click();
});

test("tells open ports from those that refuse and those that do not answer", async ({
  tools: page,
  peers,
}) => {
  const { server, dialled } = counting();
  const [open, refused, stuck] = [await peers.port(server), await peers.freePort(), await peers.stuckPort()];
  await page.getByRole("spinbutton", { name: "Timeout, s" }).fill("0.5");
  await check(page, `${open}, ${refused}-${refused} ${stuck}`);
  await expect(summary(page)).toContainText(/^3 ports of 127\.0\.0\.1: 1 open, done after /);
  await expect(rows(page)).toHaveCount(3);
  const row = (port: number): Locator =>
    rows(page).filter({ has: page.getByRole("cell", { name: String(port), exact: true }) });
  await expect(row(open)).toContainText("open");
  await expect(row(refused)).toContainText(`refused`);
  await expect(row(refused)).toContainText(`dial tcp 127.0.0.1:${refused}: connect: connection refused`);
  await expect(row(stuck)).toContainText("timed out");
  await expect(row(stuck)).toContainText(`dial tcp 127.0.0.1:${stuck}: i/o timeout`);
  // What is open comes first, and was dialled once.
  await expect(rows(page).first()).toContainText(String(open));
  expect(dialled()).toBe(1);
  await page.getByText("Refused 1", { exact: true }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toContainText(String(refused));
  await page.getByText("All 3", { exact: true }).click();
  await look(page, "ports");
  await row(open).getByRole("link", { name: "Open in the TCP console" }).click();
  await expect(page.getByRole("combobox", { name: "Address" })).toHaveValue(`127.0.0.1:${open}`);
});

test("goes over a range with listeners in it, and the results can be copied", async ({
  tools: page,
  context,
  peers,
}) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const first = await peers.port(createServer());
  const last = first + 150;
  await check(page, `${first}-${last}`);
  await expect(summary(page)).toContainText(/^151 ports of 127\.0\.0\.1: \d+ open, done after /);
  await page.getByRole("button", { name: "Copy" }).locator("visible=true").click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const lines = copied.trimEnd().split("\n");
  expect(lines).toHaveLength(152);
  expect(lines[0]).toBe("127.0.0.1\t127.0.0.1");
  expect(lines[1]).toMatch(new RegExp(`^${first}\topen\t`));
  expect(lines.at(-1)).toMatch(new RegExp(`^${last}\t(refused|open)\t`));
});

test("names are looked up, and what is wrong is said before anything is dialled", async ({ tools: page }) => {
  await check(page, "http, nosuchservice");
  await expect(summary(page)).toHaveText("address tcp/nosuchservice: unknown port");
});

test("is canceled in the middle, by button and by Escape", async ({ tools: page, peers }) => {
  const stuck = await peers.stuckPort();
  await page.getByRole("spinbutton", { name: "Timeout, s" }).fill("60");
  for (const end of [
    () => page.getByRole("button", { name: "Cancel" }).locator("visible=true").click(),
    () => page.keyboard.press("Escape"),
  ]) {
    await check(page, `${stuck}`);
    await expect(page.getByRole("progressbar", { name: "Ports checked" })).toBeVisible();
    await expect(summary(page)).toContainText("0 of 1 port");
    await end();
    await expect(summary(page)).toContainText("0 of 1 port of 127.0.0.1: 0 open, canceled after ");
    await expect(page.getByRole("button", { name: "Check" })).toBeFocused();
  }
});

test("a link fills the form and dials nothing; what was checked is remembered", async ({
  tools: page,
  peers,
}) => {
  const { server, dialled } = counting();
  const port = await peers.port(server);
  await page.evaluate((hash) => location.assign(hash), `#/ports?host=localhost&ports=${port}&network=tcp4`);
  await expect(ports(page)).toHaveValue(String(port));
  await look(page, "ports-empty");
  expect(dialled()).toBe(0);
  await page.getByRole("button", { name: "Check" }).click();
  await expect(summary(page)).toContainText("1 port of localhost (127.0.0.1): 1 open, done");
  expect(dialled()).toBe(1);
  await page.getByRole("link", { name: "TCP console", exact: true }).click();
  const stored = await page.evaluate(() => localStorage.getItem("gonet.recent.ports"));
  expect(JSON.parse(stored ?? "")).toEqual([{ host: "localhost", ports: String(port), network: "tcp4" }]);
});
