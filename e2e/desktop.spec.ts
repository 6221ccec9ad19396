// The desktop app's page and gateway together, over a MessagePort: everything of the app but Electron itself, which
// electron.spec.ts has where it is installed.
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import type { Page } from "@playwright/test";
import { routeOf } from "../electron-app/links.js";
import { installLimitMs } from "../src/testing/debian.js";
import { startSshd, whyNoSshd } from "../src/testing/sshd.js";
import { connections, dial, log, press, send, status } from "./desktop/console.js";
import { Desktop } from "./desktop/desktop.js";
import { test as base, expect } from "./look.js";
import { echo, Peers } from "./peers.js";

const test = base.extend<{ peers: Peers; desktop: Desktop; app: Page }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  peers: async ({}, use) => {
    const peers = new Peers();
    await use(peers);
    await peers.end();
  },

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  desktop: async ({}, use) => {
    const desktop = new Desktop();
    await use(desktop);
    await desktop.close();
    expect(desktop.failures).toEqual([]);
  },

  /** app is the page of a window, attached. */
  app: async ({ page, desktop }, use) => {
    await desktop.open(page);
    await expect(status(page)).toContainText("attached");
    await use(page);
  },
});

/** listening are the ports that this process listens on, its threads included. */
function listening(): Set<number> {
  const inodes = new Set(
    readdirSync("/proc/self/fd").map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
      } catch {
        return undefined; // the descriptor that reads this folder
      }
    }),
  );
  const rows = ["tcp", "tcp6"].flatMap((file) => readFileSync(`/proc/self/net/${file}`, "utf8").split("\n"));
  const listenState = "0A";
  return new Set(
    rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === listenState && inodes.has(inode))
      .map(([, local = ""]) => Number.parseInt(local.split(":")[1] ?? "", 16)),
  );
}

test("a page attaches without a token and talks to real sockets, and nothing listens (E14)", async ({
  page,
  desktop,
  peers,
}) => {
  const port = await peers.port(echo());
  const before = listening();
  await desktop.open(page);
  await expect(status(page)).toContainText("attached");
  await expect(status(page)).toContainText("this computer");
  await expect(page.getByRole("heading", { name: "Paste the token" })).toBeHidden();
  await dial(page, port);
  await send(page, "hello");
  expect([...listening()].filter((port) => !before.has(port))).toEqual([]);
});

test("a page listens, and others connect", async ({ app: page }) => {
  await page.getByRole("link", { name: "TCP listener" }).click();
  await page.getByLabel("Echo").check();
  await press(page, "Listen");
  await expect(page.locator(".outcome")).toContainText("Listening on 127.0.0.1:");
  const address = await page.locator(".outcome strong").textContent();
  const peer = connect(Number(address?.split(":").at(-1)), "127.0.0.1");
  peer.write("ping");
  const [answer] = await once(peer, "data");
  expect(String(answer)).toBe("ping");
  peer.destroy();
  await expect(page.locator(".connections")).toContainText("closed");
});

test("E03: the page has open, and open takes a ticket and a generation", async ({ app: page }) => {
  const outcome = await page.evaluate(async () => {
    const { gonetHost } = window as unknown as { gonetHost: { open(...args: unknown[]): Promise<unknown> } };
    const said = async (...args: unknown[]): Promise<unknown> =>
      gonetHost.open(...args).catch((err: Error) => err.name);
    return {
      keys: Object.keys(gonetHost),
      wrong: [
        await said(),
        await said("t"),
        await said(1, null),
        await said("t", "1"),
        await said("t", null, 1),
      ],
      gone: await said("t", 99),
    };
  });
  expect(outcome.keys).toEqual(["open"]);
  expect(outcome.wrong).toEqual(Array(5).fill("TypeError"));
  expect(outcome.gone).toMatchObject({ refused: "gone" });
});

test("E08: the policy lets the page make no code of strings, load nothing and connect to nothing", async ({
  app: page,
  complaints,
}) => {
  complaints.allow(/^CSP: |^console: /);
  const outcome = await page.evaluate(async () => {
    await new Promise((later) => setTimeout(later)); // what a debugger evaluates may do anything, until then
    const stopped = new Set<string>();
    const both = new Promise<void>((resolve) => {
      addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
        stopped.add(effectiveDirective);
        if (stopped.has("connect-src") && stopped.has("frame-src")) resolve();
      });
    });
    const attempt = (act: () => unknown): unknown => {
      try {
        return act();
      } catch (err) {
        return (err as Error).name;
      }
    };
    const script = document.createElement("script");
    const outcome = {
      text: attempt(() => Object.assign(script, { textContent: "window.ran = true" })),
      src: attempt(() => Object.assign(script, { src: "https://elsewhere.test/x.js" })),
      made: attempt(() => Function("return 1")()),
      fetched: await fetch("https://gonet.test/").then(
        () => "answered",
        (err: Error) => err.name,
      ),
    };
    document.body.append(
      script,
      Object.assign(document.createElement("iframe"), { src: "https://gonet.test/" }),
    );
    await both;
    return { ...outcome, ran: "ran" in window };
  });
  expect(outcome).toEqual({
    text: "TypeError",
    src: "TypeError",
    made: "EvalError",
    fetched: "TypeError",
    ran: false,
  });
});

test("E11: the gateway's process is killed: every socket errs, the process comes back, the page goes on", async ({
  app: page,
  desktop,
  peers,
}) => {
  const { server, open } = connections();
  const port = await peers.port(server);
  await dial(page, port);
  await send(page, "before");
  await desktop.kill();
  await expect(log(page).locator(".note.error").last()).toContainText("connection reset by peer");
  await expect.poll(() => open.size).toBe(0);
  await expect(status(page)).toContainText("lost");
  await press(page, "Connect again");
  await expect(status(page)).toContainText("attached");
  await press(page, "Connect");
  await send(page, "after");
  expect(desktop.host.generation).toBe(2);
});

test("E11: five kills within a minute, and the page says so until somebody starts the process again", async ({
  page,
}) => {
  const desktop = new Desktop();
  await desktop.open(page);
  await expect(status(page)).toContainText("attached");
  for (let kills = 0; kills < 5; kills++) {
    await expect.poll(() => desktop.host.state).toBe("running");
    await desktop.kill();
  }
  await expect.poll(() => desktop.failures).toHaveLength(1);
  await expect(status(page)).toContainText("lost");
  await press(page, "Connect again");
  await expect(status(page)).toContainText("ended 5 times within a minute");
  desktop.host.start();
  await press(page, "Connect again");
  await expect(status(page)).toContainText("attached");
  await desktop.close();
});

test("without the addon, the page says what is missing, and the process is not started again", async ({
  page,
}) => {
  const desktop = new Desktop({ GONET_ADDON: "/nowhere/gonet.node" });
  await desktop.open(page);
  await expect(status(page)).toContainText("the native addon /nowhere/gonet.node does not load");
  await expect(page.getByRole("heading", { name: "did not let this page in" })).toBeHidden();
  expect(desktop.failures).toHaveLength(1);
  expect(desktop.host.generation).toBe(1);
  await desktop.close();
});

test("E12: a reload closes the page's sockets and no others; the new page has a gateway at once", async ({
  app: page,
  context,
  desktop,
  peers,
}) => {
  const [first, second] = [connections(), connections()];
  await dial(page, await peers.port(first.server));
  const other = await context.newPage();
  await desktop.open(other);
  await dial(other, await peers.port(second.server));
  page.on("dialog", (dialog) => void dialog.accept());
  const address = page.url();
  await page.reload();
  await expect(status(page)).toContainText("attached");
  expect(page.url()).toBe(address);
  await expect.poll(() => first.open.size).toBe(0);
  expect(second.open.size).toBe(1);
  await send(other, "still here");
  await press(page, "Connect");
  await send(page, "again");
  expect(desktop.host.generation).toBe(1);
  await other.close();
  await expect.poll(() => second.open.size).toBe(0);
  await send(page, "and on");
});

test("E15: a link fills in the form, and dials nothing before somebody presses Connect", async ({
  page,
  desktop,
  peers,
}) => {
  const { server, open } = connections();
  let accepted = 0;
  server.on("connection", () => accepted++);
  const port = await peers.port(server);
  await desktop.open(page, routeOf(`gonet://dial?network=tcp4&address=127.0.0.1:${port}`) ?? "");
  await expect(status(page)).toContainText("attached");
  await expect(page.getByRole("combobox", { name: "Address" })).toHaveValue(`127.0.0.1:${port}`);
  await expect(page.getByLabel("Network")).toHaveValue("tcp4");
  // Another page has been there and back meanwhile: what this one had sent would have come.
  const other = await page.context().newPage();
  await desktop.open(other);
  await dial(other, port);
  await send(other, "hello");
  expect(accepted).toBe(1);
  await press(page, "Connect");
  await expect.poll(() => open.size).toBe(2);
  await other.close();
});

test("a terminal runs", async ({ app: page }) => {
  const why = whyNoSshd();
  test.skip(why !== "", why);
  test.setTimeout(installLimitMs);
  const sshd = await startSshd();
  const { user, password, port } = sshd;
  await page.getByRole("link", { name: "Terminal" }).click();
  const address = page.getByRole("combobox", { name: "Address" });
  await address.fill(`${user}@127.0.0.1:${port}`);
  await address.press("Enter");
  await press(page, "Yes, remember it");
  await page.getByLabel(`Password for ${user}`).fill(password);
  await page.keyboard.press("Enter");
  const screen = page.locator(".xterm-rows:visible");
  await expect(screen).toContainText("ready$");
  await page.keyboard.type("echo $((6 * 7)) in the app; exit\n");
  await expect(screen).toContainText("42 in the app");
  await sshd.close();
});
