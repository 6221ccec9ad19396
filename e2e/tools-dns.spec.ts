// DNS lookups of the page, answered by a real name server: Debian's dnsmasq. Where it is missing and may be installed, it is.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Locator, Page } from "@playwright/test";
import { type Gateway, serve } from "gonet/gateway";
import { installLimitMs, whyNoProgram } from "../src/testing/debian.js";
import { type Dnsmasq, startDnsmasq } from "./dnsmasq.js";
import { expect as baseExpect, look, test } from "./look.js";

// A busy machine takes its time.
const expect = baseExpect.configure({ timeout: 20_000 });
test.describe.configure({ timeout: 180_000 });

const hostileText = `<img src=x onerror="document.title='gone'"> \u001b]8;;javascript:x\u009d \u202egnp.exe`;

const zone = [
  "--host-record=a.test,192.0.2.1,2001:db8::1",
  "--cname=alias.test,a.test",
  "--mx-host=a.test,second.a.test,20",
  "--mx-host=a.test,first.a.test,10",
  "--srv-host=_sip._tcp.a.test,b.sip.test,5061,20,0",
  "--srv-host=_sip._tcp.a.test,a.sip.test,5060,10,5",
  "--srv-host=_sip._udp.a.test,c.sip.test,5062,0,0",
  "--txt-record=a.test,hello-,world",
  "--txt-record=a.test,grüße",
  `--txt-record=hostile.test,${hostileText}`,
  "--ptr-record=7.2.0.192.in-addr.arpa,seven.test",
];

const cards = (page: Page): Locator => page.locator(".lookup");
const name = (page: Page): Locator =>
  page.getByRole("combobox", { name: /^(Name|Domain|IP address|Service)$/ });

interface Wanted {
  readonly kind?: string;
  readonly name: string;
  readonly service?: string;
  readonly proto?: string;
  readonly server?: string;
}

async function lookUp(
  page: Page,
  { kind = "usual", name: wanted, service, proto, server = "" }: Wanted,
): Promise<void> {
  await page.getByLabel("Kind").selectOption(kind);
  await name(page).fill(wanted);
  if (service !== undefined) await page.getByRole("textbox", { name: "Service" }).fill(service);
  if (proto !== undefined) await page.getByLabel("Protocol").selectOption(proto);
  await page.getByLabel("Name server").fill(server);
  await name(page).press("Enter");
}

test.describe("DNS lookup", () => {
  let dnsmasq: Dnsmasq;
  let gateway: Gateway;

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  test.beforeAll(async ({}, info) => {
    info.setTimeout(installLimitMs);
    const reason = whyNoProgram("dnsmasq", "dnsmasq-base");
    test.skip(reason !== "", reason);
    dnsmasq = await startDnsmasq(zone);
    gateway = await serve({ host: "127.0.0.1", port: 0, dnsServers: [dnsmasq.server] });
  });

  test.afterAll(async () => {
    await gateway?.close();
    await dnsmasq?.close();
  });

  test.beforeEach(async ({ page }) => {
    await page.goto(gateway.openURL);
    await expect(page.getByRole("contentinfo")).toContainText("attached");
    await page.getByRole("link", { name: "DNS lookup" }).click();
  });

  test("of every kind, each called as in Go", async ({ page }) => {
    const all: [Wanted, call: string, found: string[]][] = [
      [{ kind: "host", name: "a.test" }, 'LookupHost("a.test")', ["192.0.2.1", "2001:db8::1"]],
      [{ kind: "ip4", name: "alias.test" }, 'LookupIP("ip4", "alias.test")', ["192.0.2.1"]],
      [{ kind: "ip6", name: "a.test" }, 'LookupIP("ip6", "a.test")', ["2001:db8::1"]],
      [{ kind: "cname", name: "alias.test" }, 'LookupCNAME("alias.test")', ["a.test."]],
      [{ kind: "mx", name: "a.test" }, 'LookupMX("a.test")', ["10first.a.test.", "20second.a.test."]],
      [{ kind: "txt", name: "a.test" }, 'LookupTXT("a.test")', ["grüße", "hello-world"]],
      [
        { kind: "srv", name: "a.test", service: "sip", proto: "tcp" },
        'LookupSRV("sip", "tcp", "a.test")',
        ["1055060a.sip.test.", "2005061b.sip.test."],
      ],
      [
        { kind: "srv", name: "a.test", service: "sip", proto: "udp" },
        'LookupSRV("sip", "udp", "a.test")',
        ["005062c.sip.test."],
      ],
      [{ kind: "addr", name: "192.0.2.7" }, 'LookupAddr("192.0.2.7")', ["seven.test."]],
      [{ kind: "port", name: "https", proto: "tcp" }, 'LookupPort("tcp", "https")', ["443"]],
      [{ kind: "ip", name: "192.0.2.9" }, 'LookupIP("ip", "192.0.2.9")', ["192.0.2.9"]],
    ];
    for (const [i, [wanted, call, found]] of all.entries()) {
      await lookUp(page, wanted);
      await expect(cards(page)).toHaveCount(i + 1);
      const card = cards(page).first();
      await expect(card.getByRole("heading")).toHaveText(call);
      await expect(card).toContainText(/\d ms, at \d\d:\d\d:\d\d/);
      expect((await card.locator("tbody tr").allTextContents()).sort()).toEqual(found.sort());
    }
  });

  test("the usual ones at once, with errors as Go prints them; repeated and copied", async ({
    page,
    context,
  }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await lookUp(page, { name: "a.test" });
    await expect(cards(page)).toHaveCount(5);
    const ns = cards(page).filter({ hasText: 'LookupNS("a.test")' });
    await expect(ns.locator(".failed")).toHaveText(`lookup a.test on ${dnsmasq.server}: no such host`);
    await look(page, "dns");
    await page.getByRole("button", { name: 'Copy the answer to LookupMX("a.test")' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
      /^LookupMX\("a\.test"\): .* ms\n10\tfirst\.a\.test\.\n20\tsecond\.a\.test\.\n$/,
    );
    await page.getByRole("button", { name: 'Repeat LookupMX("a.test")' }).press("Enter");
    await expect(cards(page)).toHaveCount(6);
    await expect(cards(page).first().getByRole("heading")).toHaveText('LookupMX("a.test")');
    await expect(
      cards(page)
        .first()
        .getByRole("button", { name: /^Repeat/ }),
    ).toBeFocused();
  });

  test("by a server that somebody names, asked through the gateway", async ({ page }) => {
    const other = await startDnsmasq(["--host-record=only.there.test,192.0.2.99"]);
    await lookUp(page, { kind: "host", name: "only.there.test" });
    await expect(cards(page).first().locator(".failed")).toContainText("no such host");
    await lookUp(page, { kind: "host", name: "only.there.test", server: other.server });
    await expect(cards(page).first().locator("tbody")).toHaveText("192.0.2.99");
    await expect(cards(page).first()).toContainText(`by ${other.server}`);
    await other.close();
  });

  test("a server that is silent is given up by Escape", async ({ page }) => {
    const silent = createSocket("udp4");
    silent.bind(0, "127.0.0.1");
    await once(silent, "listening");
    const asked = once(silent, "message");
    await lookUp(page, { kind: "host", name: "a.test", server: `127.0.0.1:${silent.address().port}` });
    await asked;
    await page.keyboard.press("Escape");
    await expect(cards(page).first().locator(".failed")).toHaveText("lookup a.test: operation was canceled");
    await expect(page.getByRole("button", { name: "Look up" })).toBeFocused();
    silent.close();
  });

  test("what a server says is never markup, and does nothing", async ({ page }) => {
    await lookUp(page, { kind: "txt", name: "hostile.test" });
    await expect(cards(page).first().locator("tbody")).toHaveText(
      `<img src=x onerror="document.title='gone'"> \\x1b]8;;javascript:x\\u009d \\u202egnp.exe`,
    );
    expect(await page.locator(".lookups img").count()).toBe(0);
    expect(await page.title()).toBe("DNS lookup · gonet");
    // Nor is a name that somebody else made the link with.
    await page.evaluate(
      (hash) => location.assign(hash),
      `#/dns?name=${encodeURIComponent("<b>\u202ex</b>")}&kind=host`,
    );
    await expect(name(page)).toHaveValue("<b>\u202ex</b>");
    await expect(cards(page)).toHaveCount(1);
    await page.getByRole("button", { name: "Look up" }).click();
    await expect(cards(page).first().getByRole("heading")).toHaveText('LookupHost("<b>\\u202ex</b>")');
  });

  test("a link fills the form and asks nobody; what was asked is remembered", async ({ page }) => {
    await page.evaluate((hash) => location.assign(hash), "#/dns?name=a.test&kind=srv&service=sip&proto=udp");
    await expect(page.getByRole("textbox", { name: "Service" })).toHaveValue("sip");
    await expect(page.getByLabel("Protocol")).toHaveValue("udp");
    await expect(cards(page)).toHaveCount(0);
    await page.getByRole("button", { name: "Look up" }).click();
    await expect(cards(page).first()).toContainText("c.sip.test.");
    await page.goto("about:blank");
    await page.goto(`${gateway.openURL}&/dns`);
    await expect(page.getByRole("contentinfo")).toContainText("attached");
    await page.getByRole("link", { name: "DNS lookup" }).click();
    await expect(page.getByRole("link", { name: "SRV sip udp a.test" })).toBeVisible();
    await look(page, "dns-empty");
  });
});
