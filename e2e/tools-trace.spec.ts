// Trace route from the page, over real routers: network namespaces with cables between them.
import type { Locator, Page } from "@playwright/test";
import { expect as baseExpect, look, test } from "./look.js";
import { Namespaces, whyNoNamespaces } from "./netns.js";

// A busy machine takes its time.
const expect = baseExpect.configure({ timeout: 20_000 });
test.describe.configure({ timeout: 180_000 });

const rows = (page: Page): Locator => page.locator(".trace tbody tr");
const hosts = (page: Page): Locator => rows(page).locator("td:nth-child(2)");
const summary = (page: Page): Locator => page.locator(".trace .summary");

interface Wanted {
  readonly host: string;
  readonly method?: "ICMP" | "UDP";
  readonly hops?: number;
  readonly timeout?: number;
}

async function trace(page: Page, { host, method = "ICMP", hops = 30, timeout = 5 }: Wanted): Promise<void> {
  await page.getByRole("combobox", { name: "Probes" }).selectOption(method);
  await page.getByRole("spinbutton", { name: "Max. hops" }).fill(String(hops));
  await page.getByRole("spinbutton", { name: "Timeout, s" }).fill(String(timeout));
  await page.getByRole("combobox", { name: "Host" }).fill(host);
  await page.getByRole("combobox", { name: "Host" }).press("Enter");
}

test.describe("over two routers", () => {
  let net: Namespaces;
  let openURL: string;

  test.beforeAll(async () => {
    const reason = whyNoNamespaces();
    test.skip(reason !== "", reason);
    net = new Namespaces();
    net.add("here", "one", "two", "there");
    net.link("here", ["10.99.1.2/24", "fd99:1::2/64"], "one", ["10.99.1.1/24", "fd99:1::1/64"]);
    net.link("one", ["10.99.2.1/24", "fd99:2::1/64"], "two", ["10.99.2.2/24", "fd99:2::2/64"]);
    net.link("two", ["10.99.3.1/24", "fd99:3::1/64"], "there", ["10.99.3.2/24", "fd99:3::2/64"]);
    net.ip("here", "route", "add", "default", "via", "10.99.1.1");
    net.ip("here", "route", "add", "default", "via", "fd99:1::1");
    net.ip("one", "route", "add", "10.99.3.0/24", "via", "10.99.2.2");
    net.ip("one", "route", "add", "fd99:3::/64", "via", "fd99:2::2");
    net.ip("two", "route", "add", "10.99.1.0/24", "via", "10.99.2.1");
    net.ip("two", "route", "add", "fd99:1::/64", "via", "fd99:2::1");
    net.ip("there", "route", "add", "default", "via", "10.99.3.1");
    net.ip("there", "route", "add", "default", "via", "fd99:3::1");
    // What the second router says no to, and what it is silent about.
    net.ip("two", "route", "add", "unreachable", "10.99.4.0/24");
    net.ip("one", "route", "add", "10.99.4.0/24", "via", "10.99.2.2");
    net.ip("two", "route", "add", "blackhole", "10.99.5.0/24");
    net.ip("one", "route", "add", "10.99.5.0/24", "via", "10.99.2.2");
    const lines = ["127.0.0.1 localhost", "10.99.1.1 first.router.test", "10.99.2.2 second.router.test"];
    ({ openURL } = await net.gateway("here", [...lines, "10.99.3.2 far.test", "fd99:3::2 far.test"]));
  });

  test.afterAll(async () => {
    await net?.end();
  });

  test.beforeEach(async ({ page }) => {
    await page.goto(openURL);
    await expect(page.getByRole("contentinfo")).toContainText("attached");
    await page.getByRole("link", { name: "Trace route" }).click();
  });

  test("echoes find each router, by name, and the host behind them", async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await trace(page, { host: "10.99.3.2" });
    await expect(summary(page)).toContainText(/^10\.99\.3\.2 reached over 3 hops, after /);
    await expect(hosts(page)).toHaveText([
      "first.router.test (10.99.1.1)",
      "second.router.test (10.99.2.2)",
      "far.test (10.99.3.2)",
    ]);
    for (const row of await rows(page).all()) {
      await expect(row.getByRole("cell").filter({ hasText: / ms$/ })).toHaveCount(3);
    }
    await expect(page.getByRole("button", { name: "Trace" })).toBeFocused();
    await look(page, "trace");
    await page.getByRole("button", { name: "Copy" }).locator("visible=true").click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/\n3\tfar\.test \(10\.99\.3\.2\)\t[\d.]+ ms\t[\d.]+ ms\t[\d.]+ ms\n$/);
  });

  test("datagrams find the same, and so do both over IPv6", async ({ page }) => {
    await trace(page, { host: "10.99.3.2", method: "UDP" });
    await expect(summary(page)).toContainText(/^10\.99\.3\.2 reached over 3 hops, after /);
    await expect(hosts(page)).toContainText(["(10.99.1.1)", "(10.99.2.2)", "(10.99.3.2)"]);
    for (const method of ["ICMP", "UDP"] as const) {
      await trace(page, { host: "fd99:3::2", method });
      await expect(summary(page)).toContainText(/^fd99:3::2 reached over 3 hops, after /);
      await expect(hosts(page)).toHaveText(["fd99:1::1", "fd99:2::2", "far.test (fd99:3::2)"]);
    }
  });

  test("a router that says no ends it, in its words", async ({ page }) => {
    await trace(page, { host: "10.99.4.1" });
    await expect(summary(page)).toContainText(/^10\.99\.4\.1 cannot be reached from hop 2, after /);
    await expect(hosts(page).nth(1)).toHaveText("second.router.test (10.99.2.2)host unreachable");
  });

  test("what nobody answers is shown as such, up to the last hop or until it is stopped", async ({
    page,
  }) => {
    await trace(page, { host: "10.99.5.1", hops: 3, timeout: 0.5 });
    await expect(summary(page)).toContainText(/^10\.99\.5\.1 not reached within 3 hops, after /);
    await expect(hosts(page)).toHaveText([/10\.99\.1\.1/, "no answer", "no answer"]);
    await expect(rows(page).nth(1).getByRole("cell").nth(2)).toHaveText("* no answer");
    await trace(page, { host: "10.99.5.1", timeout: 60 });
    await expect(page.getByRole("progressbar", { name: "Hops probed" })).toBeVisible();
    await expect(summary(page)).toHaveText("10.99.5.1: hop 2 of at most 30");
    await page.keyboard.press("Escape");
    await expect(summary(page)).toContainText("10.99.5.1 stopped at hop 2");
  });

  test("a link fills the form and sends nothing; what was traced is remembered", async ({ page }) => {
    await page.evaluate(
      (hash) => location.assign(hash),
      "#/trace?host=far.test&network=ip4&method=UDP&hops=9",
    );
    await expect(page.getByRole("spinbutton", { name: "Max. hops" })).toHaveValue("9");
    await expect(summary(page)).toBeHidden();
    await page.getByRole("button", { name: "Trace" }).click();
    await expect(summary(page)).toContainText("far.test (10.99.3.2) reached over 3 hops");
    await page.goto("about:blank");
    await page.goto(`${openURL}&/trace`);
    await expect(page.getByRole("link", { name: "ip4 UDP far.test" })).toBeVisible();
    await look(page, "trace-empty");
  });
});
