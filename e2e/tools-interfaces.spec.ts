// The interfaces tool on a machine with two interfaces, and on this one.
import type { Locator, Page } from "@playwright/test";
import { expect, look, test } from "./look.js";
import { gatewayAddress, interfaceName, Machines, whyNoNamespace } from "./machines.js";

const reason = whyNoNamespace();

const card = (page: Page, name: string): Locator =>
  page.getByRole("listitem").filter({ has: page.getByRole("heading", { level: 3, name: `${name} index` }) });

test("shows the interfaces of this machine without being asked twice", async ({ tools: page }) => {
  await page.getByRole("link", { name: "Interfaces" }).click();
  const lo = card(page, "lo");
  await expect(lo).toContainText("Flagsup|loopback");
  await expect(lo).toContainText("127.0.0.1/8");
  await expect(page.getByRole("link", { name: "Interfaces" })).toBeFocused();
  await lo.getByRole("link", { name: "Listen on 127.0.0.1/8" }).click();
  await expect(page.getByRole("textbox", { name: "Listen on" })).toHaveValue("127.0.0.1:0");
});

test("shows flags, MTU, hardware address, addresses and groups of two interfaces", async ({ page }) => {
  test.skip(reason !== "", reason);
  const machines = await Machines.start();
  try {
    await page.goto(machines.openURL);
    await expect(page.getByRole("contentinfo")).toContainText("attached");
    await page.getByRole("link", { name: "Interfaces" }).click();
    await expect(page.locator(".interfaces-bar .summary")).toContainText(/^2 interfaces at \d\d:/);
    await expect(page.locator(".interface")).toHaveCount(2);
    const lan = card(page, interfaceName);
    await expect(lan).toContainText("Flagsup|broadcast|multicast|running");
    await expect(lan).toContainText("MTU1,500");
    await expect(lan).toContainText(/Hardware address[0-9a-f]{2}(:[0-9a-f]{2}){5}/);
    await expect(lan).toContainText(`${gatewayAddress}/24`);
    await expect(lan).toContainText("224.0.0.1");
    await expect(card(page, "lo")).toContainText("Hardware addressnone");
    await look(page, "interfaces");

    await page.getByRole("button", { name: "Refresh" }).click();
    await expect(page.locator(".interface")).toHaveCount(2);
    await page.getByRole("button", { name: "Copy" }).click();
    await expect(page.locator("body > .unseen")).toContainText(/Copied|Selected/);
    await lan.getByRole("link", { name: `Listen on ${gatewayAddress}/24` }).click();
    await page.getByRole("button", { name: "Listen", exact: true }).click();
    await expect(page.locator(".outcome")).toContainText(`Listening on ${gatewayAddress}:`);
    await page.getByRole("button", { name: "Stop" }).click();
  } finally {
    await page.close(); // first, or it complains that its gateway is gone
    await machines.end();
  }
});
