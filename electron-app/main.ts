// The desktop app: its life from start to end. Each part has a file of its own.

import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  type MessagePortMain,
  protocol,
  session,
  shell,
  utilityProcess,
} from "electron";
import { aboutOptions } from "./about.js";
import { channels, type GoneMessage } from "./channels.js";
import { Host } from "./host.js";
import { linkIn, routeOf } from "./links.js";
import { menuTemplate } from "./menu.js";
import { pageURL, scheme } from "./origin.js";
import { answerOpen } from "./requests.js";
import { answerFrom, privileges } from "./scheme.js";
import { guard, isExternal, restrict, windowOptions } from "./window.js";

const here = import.meta.dirname;
const documentation = "https://pkg.go.dev/net";

// A page cannot make the app fill the screen with windows by opening links.
const maxWindows = 20;

// The packaged addon lies outside of the archive: only a file of its own can be loaded.
const packagedAddon = join(here, "native/gonet.node").replace("app.asar", "app.asar.unpacked");

const host = new Host<MessagePortMain>({
  start({ onMessage, onExit }) {
    const env = existsSync(packagedAddon) ? { ...process.env, GONET_ADDON: packagedAddon } : process.env;
    const child = utilityProcess.fork(join(here, "process.js"), [], {
      serviceName: "gonet gateway",
      stdio: "inherit",
      env: env as Record<string, string>,
    });
    child.on("message", onMessage);
    child.on("exit", onExit);
    return {
      send: (message, port) => child.postMessage(message, port === undefined ? [] : [port]),
      kill: () => child.kill(),
    };
  },
  channel() {
    const { port1, port2 } = new MessageChannelMain();
    return [port1, port2];
  },
  onGone(generation) {
    const message: GoneMessage = { type: "gonet-gone", generation };
    for (const { webContents } of BrowserWindow.getAllWindows()) webContents.send(channels.gone, message);
  },
  onFailed: (reason) => void tellFailure(reason),
});

async function tellFailure(reason: string): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: "error",
    message: "There are no sockets: the gateway's process does not run.",
    detail: reason,
    buttons: ["Try again", "Close"],
    defaultId: 0,
    cancelId: 1,
  });
  if (response === 0) host.start();
}

function openWindow(route = ""): void {
  if (BrowserWindow.getAllWindows().length >= maxWindows) return;
  const window = new BrowserWindow(windowOptions(join(here, "preload.cjs")));
  const { webContents: contents } = window;
  const { id } = contents;
  guard(contents, openExternal);
  const leave = (): void => host.leave(id);
  contents.on("did-navigate", leave);
  contents.on("render-process-gone", leave);
  contents.on("destroyed", leave);
  contents.on("will-prevent-unload", (event) => {
    if (mayLeave(window)) event.preventDefault();
  });
  window.once("ready-to-show", () => window.show());
  window.loadURL(pageURL + route).catch(() => {}); // it was closed meanwhile
}

// mayLeave asks before a page with open connections is left.
function mayLeave(window: BrowserWindow): boolean {
  const choice = dialog.showMessageBoxSync(window, {
    type: "question",
    message: "Connections are open. Leaving the page closes them.",
    buttons: ["Leave", "Stay"],
    defaultId: 1,
    cancelId: 1,
  });
  return choice === 0;
}

function openExternal(url: string): void {
  if (isExternal(url)) void shell.openExternal(url);
}

function openLink(link: string | null): boolean {
  const route = link === null ? null : routeOf(link);
  if (route !== null) openWindow(route);
  return route !== null;
}

function show(): void {
  const [window] = BrowserWindow.getAllWindows();
  if (window === undefined) return openWindow();
  if (window.isMinimized()) window.restore();
  window.focus();
}

async function ready(): Promise<void> {
  protocol.handle(scheme, answerFrom(join(here, "web")));
  restrict(session.defaultSession);
  ipcMain.handle(channels.open, (event, ...args) =>
    answerOpen(event, args, host, (id) =>
      BrowserWindow.getAllWindows().some(({ webContents }) => webContents.id === id),
    ),
  );
  app.setAboutPanelOptions(aboutOptions(app.getVersion(), process.versions));
  const actions = { newWindow: () => openWindow(), openDocumentation: () => openExternal(documentation) };
  const options = { isMac: process.platform === "darwin", isDeveloping: !app.isPackaged };
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(actions, options)));
  if (app.isPackaged) app.setAsDefaultProtocolClient("gonet");
  host.start();
  if (!openLink(linkIn(process.argv))) openWindow();
}

function run(): void {
  protocol.registerSchemesAsPrivileged([privileges]);
  app.enableSandbox();
  app.on("second-instance", (_, argv) => {
    if (!openLink(linkIn(argv))) show();
  });
  app.on("open-url", (event, link) => {
    event.preventDefault();
    void app.whenReady().then(() => openLink(link));
  });
  app.on("activate", show);
  app.on("window-all-closed", () => {
    if (process.platform !== "darwin") app.quit();
  });
  // The gateway's process closes its sockets before the app ends.
  app.on("will-quit", (event) => {
    if (host.state === "stopped") return;
    event.preventDefault();
    void host.stop().then(() => app.quit());
  });
  void app.whenReady().then(ready);
}

if (app.requestSingleInstanceLock()) run();
else app.quit();
