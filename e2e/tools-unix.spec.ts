// The Unix sockets against real ones on this machine.
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { test as base, expect, look } from "./look.js";

const test = base.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "gonet-unix-"));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
});

const log = (page: Page): Locator => page.getByRole("log");
const facts = (page: Page): Locator => page.locator(".facts:visible");
const error = (page: Page): Locator => log(page).locator(".note.error .said > span").last();
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();

async function open(page: Page, call: "Dial" | "Listen", network: string, address: string): Promise<void> {
  await page.getByLabel("Open with").locator("visible=true").selectOption(call);
  await page.getByLabel("Network").locator("visible=true").selectOption(network);
  await page.getByRole("combobox", { name: "Address" }).fill(address);
  await press(page, "Open");
}

async function send(page: Page, text: string): Promise<void> {
  await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();
  await page.getByRole("textbox", { name: "Message to send" }).fill(text);
  await page.keyboard.press("Enter");
}

test.beforeEach(async ({ tools: page }) => {
  await page.getByRole("link", { name: "Unix sockets" }).click();
});

test("dials a server at a path, talks and hears its end", async ({ tools: page, folder }) => {
  const path = join(folder, "app.sock");
  const server = createServer((socket) => {
    socket.once("data", (data) => socket.end(`you said ${data}`));
  });
  server.listen(path);
  await once(server, "listening");
  await open(page, "Dial", "unix", path);
  await send(page, "hello");
  await expect(log(page).locator(".in .text")).toContainText("you said hello\\r\\n");
  await expect(log(page).locator(".note.end")).toContainText("EOF");
  await expect(facts(page)).toContainText(`Remote${path}`);
  await expect(page).toHaveURL(/#\/unix\?target=\/.*app\.sock$/);
  await look(page, "unix-dial");
  await press(page, "Close");
  await new Promise((done) => server.close(done));
  await press(page, "+ New");
  await expect(page.getByRole("link", { name: path })).toBeVisible();
});

test("listens at a path; what connects has a tab of its own", async ({ tools: page, folder }) => {
  const path = join(folder, "door.sock");
  await open(page, "Listen", "unix", path);
  await expect(log(page)).toContainText(`listening on ${path}`);
  const peers = [connect(path), connect(path)];
  await expect(page.getByRole("tab")).toHaveCount(3);
  await expect(log(page)).toContainText("accepted a connection");
  const heard = async () => String((await once(peers[1] as NonNullable<(typeof peers)[1]>, "data"))[0]);
  const got = heard();
  await page.getByRole("tab", { name: "door.sock 2" }).click();
  peers[1]?.write("from the peer");
  await expect(log(page).locator(".in .text")).toHaveText("from the peer");
  await send(page, "to the peer");
  expect(await got).toBe("to the peer\r\n");
  await look(page, "unix-accepted");
  await page.getByRole("tab", { name: "door.sock", exact: true }).click();
  await press(page, "Stop");
  await expect(log(page)).toContainText("stopped listening");
  // Its file is gone, and whoever was accepted stays.
  expect(existsSync(path)).toBe(false);
  await page.getByRole("tab", { name: "door.sock 2" }).click();
  const gotAgain = heard();
  await send(page, "and again");
  expect(await gotAgain).toBe("and again\r\n");
  for (const peer of peers) peer.destroy();
});

test("datagrams go between two tabs, with answers; records keep their borders", async ({
  tools: page,
  folder,
}) => {
  const [here, there] = [join(folder, "here"), join(folder, "there")];
  await open(page, "Listen", "unixgram", there);
  await expect(facts(page)).toContainText(`Local${there}`);
  await press(page, "+ New");
  await page.getByLabel("Network").locator("visible=true").selectOption("unixgram");
  await page.getByLabel("Own address, for answers").locator("visible=true").fill(here);
  await page.getByRole("combobox", { name: "Address" }).fill(there);
  await press(page, "Open");
  await send(page, "ping");
  await page.getByRole("tab", { name: "there" }).first().click();
  await expect(log(page).locator(".in .text")).toHaveText("ping");
  await expect(page.getByLabel("Send to").locator("visible=true")).toHaveValue(here);
  await send(page, "pong");
  await page.getByRole("tab", { name: "there" }).nth(1).click();
  await expect(log(page).locator(".in .text")).toHaveText("pong");
  await look(page, "unix-datagrams");

  const name = `@gonet-${process.pid}-${Date.now()}`;
  await press(page, "+ New");
  await open(page, "Listen", "unixpacket", name);
  await expect(log(page)).toContainText(`listening on ${name}`);
  await press(page, "+ New");
  await open(page, "Dial", "unixpacket", name);
  await expect(log(page)).toContainText(`connected to ${name}`);
  await send(page, "one");
  await send(page, "two");
  await page.getByRole("tab", { name: `${name} 1` }).click();
  await expect(log(page).locator(".in .text")).toHaveText(["one\\r\\n\n", "two\\r\\n\n"]);
});

test("says what Go says: no such file, permission, too long, refused", async ({ tools: page, folder }) => {
  const missing = join(folder, "missing");
  await open(page, "Dial", "unix", missing);
  await expect(error(page)).toHaveText(`dial unix ${missing}: connect: no such file or directory`);
  const long = `/tmp/${"x".repeat(110)}`;
  await open(page, "Dial", "unix", long);
  await expect(error(page)).toHaveText(`dial unix ${long}: connect: invalid argument`);
  await open(page, "Listen", "unix", join(folder, "no", "folder"));
  await expect(error(page)).toContainText("bind: no such file or directory");
  await open(page, "Dial", "unixgram", missing);
  await expect(error(page)).toHaveText(`dial unixgram ${missing}: connect: no such file or directory`);
  if (process.getuid?.() === 0) return; // nothing is forbidden to root
  chmodSync(folder, 0);
  await open(page, "Dial", "unix", missing);
  await expect(error(page)).toHaveText(`dial unix ${missing}: connect: permission denied`);
  chmodSync(folder, 0o700);
});
