// Ping from the page: real echo requests, to hosts that answer and to one that does not.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { resolve } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { serve } from "gonet/gateway";
import { expect as baseExpect, look, test } from "./look.js";
import { Namespaces, whyNoNamespaces } from "./netns.js";

// A busy machine takes its time.
const expect = baseExpect.configure({ timeout: 20_000 });
test.describe.configure({ timeout: 180_000 });

const rows = (page: Page): Locator => page.locator(".ping tbody tr");
const fact = (page: Page, name: string): Locator => page.locator(`.ping .fact.${name} dd`);
const summary = (page: Page): Locator => page.locator(".ping .summary");
const plot = (page: Page): Locator => page.locator(".ping").getByRole("img");

interface Wanted {
  readonly host: string;
  readonly count?: number;
  readonly interval?: number;
  readonly timeout?: number;
  readonly size?: number;
}

async function ping(
  page: Page,
  { host, count = 0, interval = 0.1, timeout = 2, size = 56 }: Wanted,
): Promise<void> {
  const number = (name: string): Locator => page.getByRole("spinbutton", { name });
  await number("Count").fill(String(count));
  await number("Interval, s").fill(String(interval));
  await number("Timeout, s").fill(String(timeout));
  await number("Size, B").fill(String(size));
  await page.getByRole("combobox", { name: "Host" }).fill(host);
  await page.getByRole("combobox", { name: "Host" }).press("Enter");
}

async function openPing(page: Page, openURL: string): Promise<void> {
  await page.goto(openURL);
  await expect(page.getByRole("contentinfo")).toContainText("attached");
  await page.getByRole("link", { name: "Ping" }).click();
}

test.describe("with raw sockets", () => {
  test.skip(process.getuid?.() !== 0, "raw sockets need root");

  test("127.0.0.1 answers, with its TTL, and is counted as ping(8) does", async ({
    tools: page,
    context,
  }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("link", { name: "Ping" }).click();
    await ping(page, { host: "localhost", count: 3 });
    await expect(summary(page)).toContainText(
      /^localhost \(127\.0\.0\.1\): 3 packets transmitted, 3 received, 0% packet loss, round-trip min\/avg\/max\/stddev = [\d./]+ ms$/,
    );
    await expect(rows(page)).toHaveCount(3);
    await expect(rows(page).first().getByRole("cell")).toHaveText([
      /^3$/,
      /:/,
      / ms$/,
      "64",
      "64",
      "from 127.0.0.1",
    ]);
    await expect(fact(page, "lost")).toHaveText("0 (0% packet loss)");
    await expect(plot(page)).toHaveAccessibleName(
      /^Round-trip time of the last .*: 3 values between .* the newest .* ms$/,
    );
    await expect(page.getByRole("button", { name: "Ping" })).toBeFocused();
    await page.getByRole("button", { name: "Copy" }).locator("visible=true").click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(
      /^localhost \(127\.0\.0\.1\)\n3 packets transmitted, 3 received, 0% packet loss\n/,
    );
    expect(copied.trimEnd().split("\n")).toHaveLength(8);
  });

  test("::1 answers, too", async ({ tools: page }) => {
    const has = Object.values(networkInterfaces()).some((all) =>
      all?.some(({ address }) => address === "::1"),
    );
    test.skip(!has, "needs IPv6 on loopback");
    await page.getByRole("link", { name: "Ping" }).click();
    await ping(page, { host: "::1", count: 2, size: 0 });
    await expect(summary(page)).toContainText("2 packets transmitted, 2 received, 0% packet loss");
    await expect(rows(page).first().getByRole("cell")).toHaveText([/^2$/, /:/, / ms$/, "", "8", "from ::1"]);
  });

  test("what is too long is message too long, in Go's words", async ({ tools: page }) => {
    await page.getByRole("link", { name: "Ping" }).click();
    await ping(page, { host: "127.0.0.1", count: 1, size: 65_528 });
    await expect(rows(page).last()).toContainText("write ip4 127.0.0.1->127.0.0.1: write: message too long");
    await expect(summary(page)).toContainText("1 packets transmitted, 0 received, 100% packet loss");
  });

  test("a link fills the form and sends nothing; a run goes on until it is stopped", async ({
    tools: page,
  }) => {
    await page.evaluate((hash) => location.assign(hash), "#/ping?host=127.0.0.1&interval=0.05&size=100");
    await expect(page.getByRole("spinbutton", { name: "Size, B" })).toHaveValue("100");
    await look(page, "ping-empty");
    await expect(summary(page)).toBeHidden();
    await page.getByRole("button", { name: "Ping" }).click();
    await expect(rows(page).nth(9)).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(summary(page)).toContainText(/\d+ packets transmitted, \d+ received/);
    const count = await rows(page).count();
    await page.getByRole("link", { name: "TCP console" }).click();
    await page.getByRole("link", { name: "Ping" }).click();
    await expect(rows(page)).toHaveCount(count);
  });

  test("a host beyond two routers answers, and one that is not there is lost", async ({ page }) => {
    const reason = whyNoNamespaces();
    test.skip(reason !== "", reason);
    const net = new Namespaces();
    try {
      net.add("here", "router", "there");
      net.link("here", ["10.99.1.2/24"], "router", ["10.99.1.1/24"]);
      net.link("router", ["10.99.2.1/24"], "there", ["10.99.2.2/24"]);
      net.ip("here", "route", "add", "default", "via", "10.99.1.1");
      net.ip("there", "route", "add", "default", "via", "10.99.2.1");
      // Packets to a hardware address that nobody has are lost without a word.
      net.ip("here", "neighbor", "add", "10.99.1.99", "lladdr", "02:00:00:00:00:99", "dev", "to-router");
      const { openURL } = await net.gateway("here");
      await openPing(page, openURL);
      await ping(page, { host: "10.99.2.2", count: 2 });
      await expect(summary(page)).toContainText("2 packets transmitted, 2 received");
      await expect(rows(page).first().getByRole("cell")).toHaveText([
        /^2$/,
        /:/,
        / ms$/,
        "63",
        "64",
        "from 10.99.2.2",
      ]);
      await ping(page, { host: "10.99.1.99", count: 3, timeout: 0.3 });
      await expect(summary(page)).toContainText(
        "10.99.1.99: 3 packets transmitted, 0 received, 100% packet loss",
      );
      await expect(rows(page)).toContainText(Array(3).fill("no reply in time"));
      await expect(plot(page)).toHaveAccessibleName(/all 3 lost$/);
      // It comes back to life in the middle.
      await ping(page, { host: "10.99.1.77", interval: 0.1, timeout: 0.2 });
      net.ip("here", "neighbor", "replace", "10.99.1.77", "lladdr", "02:00:00:00:00:99", "dev", "to-router");
      await expect(fact(page, "lost")).toContainText(/^[1-9]/);
      net.ip("router", "address", "add", "10.99.1.77/24", "dev", "to-here");
      net.ip("here", "neighbor", "delete", "10.99.1.77", "dev", "to-router");
      await expect(fact(page, "received")).toContainText(/^([3-9]|\d\d+)$/);
      await look(page, "ping");
      await page.getByRole("button", { name: "Stop" }).locator("visible=true").click();
      await expect(summary(page)).toContainText("packet loss");
    } finally {
      await page.close(); // it would look for its gateway
      await net.end();
    }
  });

  test("a run ends with its session, and says so", async ({ page, complaints }) => {
    complaints.allow(/^console: (WebSocket connection to .* failed|Failed to load resource)/);
    const gateway = await serve({ host: "127.0.0.1", port: 0 });
    await openPing(page, gateway.openURL);
    await ping(page, { host: "127.0.0.1" });
    await expect(rows(page).nth(2)).toBeVisible();
    await gateway.close();
    const reset = /^(read|write) ip4 127\.0\.0\.1->127\.0\.0\.1: \1: connection reset by peer$/;
    await expect(rows(page).getByText(reset).first()).toBeVisible();
    await expect(summary(page)).toContainText("packets transmitted");
    await expect(page.getByRole("button", { name: "Ping" })).toBeVisible();
  });

  test("a gateway that may not open raw sockets says so, and what it needs", async ({ page }) => {
    const program = resolve(import.meta.dirname, "../dist/gateway/main.js");
    const without = ["--bounding-set", "-net_raw", "--inh-caps", "-net_raw"];
    const child: ChildProcess = spawn(
      "setpriv",
      [...without, process.execPath, program, "serve", "--listen", "127.0.0.1:0", "--log-level", "silent"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    try {
      const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
      await openPing(page, /http:\S+/.exec(String(line))?.[0] ?? "");
      await ping(page, { host: "127.0.0.1" });
      await expect(summary(page)).toContainText("dial ip4:icmp 127.0.0.1: socket: operation not permitted");
      await expect(summary(page)).toContainText("it needs the capability CAP_NET_RAW");
      await look(page, "ping-forbidden");
    } finally {
      await page.close(); // it would look for its gateway
      const ended = once(child, "exit");
      child.kill();
      await ended;
    }
  });
});
