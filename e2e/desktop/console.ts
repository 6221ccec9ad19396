// What tests of the desktop app do with its page, whatever it runs in: dial an echo in the TCP console and talk to it.
import { createServer, type Socket } from "node:net";
import { expect, type Locator, type Page } from "@playwright/test";

/** status is the page's status line. */
export const status = (page: Page): Locator => page.getByRole("contentinfo");
/** log is the console's transcript. */
export const log = (page: Page): Locator => page.getByRole("log");
/** press presses the button of that name. */
export const press = (page: Page, name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();

/** dial connects the TCP console to a port of this machine. */
export async function dial(page: Page, port: number): Promise<void> {
  await page.getByRole("link", { name: "TCP console" }).click();
  const input = page.getByRole("combobox", { name: "Address" });
  await input.fill(`127.0.0.1:${port}`);
  await input.press("Enter");
  await expect(log(page)).toContainText(`connected to 127.0.0.1:${port}`);
}

/** send sends a line to an echo and waits for it to come back. */
export async function send(page: Page, text: string): Promise<void> {
  const message = page.getByRole("textbox", { name: "Message to send" });
  await message.fill(text);
  await message.press("Enter");
  await expect(log(page).locator(".in .text").last()).toContainText(text);
}

/** connections is a server that echoes, and the connections that it has. */
export function connections(): { server: ReturnType<typeof createServer>; open: Set<Socket> } {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.pipe(socket);
  });
  return { server, open };
}
