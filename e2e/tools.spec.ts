import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer as createHTTPServer } from "node:http";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { resolve } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { test as base, expect } from "./fixtures.js";

const shots = resolve(import.meta.dirname, "screenshots");

interface Tools {
  readonly page: Page;
  /** complaints are errors of the page and of its content security policy, so far. */
  readonly complaints: string[];
}

/** test opens the page with its token, and fails if the page complained about anything. */
const test = base.extend<{ tools: Tools }>({
  tools: async ({ page, gateway }, use) => {
    const complaints = await watched(page);
    await page.goto(gateway.openURL);
    await expect(page.locator("footer")).toContainText("attached");
    await use({ page, complaints });
    expect(complaints).toEqual([]);
  },
});

async function watched(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (err) => complaints.push(String(err)));
  await page.exposeFunction("complain", (text: string) => complaints.push(text));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      (window as unknown as { complain(text: string): void }).complain(`CSP: ${event.violatedDirective}`);
    });
  });
  return complaints;
}

/** listening starts a server on a free port and closes it, and what is connected to it, after the test. */
const servers = new Set<{ server: Server; sockets: Set<Socket> }>();

async function listening(server: Server, host = "127.0.0.1"): Promise<number> {
  const sockets = new Set<Socket>();
  servers.add({ server, sockets });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}); // the page resets connections in some tests
  });
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test.afterEach(async () => {
  for (const { server, sockets } of servers) {
    for (const socket of sockets) socket.destroy();
    if (server.listening) {
      server.close();
      await once(server, "close");
    }
  }
  servers.clear();
});

/** dial fills the form of the console that is shown and submits it. */
async function dial(page: Page, address: string): Promise<void> {
  const input = page.getByRole("combobox", { name: "Address" });
  await input.fill(address);
  await input.press("Enter");
}

async function send(page: Page, line: string): Promise<void> {
  const input = page.getByRole("textbox", { name: "Message to send" });
  await input.fill(line);
  await input.press("Enter");
}

function log(page: Page): Locator {
  return page.getByRole("log");
}

test("a page is asked for by hand over TCP", async ({ tools: { page } }) => {
  const port = await listening(
    createHTTPServer((request, response) => {
      response.end(`<p>${request.headers.host} wants ${request.url}</p>\n`);
    }),
  );
  await dial(page, `localhost:${port}`);
  await expect(log(page)).toContainText(`connected to 127.0.0.1:${port}`);
  await expect(page.getByRole("textbox", { name: "Message to send" })).toBeFocused();
  await send(page, "GET /greeting HTTP/1.0");
  await send(page, "Host: by-hand");
  await send(page, "");
  await expect(log(page)).toContainText("HTTP/1.1 200 OK␍␊");
  // Markup is text like any other.
  await expect(log(page)).toContainText("<p>by-hand wants /greeting</p>");
  await expect(log(page).locator(".note.end")).toContainText("EOF");
  await expect(page.locator(".facts")).toContainText("half closed by the other end");
  await expect(page.locator(".facts")).toContainText(`Remote127.0.0.1:${port}`);
  await expect(page.locator(".facts")).toContainText("Sent41 B");
  expect(new URL(page.url()).hash).toBe(`#/tcp?target=localhost:${port}`);
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await expect(page.locator(".facts")).toContainText("Stateclosed");
});

for (const scheme of ["light", "dark"] as const) {
  for (const [size, width, height] of [
    ["wide", 1280, 800],
    ["narrow", 360, 740],
  ] as const) {
    test(`screenshots, ${scheme}, ${size}`, async ({ tools: { page } }) => {
      await mkdir(shots, { recursive: true });
      const shot = (name: string) =>
        page.screenshot({ path: resolve(shots, `${name}-${scheme}-${size}.png`) });
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height });
      await shot("console-empty");
      const port = await listening(
        createHTTPServer((_, response) => {
          response.setHeader("Content-Type", "text/html");
          response.end("<h1>Grüße</h1>\n\u001b[31mred\u001b[0m \u202egnp.exe\n");
        }),
      );
      await dial(page, `localhost:${port}`);
      await send(page, "GET / HTTP/1.0");
      await send(page, "");
      await expect(log(page)).toContainText("EOF");
      await shot("console-text");
      await page.getByText("Hex", { exact: true }).first().click();
      await expect(log(page)).toContainText("|");
      await shot("console-hex");
      await page.getByRole("button", { name: "+ New connection" }).click();
      await dial(page, "127.0.0.1:1");
      await expect(log(page).filter({ visible: true })).toContainText("connection refused");
      await page.getByRole("button", { name: "+ New connection" }).click();
      await shot("console-refused");
      await page.getByRole("link", { name: "TCP listener" }).click();
      await page.getByLabel("Echo").check();
      await page.getByRole("button", { name: "Listen" }).click();
      await expect(page.locator(".outcome")).toContainText("Listening on");
      await shot("listener-empty");
      const address = (await page.locator(".outcome strong").textContent()) ?? "";
      const peers = [1, 2, 3].map(() => connect(Number(address.split(":").at(-1)), "127.0.0.1"));
      for (const peer of peers) {
        peer.on("error", () => {});
        peer.write("hello from a peer\n");
        await once(peer, "data");
      }
      peers[1]?.destroy();
      await expect(page.locator(".connections")).toContainText("closed");
      await shot("listener");
      for (const peer of peers) peer.destroy();
    });
  }
}
