// The terminal, against a real OpenSSH server.
import type { Locator, Page } from "@playwright/test";
import { installLimitMs } from "../src/testing/debian.js";
import { type Sshd, startSshd, whyNoSshd } from "../src/testing/sshd.js";
import { test as base, expect } from "./look.js";

const why = whyNoSshd();

const test = base.extend<object, { sshd: Sshd }>({
  sshd: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
    async ({}, use) => {
      const sshd = await startSshd();
      await use(sshd);
      await sshd.close();
    },
    { scope: "worker", timeout: installLimitMs },
  ],
});

test.skip(why !== "", why);

const screen = (page: Page): Locator => page.locator(".xterm-rows:visible");
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();

/** connect fills the form and submits it. */
async function connect(page: Page, destination: string): Promise<void> {
  await page.getByRole("link", { name: "Terminal" }).click();
  const address = page.getByRole("combobox", { name: "Address" });
  await address.fill(destination);
  await address.press("Enter");
}

/** logIn answers the questions and waits for the prompt. */
async function logIn(page: Page, { user, password, port }: Sshd): Promise<void> {
  await connect(page, `${user}@127.0.0.1:${port}`);
  await press(page, "Yes, remember it");
  await page.getByLabel(`Password for ${user}`).fill(password);
  await page.keyboard.press("Enter");
  await expect(screen(page)).toContainText("ready$");
}

test("logs in with a password, and shows what the shell says", async ({ tools: page, sshd }) => {
  await logIn(page, sshd);
  await page.keyboard.type("echo $((6 * 7)) $TERM $LANG; exit 3\n");
  await expect(screen(page)).toContainText("42 xterm-256color C.UTF-8");
  await expect(page.locator(".facts:visible")).toContainText("exit status 3");
});
