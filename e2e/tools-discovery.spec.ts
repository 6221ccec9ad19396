// Discovery against avahi, and against responders that are out to do harm, on a network of two machines.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { program, whyNoProgram } from "../src/testing/debian.js";
import { test as base, expect, look } from "./look.js";
import { interfaceName, Machines, peerAddress, whyNoNamespace } from "./machines.js";

const noNamespace = whyNoNamespace();

const test = base.extend<{ machines: Machines }>({
  machines: async ({ page }, use) => {
    const machines = await Machines.start();
    await use(machines);
    await page.close(); // first, or it complains that its gateway is gone
    await machines.end();
  },
});

test.skip(noNamespace !== "", noNamespace);

const rows = (page: Page): Locator => page.locator(".discovery tbody tr");
const summary = (page: Page): Locator => page.locator(".discovery .summary");

async function discover(page: Page, machines: Machines): Promise<void> {
  await page.goto(machines.openURL);
  await expect(page.getByRole("contentinfo")).toContainText("attached");
  await page.getByRole("link", { name: "Discovery" }).click();
  await page.getByLabel("Interface").selectOption(interfaceName);
  await page.getByRole("button", { name: "Discover" }).click();
}

test("finds what avahi announces, with its host, port, addresses and text", async ({ page, machines }) => {
  const noAvahi = whyNoProgram("avahi-daemon", "avahi-daemon");
  test.skip(noAvahi !== "", noAvahi);
  const folder = mkdtempSync(join(tmpdir(), "gonet-avahi-"));
  writeFileSync(
    join(folder, "conf"),
    "[server]\nhost-name=printer\nenable-dbus=no\nallow-interfaces=lan1\nuse-ipv6=no\n[publish]\npublish-workstation=no\n",
  );
  writeFileSync(
    join(folder, "web.service"),
    `<?xml version="1.0"?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>Front Desk. 2nd floor</name>
<service><type>_ipp._tcp</type><port>631</port><txt-record>note=Grüße</txt-record></service>
<service><type>_odd-one._udp</type><port>4000</port></service></service-group>`,
  );
  // It has its files at fixed places: they are put there for it alone.
  const start = 'mount --bind "$0" /etc/avahi/services; mount -t tmpfs none /run; exec "$@"';
  const daemon = [
    program("avahi-daemon") as string,
    "--no-drop-root",
    "--no-chroot",
    "-f",
    join(folder, "conf"),
  ];
  machines.peerCommand("unshare", "-m", "sh", "-c", start, folder, ...daemon);
  try {
    await discover(page, machines);
    const printer = rows(page).filter({ hasText: "_ipp._tcp" });
    await expect(printer).toContainText("Front Desk. 2nd floor", { timeout: 20_000 });
    await expect(printer).toContainText("printer.local:631");
    await expect(printer).toContainText("note=Grüße");
    await expect(printer.getByRole("link", { name: `${peerAddress}:631` })).toBeVisible();
    // A type that nobody asked for by name is found by the question for all types.
    await expect(rows(page).filter({ hasText: "_odd-one._udp" })).toContainText("printer.local:4000");
    await look(page, "discovery");
    await page.getByRole("button", { name: "Stop" }).click();
    await expect(summary(page)).toContainText(/^Stopped on lan0: \d+ found/);
    await printer.getByRole("link", { name: `${peerAddress}:631` }).click();
    await expect(page.getByRole("combobox", { name: "Address" })).toHaveValue(`${peerAddress}:631`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("shows what hostile responders say, and nothing of it does anything", async ({ page, machines }) => {
  const responders = machines.peer(resolve(import.meta.dirname, "responders.mjs"), peerAddress);
  await once(responders, "message");
  await discover(page, machines);
  const service = rows(page).filter({ hasText: /^mDNS/ });
  await expect(service).toContainText("<img src=x onerror=complain('mdns')>\\u202e\\x1b[2J");
  await expect(service).toContainText("<b>host.local:8080");
  await expect(service).toContainText("<script>complain('txt')</script>");
  await expect(service).toContainText("\\x1b]52;c;aGk=\\a");
  await expect(summary(page)).toContainText(/\d+ of them malformed/);
  const device = rows(page).filter({ hasText: /^SSDP/ });
  await expect(device).toContainText("<img src=x onerror=complain('mdns')>\\u202e");
  await expect(device).toContainText(`http://${peerAddress}/"><script>complain('ssdp')</script>`);
  await expect(device.getByRole("link")).toHaveCount(0);
  await expect(rows(page)).toHaveCount(2);
  await expect(page.locator("main img, main script, main b")).toHaveCount(0);
  await look(page, "discovery-hostile");
  // Both say goodbye to their groups, where we listen.
  responders.send("bye");
  await expect(service).toContainText("said goodbye");
  await expect(device).toContainText("said goodbye");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Discover" })).toBeVisible();
});

test("says what is wrong: nothing chosen", async ({ page, machines }) => {
  await page.goto(machines.openURL);
  await page.getByRole("link", { name: "Discovery" }).click();
  await page.getByLabel("mDNS").uncheck();
  await page.getByLabel("SSDP").uncheck();
  await page.getByRole("button", { name: "Discover" }).click();
  await expect(summary(page)).toHaveText("choose mDNS, SSDP or both");
});
