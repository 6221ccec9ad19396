// The UDP console against real sockets.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { serve } from "gonet/gateway";
import { test as base, expect as baseExpect, look } from "./look.js";

// A busy machine takes its time.
const expect = baseExpect.configure({ timeout: 20_000 });

/** Bound makes UDP sockets on free ports of loopback. They are closed after the test. */
type Bound = (
  onMessage?: (data: Buffer, from: { address: string; port: number }, socket: Socket) => void,
) => Promise<{
  socket: Socket;
  port: number;
}>;

const test = base.extend<{ bound: Bound }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  bound: async ({}, use) => {
    const sockets = new Set<Socket>();
    await use(async (onMessage = () => {}) => {
      const socket = createSocket("udp4");
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("message", (data, from) => onMessage(data, from, socket));
      socket.bind(0, "127.0.0.1");
      await once(socket, "listening");
      return { socket, port: socket.address().port };
    });
    for (const socket of sockets) await new Promise<void>((done) => socket.close(done));
  },
});

const echo: Parameters<Bound>[0] = (data, { port, address }, socket) => socket.send(data, port, address);

const log = (page: Page): Locator => page.getByRole("log");
const facts = (page: Page): Locator => page.locator(".facts:visible");
const address = (page: Page): Locator => page.getByRole("combobox", { name: "Address" });
const press = (page: Page, name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();

async function open(page: Page, to: string, call: "Dial" | "ListenPacket" = "Dial"): Promise<void> {
  await page.getByLabel("Open with").selectOption(call);
  await address(page).fill(to);
  await address(page).press("Enter");
  await expect(facts(page)).toContainText(/^Stateopen/);
}

async function send(page: Page, text: string): Promise<void> {
  await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();
  const message = page.getByRole("textbox", { name: "Message to send" });
  await message.fill(text);
  await message.press("Enter");
}

test.describe.configure({ timeout: 180_000 });

test.beforeEach(async ({ tools: page }) => {
  await page.getByRole("link", { name: "UDP console" }).click();
});

test("a datagram goes to an echo and comes back whole, as text and as hex", async ({
  tools: page,
  bound,
}) => {
  const { port } = await bound(echo);
  await open(page, `127.0.0.1:${port}`);
  await expect(log(page)).toContainText(new RegExp(`open on 127.0.0.1:\\d+, to 127.0.0.1:${port}`));
  await send(page, "grüße");
  await expect(log(page).locator(".entry.in")).toContainText("grüße");
  await expect(log(page).locator(".entry.in .size")).toHaveText("7 B");
  await expect(log(page).locator(".entry.in .peer")).toHaveText(`127.0.0.1:${port}`);
  await page.getByRole("combobox", { name: "Send as" }).selectOption("hex");
  await send(page, "00 ff 0a");
  await expect(log(page).locator(".entry.in")).toHaveCount(2);
  await expect(log(page).locator(".entry.in").nth(1)).toContainText("\\x00\\xff\\n");
  await page.getByText("Hex", { exact: true }).locator("visible=true").first().click();
  // Each datagram begins at its own zero.
  await expect(log(page).locator(".entry.in").nth(1)).toContainText("00000000  00 ff 0a");
  await expect(facts(page)).toContainText("Received2 (10 B)");
  await look(page, "udp-echo");
});

test("two at once stay two, and one of no bytes is one", async ({ tools: page, bound }) => {
  const { port } = await bound((_, from, socket) => {
    for (const part of ["one", "", "two"]) socket.send(part, from.port, from.address);
  });
  await open(page, `127.0.0.1:${port}`);
  await send(page, "");
  await expect(log(page).locator(".entry.out .size")).toHaveText("0 B");
  await expect(log(page).locator(".entry.in .size")).toHaveText(["3 B", "0 B", "3 B"]);
  await expect(log(page).locator(".entry.in .body")).toHaveText(["one", "", "two"]);
});

test("nobody there is connection refused, in Go's words, and the socket goes on", async ({
  tools: page,
  bound,
}) => {
  const { socket, port } = await bound(echo);
  await open(page, `127.0.0.1:${port}`);
  await send(page, "heard");
  await expect(log(page).locator(".entry.in")).toContainText("heard");
  await new Promise<void>((done) => socket.close(done));
  await send(page, "lost");
  await expect(log(page).locator(".note.error")).toHaveText(
    new RegExp(`read udp 127\\.0\\.0\\.1:\\d+->127\\.0\\.0\\.1:${port}: read: connection refused`),
  );
  const again = createSocket("udp4", (data, { port, address }) => again.send(data, port, address));
  again.bind(port, "127.0.0.1");
  await once(again, "listening");
  await send(page, "heard again");
  await expect(log(page).locator(".entry.in")).toHaveCount(2);
  await new Promise<void>((done) => again.close(done));
});

test("ListenPacket hears everybody and answers whom one says", async ({ tools: page, bound }) => {
  await open(page, "", "ListenPacket");
  const local = await facts(page).locator(".local dd").textContent();
  const mine = Number(local?.split(":").at(-1));
  const heard: string[] = [];
  const [one, two] = [
    await bound((data) => heard.push(`one: ${data}`)),
    await bound((data) => heard.push(`two: ${data}`)),
  ];
  one.socket.send("from one", mine, "127.0.0.1");
  await expect(log(page).locator(".entry.in .peer")).toHaveText([`127.0.0.1:${one.port}`]);
  // Who was heard first is answered, if nobody was named.
  const to = page.getByLabel("Send to");
  await expect(to).toHaveValue(`127.0.0.1:${one.port}`);
  two.socket.send("from two", mine, "127.0.0.1");
  await expect(log(page).locator(".entry.in")).toHaveCount(2);
  await send(page, "hello");
  await expect.poll(() => heard).toEqual(["one: hello"]);
  await to.fill(`localhost:${two.port}`);
  await send(page, "and hello");
  await expect.poll(() => heard).toEqual(["one: hello", "two: and hello"]);
  await expect(log(page).locator(".entry.out .peer").nth(1)).toHaveText(`127.0.0.1:${two.port}`);
  await to.fill("nonsense");
  await send(page, "x");
  await expect(log(page).locator(".note.error")).toContainText("address nonsense: missing port in address");
  await look(page, "udp-listen");
});

test("a socket ends with its session, and says so", async ({ tools: page, bound, complaints }) => {
  complaints.allow(/^console: (WebSocket connection to .* failed|Failed to load resource)/);
  const gateway = await serve({ host: "127.0.0.1", port: 0 });
  await page.goto(gateway.openURL);
  await expect(page.getByRole("contentinfo")).toContainText("attached");
  await page.getByRole("link", { name: "UDP console" }).click();
  const { port } = await bound(echo);
  await open(page, `127.0.0.1:${port}`);
  await gateway.close();
  await expect(log(page).locator(".note.error")).toContainText(
    `127.0.0.1:${port}: read: connection reset by peer`,
  );
  await expect(facts(page)).toContainText(/^Stateclosed/);
  await expect(page.getByRole("button", { name: "Open" })).toBeEnabled();
});

test("a datagram that is too long is message too long", async ({ tools: page, bound }) => {
  const { port } = await bound();
  await open(page, `127.0.0.1:${port}`);
  await send(page, "x".repeat(65_508));
  await expect(log(page).locator(".note.error")).toContainText("write: message too long");
  await send(page, "x".repeat(65_507));
  await expect(log(page).locator(".entry.out .size")).toHaveText("65,507 B");
});

test("what comes in is never markup, and does nothing", async ({ tools: page, bound }) => {
  const hostile = "<img src=x onerror=\"document.title='gone'\">\u001b]52;c;aGk=\u0007\u202egnp.exe\u0000";
  const { port } = await bound((_, from, socket) => socket.send(hostile, from.port, from.address));
  await open(page, `127.0.0.1:${port}`);
  await send(page, "x");
  await expect(log(page).locator(".entry.in .body")).toContainText(
    "<img src=x onerror=\"document.title='gone'\">\\x1b]52;c;aGk=\\a\\u202egnp.exe\\x00",
  );
  expect(await log(page).locator("img").count()).toBe(0);
  expect(await page.title()).toBe("UDP console · gonet");
});

test("a link fills the form and opens nothing; what was used is remembered; the transcript is saved", async ({
  tools: page,
  bound,
}) => {
  let count = 0;
  const { port } = await bound((data, from, socket) => {
    count++;
    socket.send(data, from.port, from.address);
  });
  await page.evaluate((hash) => location.assign(hash), `#/udp?target=127.0.0.1:${port}&network=udp4`);
  await expect(address(page)).toHaveValue(`127.0.0.1:${port}`);
  await expect(page.getByRole("combobox", { name: "Network" })).toHaveValue("udp4");
  await expect(facts(page)).toContainText("not open");
  await press(page, "Open");
  await send(page, "hello");
  await expect(log(page).locator(".entry.in")).toContainText("hello");
  expect(count).toBe(1);
  const [download] = await Promise.all([page.waitForEvent("download"), press(page, "Save")]);
  const saved = await readFile(await download.path(), "utf8");
  expect(saved).toMatch(new RegExp(`<- 5 B from 127\\.0\\.0\\.1:${port}\\nhello\\n`));
  await press(page, "Close");
  await expect(facts(page)).toContainText("closed");
  await press(page, "+ New");
  const link = page.getByRole("link", { name: `udp4://127.0.0.1:${port}` });
  await expect(link).toBeVisible();
  await look(page, "udp-new");
  await link.click();
  await expect(address(page)).toHaveValue(`127.0.0.1:${port}`);
});
