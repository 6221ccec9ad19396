// The consoles against a real nginx, at a port and at a path.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { program, whyNoProgram } from "../src/testing/debian.js";
import { test as base, expect } from "./look.js";
import { Peers } from "./peers.js";

const reason = whyNoProgram("nginx", "nginx-light");

const test = base.extend<{ nginx: { port: number; path: string } }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  nginx: async ({}, use) => {
    test.skip(reason !== "", reason);
    const peers = new Peers();
    const port = await peers.freePort();
    const folder = mkdtempSync(join(tmpdir(), "gonet-nginx-"));
    const path = join(folder, "http.sock");
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(" ");
    writeFileSync(
      join(folder, "conf"),
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit; events {}
      http { access_log off; ${temporary}
        server { listen 127.0.0.1:${port}; listen unix:${path};
          location / { default_type text/plain; return 200 "nginx has $request_uri\\n"; } } }`,
    );
    const child = spawn(program("nginx") as string, ["-p", folder, "-c", join(folder, "conf")], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    try {
      await answers(child, port);
      await use({ port, path });
    } finally {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
      await peers.end();
    }
  },
});

/** answers waits until somebody accepts at port. */
async function answers(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const isThere = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(
        () => false,
        () => false,
      ),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}

const log = (page: Page): Locator => page.getByRole("log");

async function ask(page: Page, address: string, start: string, uri: string): Promise<void> {
  await page.getByRole("combobox", { name: "Address" }).fill(address);
  await page.getByRole("button", { name: start, exact: true }).click();
  const message = page.getByRole("textbox", { name: "Message to send" });
  for (const line of [`GET ${uri} HTTP/1.1`, "Host: gonet", "Connection: close", ""]) {
    await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();
    await message.fill(line);
    await message.press("Enter");
  }
  await expect(log(page)).toContainText("HTTP/1.1 200 OK\\r\\n");
  await expect(log(page)).toContainText(`nginx has ${uri}\\n`);
  await expect(log(page).locator(".note.end")).toContainText("EOF");
}

test("the TCP console talks to nginx", async ({ tools: page, nginx }) => {
  await ask(page, `127.0.0.1:${nginx.port}`, "Connect", "/over-tcp");
});

test("the Unix sockets talk to nginx", async ({ tools: page, nginx }) => {
  await page.getByRole("link", { name: "Unix sockets" }).click();
  await ask(page, nginx.path, "Open", "/over-unix");
});
