// The page around the tools: what it is allowed, what it shows of the session, and how one finds one's way in it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { serve } from "gonet/gateway";
import { Chaos } from "../src/testing/chaos.js";
import { expect, look, test } from "./look.js";
import { echo, Peers } from "./peers.js";

const status = (page: Page): Locator => page.getByRole("contentinfo");

test.describe("the content security policy", () => {
  test("allows nothing but the page's own files and its own gateway", async ({ request, gateway }) => {
    const answer = await request.get(`${gateway.origin}/`);
    const policy = answer.headers()["content-security-policy"] ?? "";
    const allowed = Object.fromEntries(
      policy.split("; ").map((directive) => {
        const [name = "", ...values] = directive.split(" ");
        return [name, values.join(" ")];
      }),
    );
    const { host } = new URL(gateway.origin);
    expect(allowed).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "img-src": "'self'",
      "font-src": "'self'",
      "connect-src": `'self' ws://${host} wss://${host}`,
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "'none'",
    });
    expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/i);
  });

  test("stops what a hole in the page's files would let in", async ({ page, complaints, gateway, site }) => {
    const hole = `
      <script>ran.push("inline script")</script>
      <script src="${site.origin}/dist/index.js"></script>
      <style>body { color: red }</style>
      <p id="hole" style="color: red" onclick="ran.push('handler')">x</p>
      <img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" alt="">
      <iframe src="${gateway.origin}/"></iframe>`;
    await page.route(`${gateway.origin}/`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replace("</body>", `${hole}</body>`) });
    });
    await page.addInitScript(() => Object.assign(window, { ran: [] }));
    await page.goto(gateway.openURL);
    await expect(page.getByRole("heading", { name: "TCP console" })).toBeVisible(); // its own script ran
    await page.locator("#hole").dispatchEvent("click");
    const outcome = await page.evaluate(() => ({
      ran: (window as unknown as { ran: string[] }).ran,
      colors: ["body", "#hole"].map((of) => getComputedStyle(document.querySelector(of) as Element).color),
    }));
    expect(outcome.ran).toEqual([]);
    expect(outcome.colors).not.toContain("rgb(255, 0, 0)");
    const stopped = () => [...new Set(complaints.all.flatMap((t) => /^CSP: (\S+)/.exec(t)?.slice(1) ?? []))];
    const directives = ["frame-src", "img-src", "script-src-attr", "script-src-elem"];
    await expect.poll(() => stopped().sort()).toEqual([...directives, "style-src-attr", "style-src-elem"]);
    complaints.allow(/./);
  });

  test("stops what a hole in its scripts would do", async ({ tools: page, complaints, site }) => {
    const outcome = await page.evaluate(async (stranger) => {
      await new Promise((later) => setTimeout(later)); // the debugger, who is here until then, may do anything
      const attempts: Record<string, () => unknown> = {
        // biome-ignore lint/security/noGlobalEval: it must fail
        eval: () => eval("1"),
        "new Function": () => new Function("return 1")(),
        innerHTML: () => {
          document.createElement("p").innerHTML = "<b>x</b>";
        },
        "an attribute that is code": () => document.body.setAttribute("onclick", "1"),
        fetch: () => fetch(stranger),
        WebSocket: () =>
          new Promise((open, fail) => {
            const socket = new WebSocket(stranger.replace("http", "ws"));
            socket.onopen = open;
            socket.onerror = fail;
          }),
        // The one way to styles that are made by a script, and allowed.
        "a style sheet without an element": () => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync("body { outline-color: rgb(1, 2, 3) }");
          document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
        },
      };
      const done: string[] = [];
      for (const [name, attempt] of Object.entries(attempts)) {
        try {
          await attempt();
          done.push(name);
        } catch {
          // refused with an error
        }
      }
      return { done, outline: getComputedStyle(document.body).outlineColor };
    }, `${site.origin}/blank.html`);
    expect(outcome).toEqual({ done: ["a style sheet without an element"], outline: "rgb(1, 2, 3)" });
    complaints.allow(/./);
  });
});

test("a newcomer with what the program prints reaches a first dial", async ({ page }) => {
  const program = resolve(import.meta.dirname, "../dist/gateway/main.js");
  const gateway = spawn(process.execPath, [program, "serve", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let printed = "";
    for await (const chunk of gateway.stdout) {
      printed += chunk;
      if (printed.includes("\n")) break;
    }
    const [address = ""] = /http:\S+/.exec(printed) ?? [];
    await page.goto(address);
    await expect(status(page)).toContainText("attached");
    await page.getByRole("heading", { name: "For a first try" }).waitFor();
    await look(page, "first");
    await page.locator(".recent a").first().click();
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await expect(page.getByRole("log")).toContainText(`connected to ${new URL(address).host}`);
    await page.keyboard.type("GET / HTTP/1.0");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("log")).toContainText(/HTTP\/1\.1 \d\d\d/);
  } finally {
    const ended = once(gateway, "exit");
    gateway.kill("SIGKILL");
    await ended;
  }
});

test.describe("the status line", () => {
  test("counts while it reconnects, and says so once to a screen reader", async ({ page, complaints }) => {
    complaints.allow(/^console: (WebSocket connection to .* failed|Failed to load resource)/);
    const peers = new Peers();
    const chaos = await Chaos.start();
    const gateway = await serve({ host: "127.0.0.1", port: 0, hosts: [`127.0.0.1:${chaos.port}`] });
    chaos.target = Number(new URL(gateway.url).port);
    try {
      const url = new URL(gateway.openURL);
      url.port = String(chaos.port);
      await page.goto(url.href);
      await expect(status(page)).toContainText(`attached127.0.0.1:${chaos.port} since`);
      const address = page.getByRole("combobox", { name: "Address" });
      await address.fill(`127.0.0.1:${await peers.port(echo())}`);
      await address.press("Enter");
      await expect(page.getByRole("log")).toContainText("connected");
      await page.evaluate(() => {
        const said: string[] = [];
        Object.assign(window, { said });
        for (const region of document.querySelectorAll("body > .unseen > [aria-live]")) {
          new MutationObserver(() => region.textContent && said.push(region.textContent)).observe(region, {
            childList: true,
          });
        }
      });

      chaos.isDown = true;
      chaos.cut("reset");
      const counts = /reconnecting\(last heard (\d+) s ago, gives up in (\d+) s\)/;
      const counted = async (): Promise<[heard: number, left: number]> => {
        const [, heard = "", left = ""] = counts.exec((await status(page).textContent()) ?? "") ?? [];
        return [Number(heard), Number(left)];
      };
      await expect(status(page)).toHaveText(counts);
      const [heard, left] = await counted();
      await expect.poll(async () => (await counted())[0]).toBeGreaterThan(heard + 1);
      expect((await counted())[1]).toBeLessThan(left);
      await look(page, "status-reconnecting");
      const said = () => page.evaluate(() => (window as unknown as { said: string[] }).said);
      expect((await said()).filter((text) => text.includes("reconnecting"))).toHaveLength(1);

      // The connection did not notice.
      chaos.isDown = false;
      await expect(status(page)).toContainText("attached", { timeout: 30_000 });
      await page.getByRole("textbox", { name: "Message to send" }).fill("still there");
      await page.keyboard.press("Enter");
      await expect(page.getByRole("log").locator(".in .text")).toContainText("still there");
      expect((await said()).filter((text) => text.includes("attached"))).toHaveLength(1);

      // A gateway that ended it says why, and there is a way on.
      await gateway.close();
      await expect(status(page)).toContainText("lost");
      await expect(status(page)).toContainText("gateway closed");
      await expect(status(page).getByRole("button", { name: "Connect again" })).toBeVisible();
      await look(page, "status-lost");
      expect((await said()).filter((text) => text.startsWith("Gateway lost"))).toHaveLength(1);
    } finally {
      await gateway.close();
      await chaos.close();
      await peers.end();
    }
  });
});

test.describe("the way around", () => {
  test("every tool is in a group, and opens by its link", async ({ tools: page }) => {
    const nav = page.getByRole("navigation", { name: "Tools" });
    for (const group of ["Connect", "Local"]) {
      await expect(nav.getByRole("list", { name: group }).getByRole("link")).not.toHaveCount(0);
    }
    const names = await nav.getByRole("link").allTextContents();
    expect(await nav.getByRole("listitem").count()).toBe(names.length);
    for (const name of names) {
      await nav.getByRole("link", { name, exact: true }).click();
      await expect(page.getByRole("heading", { level: 2, name, exact: true })).toBeVisible();
      await expect(page.locator("nav [aria-current=page]")).toHaveText(name);
      await expect(page).toHaveTitle(`${name} · gonet`);
    }
    // By keyboard it goes round, in the order that is seen.
    const first = names[0] as string;
    await page.keyboard.press("Alt+ArrowDown");
    await expect(page.locator("nav [aria-current=page]")).toHaveText(first);
    await page.keyboard.press("Alt+ArrowUp");
    await expect(page.locator("nav [aria-current=page]")).toHaveText(names.at(-1) as string);
  });

  test("no tool is wider than a phone", async ({ tools: page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    const links = page.getByRole("navigation", { name: "Tools" }).locator("a");
    for (const href of await links.evaluateAll((all) => all.map((a) => a.getAttribute("href")))) {
      await page.evaluate((hash) => {
        location.hash = hash ?? "";
      }, href);
      await expect(page.locator("nav [aria-current=page]")).toHaveAttribute("href", href ?? "");
      // What is wider scrolls in its own place.
      const width = await page.evaluate(() =>
        Math.max(
          ...[...document.querySelectorAll("body, main, .content, .statusline, .side-bar")].map(
            (e) => e.scrollWidth,
          ),
        ),
      );
      expect(width, href ?? "").toBeLessThanOrEqual(360);
    }
  });

  test("the first Tab offers to skip the list of tools", async ({ tools: page }) => {
    await page.keyboard.press("Tab");
    const skip = page.getByRole("button", { name: "Skip to the tool" });
    await expect(skip).toBeFocused();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.closest("main") !== null)).toBe(true);
  });

  test("on a narrow page the tools are a menu that closes by itself", async ({ tools: page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    const nav = page.getByRole("navigation", { name: "Tools" });
    const menu = page.getByRole("button", { name: "Tools, shown is TCP console" });
    await expect(nav).toBeHidden();
    await menu.click();
    await expect(nav.getByRole("link", { name: "TCP listener" })).toBeVisible();
    await look(page, "menu");
    await page.setViewportSize({ width: 360, height: 740 });
    await page.keyboard.press("Escape");
    await expect(nav).toBeHidden();
    await expect(menu).toBeFocused();
    await menu.click();
    await status(page).click();
    await expect(nav).toBeHidden();
    await menu.click();
    await nav.getByRole("link", { name: "TCP listener" }).click();
    await expect(nav).toBeHidden();
    await expect(page.getByRole("button", { name: "Tools, shown is TCP listener" })).toBeVisible();
  });
});
