// The real desktop app, where Electron's program is installed. Elsewhere all of this is skipped; desktop.spec.ts has what needs
// no Electron.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { _electron, test as base, type ElectronApplication, expect, type Page } from "@playwright/test";
import { findElectron, whyNoElectron } from "../scripts/electron.mjs";
import { installLimitMs, program, whyNoProgram } from "../src/testing/debian.js";
import { startSshd, whyNoSshd } from "../src/testing/sshd.js";
import { connections, dial, log, press, send, status } from "./desktop/console.js";
import { echo, Peers } from "./peers.js";

const electron = findElectron();
const folder = resolve(import.meta.dirname, "../dist/app");
const needsDisplay =
  process.platform === "linux" && !process.env["DISPLAY"] && !process.env["WAYLAND_DISPLAY"];

/** whyNot says why the app cannot run here, or "". */
function whyNot(): string {
  if (electron === null) return whyNoElectron;
  return needsDisplay ? whyNoProgram("Xvfb", "xvfb") : "";
}
const why = whyNot();
// Said once, by the process that collects the tests; its workers read this file again.
if (why !== "" && process.env["TEST_WORKER_INDEX"] === undefined) console.log(`electron: skipped, ${why}`);

/** startDisplay starts a screen that nobody sees, and gives its name. */
async function startDisplay(): Promise<{ name: string; server: ChildProcess }> {
  const server = spawn(
    program("Xvfb") ?? "Xvfb",
    ["-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const [number] = (await once(server.stdout, "data")) as [Buffer];
  return { name: `:${String(number).trim()}`, server };
}

const test = base.extend<
  {
    peers: Peers;
    run: (...args: string[]) => Promise<ElectronApplication>;
    app: ElectronApplication;
    page: Page;
  },
  { display: string | undefined }
>({
  display: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
    async ({}, use) => {
      if (!needsDisplay) return await use(process.env["DISPLAY"]);
      const { name, server } = await startDisplay();
      await use(name);
      server.kill();
      await once(server, "exit");
    },
    { scope: "worker", timeout: installLimitMs },
  ],

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
  peers: async ({}, use) => {
    const peers = new Peers();
    await use(peers);
    await peers.end();
  },

  /** run starts the app, each time with the same folder of its own for what it keeps. */
  run: async ({ display }, use) => {
    const data = mkdtempSync(join(tmpdir(), "gonet-electron-"));
    const running: ElectronApplication[] = [];
    await use(async (...args) => {
      const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : []; // Chromium's refuses to run as root
      const app = await _electron.launch({
        ...(electron === null ? {} : { executablePath: electron }),
        args: [folder, `--user-data-dir=${data}`, ...sandbox, ...args],
        env: { ...process.env, ...(display === undefined ? {} : { DISPLAY: display }) } as Record<
          string,
          string
        >,
      });
      running.push(app);
      return app;
    });
    for (const app of running) await app.close();
    rmSync(data, { recursive: true, force: true });
  },

  app: async ({ run }, use) => {
    await use(await run());
  },

  /** page is the page of the first window, attached. */
  page: async ({ app }, use) => {
    const page = await app.firstWindow();
    await expect(status(page)).toContainText("attached");
    await use(page);
  },
});

test.skip(why !== "", why);

/** gatewayPid is the number of the gateway's process, null if there is none. */
const gatewayPid = (app: ElectronApplication): Promise<number | null> =>
  app.evaluate(
    ({ app }) =>
      app.getAppMetrics().find(({ name, serviceName }) => (serviceName ?? name) === "gonet gateway")?.pid ??
      null,
  );

const windowCount = (app: ElectronApplication): Promise<number> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);

/** otherWindow opens a window by the menu and gives its page. */
async function otherWindow(app: ElectronApplication): Promise<Page> {
  const opened = app.waitForEvent("window");
  await app.evaluate(({ Menu }) => {
    const items = Menu.getApplicationMenu()?.items.flatMap(({ submenu }) => submenu?.items ?? []) ?? [];
    items.find(({ label }) => label === "New Window")?.click();
  });
  const page = await opened;
  await expect(status(page)).toContainText("attached");
  return page;
}

/** listeningOf are the TCP ports that a process listens on (Linux). */
function listeningOf(pid: number): number[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined; // it was closed meanwhile
      }
    }),
  );
  const listenState = "0A";
  return ["tcp", "tcp6"]
    .flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, "utf8").split("\n"))
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === listenState && inodes.has(inode))
    .map(([, local = ""]) => Number.parseInt(local.split(":")[1] ?? "", 16));
}

test("E01: the window's page has no Node, is sandboxed and apart from the preload script", async ({
  app,
  page,
}) => {
  await expect(page).toHaveURL(/^app:\/\/gonet\/#\//);
  const preferences = await app.evaluate(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    // It is not in Electron's types, and the only way to read them back.
    const { webContents } = window as unknown as {
      webContents: { getLastWebPreferences(): Record<string, unknown> };
    };
    const { nodeIntegration, contextIsolation, sandbox, webSecurity } = webContents.getLastWebPreferences();
    return { nodeIntegration, contextIsolation, sandbox, webSecurity };
  });
  expect(preferences).toEqual({
    nodeIntegration: false,
    contextIsolation: true,
    sandbox: true,
    webSecurity: true,
  });
});

test("E02, E03: the page has nothing of Node's or Electron's, and of the app's only open", async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const scope = window as unknown as Record<string, unknown>;
    const host = scope["gonetHost"] as { open(...args: unknown[]): Promise<unknown> };
    const said = (...args: unknown[]): Promise<unknown> => host.open(...args).catch(() => "refused");
    return {
      there: ["require", "process", "Buffer", "ipcRenderer", "__dirname"].filter((name) => name in scope),
      keys: Object.keys(host),
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
  expect(seen.there).toEqual([]);
  expect(seen.keys).toEqual(["open"]);
  expect(seen.wrong).toEqual(Array(5).fill("refused"));
  expect(seen.gone).toMatchObject({ refused: "gone" });
});

test("E04: frames and new windows get nothing", async ({ app, page }) => {
  const outcome = await page.evaluate(async () => {
    const stopped = new Promise<string>((resolve) => {
      addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective), {
        once: true,
      });
    });
    const child = window.open("about:blank");
    const other = window.open("app://gonet/");
    document.body.append(Object.assign(document.createElement("iframe"), { src: "app://gonet/" }));
    document.body.append(document.createElement("webview"));
    return { child, other, stopped: await stopped };
  });
  expect(outcome).toEqual({ child: null, other: null, stopped: "frame-src" });
  expect(await windowCount(app)).toBe(1);
});

test("E05: the page goes nowhere else", async ({ app, page }) => {
  const url = page.url();
  for (const to of [
    "https://evil.test/",
    "file:///etc/passwd",
    "data:text/html,x",
    "app://other/",
    "about:blank",
  ]) {
    await page.evaluate((to) => {
      location.href = to;
    }, to);
    // An answer from the main process: what the page asked for before has been decided.
    await windowCount(app);
    await page.evaluate(() => new Promise((done) => setTimeout(done)));
    expect(page.url(), to).toBe(url);
  }
  await expect(status(page)).toContainText("attached");
});

test("E07: permissions are denied, but for writing to the clipboard", async ({ page }) => {
  const states = await page.evaluate(async () => {
    const names = [
      "geolocation",
      "notifications",
      "camera",
      "microphone",
      "midi",
      "clipboard-read",
    ] as PermissionName[];
    const state = async (name: PermissionName): Promise<string> =>
      navigator.permissions.query({ name }).then(
        ({ state }) => state,
        () => "denied",
      );
    return Promise.all(names.map(state));
  });
  expect(states).toEqual(states.map(() => "denied"));
});

test("dials, listens, and nothing else listens (E14)", async ({ app, page, peers }) => {
  await dial(page, await peers.port(echo()));
  await send(page, "hello");
  if (process.platform === "linux") {
    const pids = await app.evaluate(({ app }) => app.getAppMetrics().map(({ pid }) => pid));
    const main = app.process().pid;
    // The main process listens for Playwright's own debugger.
    expect(pids.filter((pid) => pid !== main).flatMap(listeningOf)).toEqual([]);
  }
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
});

test("a terminal runs", async ({ page }) => {
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

test("E11: the gateway's process is killed: every socket errs, it is started again, the page goes on", async ({
  app,
  page,
  peers,
}) => {
  const { server, open } = connections();
  await dial(page, await peers.port(server));
  await send(page, "before");
  const pid = await gatewayPid(app);
  expect(pid).not.toBeNull();
  process.kill(pid as number, "SIGKILL");
  await expect(log(page).locator(".note.error").last()).toContainText("connection reset by peer");
  await expect.poll(() => open.size).toBe(0);
  await expect.poll(() => gatewayPid(app)).not.toBeNull();
  expect(await gatewayPid(app)).not.toBe(pid);
  await press(page, "Connect again");
  await expect(status(page)).toContainText("attached");
  await press(page, "Connect");
  await send(page, "after");
});

test("E12: a reload and a crash close the page's own sockets; the gateway stays", async ({
  app,
  page,
  peers,
}) => {
  const [first, second] = [connections(), connections()];
  await dial(page, await peers.port(first.server));
  const other = await otherWindow(app);
  await dial(other, await peers.port(second.server));
  const pid = await gatewayPid(app);
  // A page with open connections asks; a crash and the test do not.
  await app.evaluate(({ dialog }) => {
    dialog.showMessageBoxSync = () => 0;
  });
  await page.reload();
  await expect(status(page)).toContainText("attached");
  await expect.poll(() => first.open.size).toBe(0);
  expect(second.open.size).toBe(1);
  await send(other, "still here");
  await press(page, "Connect");
  await send(page, "again");
  await app.evaluate(({ BrowserWindow }) => {
    const all = BrowserWindow.getAllWindows().map(({ webContents }) => webContents);
    all.sort((a, b) => b.id - a.id)[0]?.forcefullyCrashRenderer(); // the younger one
  });
  await expect.poll(() => second.open.size).toBe(0);
  await send(page, "and on");
  expect(await gatewayPid(app)).toBe(pid);
});

test("E15: a link fills in a form, and dials nothing", async ({ run, peers }) => {
  const { server, open } = connections();
  let accepted = 0;
  server.on("connection", () => accepted++);
  const port = await peers.port(server);
  const app = await run(`gonet://dial?address=127.0.0.1:${port}`);
  const page = await app.firstWindow();
  await expect(status(page)).toContainText("attached");
  await expect(page.getByRole("combobox", { name: "Address" })).toHaveValue(`127.0.0.1:${port}`);
  expect([accepted, open.size]).toEqual([0, 0]);
  await press(page, "Connect");
  await send(page, "asked for");
});
