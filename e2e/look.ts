// What every test of the tools page starts from: the page, attached to a gateway, and a test that fails if the page
// complained. And look, for the eye and for who cannot see.
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Page } from "@playwright/test";
import axe from "axe-core";
import { test as base, expect } from "./fixtures.js";

export { expect } from "./fixtures.js";

const shots = resolve(import.meta.dirname, "screenshots");

const sizes = [
  ["wide", { width: 1280, height: 800 }],
  ["narrow", { width: 390, height: 780 }],
] as const;
const schemes = ["light", "dark"] as const;

/** Complaints are what a page's console said, its uncaught errors, and what its content security policy stopped. */
export interface Complaints {
  /** all of them, in order, each with its kind in front: "console: ", "error: ", "CSP: ". */
  readonly all: string[];
  /** allow says that a test means to cause those that match pattern. */
  allow(pattern: RegExp): void;
}

/** test has the page, and fails if it complained about anything that was not allowed. */
export const test = base.extend<{ complaints: Complaints; tools: Page }>({
  complaints: [
    async ({ page }, use) => {
      const all: string[] = [];
      const allowed: RegExp[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning")
          all.push(`console: ${message.text()}`);
      });
      page.on("pageerror", (err) => all.push(`error: ${err}`));
      await page.exposeFunction("complain", (text: string) => all.push(text));
      await page.addInitScript(() => {
        addEventListener("securitypolicyviolation", (event) => {
          const { complain } = window as unknown as { complain(text: string): void };
          complain(`CSP: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
        });
      });
      await use({ all, allow: (pattern) => allowed.push(pattern) });
      expect(all.filter((text) => !allowed.some((pattern) => pattern.test(text)))).toEqual([]);
    },
    { auto: true },
  ],

  /** tools is the page, attached. */
  tools: async ({ page, gateway }, use) => {
    await page.goto(gateway.openURL);
    await expect(page.getByRole("contentinfo")).toContainText("attached");
    await use(page);
  },
});

/**
 * look takes screenshots of what is shown, light and dark, wide and narrow, into e2e/screenshots, and has axe look for what
 * a screen reader, the keyboard or weak eyes would stumble over. What is serious or critical fails the test.
 */
export async function look(page: Page, name: string): Promise<void> {
  await mkdir(shots, { recursive: true });
  const before = page.viewportSize();
  const found: string[] = [];
  for (const [size, viewport] of sizes) {
    await page.setViewportSize(viewport);
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: resolve(shots, `${name}-${colorScheme}-${size}.png`) });
      // Colours are the same at both sizes, and the layout is the same in both schemes: two looks see all.
      if ((size === "wide") === (colorScheme === "light")) {
        found.push(...(await findings(page)).map((finding) => `${colorScheme}, ${size}: ${finding}`));
      }
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (before !== null) await page.setViewportSize(before);
  expect(found, `what axe finds in ${name}`).toEqual([]);
}

/** findings are the serious and critical ones of axe about the page as it is. */
async function findings(page: Page): Promise<string[]> {
  // Through the debugger, which no content security policy concerns.
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, help, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`),
      );
  });
}
