// The desktop app without Electron: its built page and preload script in Chromium, its built gateway process in a thread, and
// the host, the scheme and the check of who asks between them, all of them the app's own. Doubles stand where Electron is:
// for the windows, the process and the way of a port into a page.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Page } from "@playwright/test";
import { channels } from "../../electron-app/channels.js";
import { Host } from "../../electron-app/host.js";
import { origin } from "../../electron-app/origin.js";
import { answerOpen } from "../../electron-app/requests.js";
import { answerFrom } from "../../electron-app/scheme.js";
import { electronDouble } from "./electrondouble.js";

const here = import.meta.dirname;
const app = resolve(here, "../../dist/app");

// Where Chromium sees what Electron would show as app://gonet. Nothing of it is asked of any network.
const site = "https://gonet.test";

/** Desktop is the app, with one double of a window for each page. */
export class Desktop {
  readonly failures: string[] = [];
  readonly host: Host<MessagePort>;
  readonly #tell = new Map<number, (channel: string, message: object) => void>();
  readonly #answer = answerFrom(resolve(app, "web"));
  readonly #preload = readFileSync(resolve(app, "preload.cjs"), "utf8");
  #worker: Worker | null = null;
  #windows = 0;

  /** With env, the gateway's process gets that beside its own environment. */
  constructor(env: Record<string, string> = {}) {
    this.host = new Host<MessagePort>({
      start: ({ onMessage, onExit }) => {
        const worker = new Worker(resolve(here, "worker.mjs"), { env: { ...process.env, ...env } });
        this.#worker = worker;
        worker.on("message", onMessage);
        worker.on("error", (err) => this.failures.push(`the process: ${err.message}`));
        worker.on("exit", onExit);
        return {
          send: (data, port) => worker.postMessage({ data, port }, port === undefined ? [] : [port]),
          kill: () => void worker.terminate(),
        };
      },
      channel() {
        const { port1, port2 } = new MessageChannel();
        return [port1, port2];
      },
      onGone: (generation) => {
        for (const tell of this.#tell.values()) tell(channels.gone, { type: "gonet-gone", generation });
      },
      onFailed: (reason) => this.failures.push(reason),
    });
    this.host.start();
  }

  /** kill ends the gateway's process without a word, and waits for that. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** open shows the app's page, as a new window would. It gives the window's number. */
  async open(page: Page, hash = ""): Promise<number> {
    const window = ++this.#windows;
    await this.#serve(page);
    await this.#bridge(page, window);
    await page.addInitScript(`(() => { const require = (${electronDouble})(); ${this.#preload} })()`);
    page.on("request", (request) => {
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) this.host.leave(window);
    });
    page.on("close", () => {
      this.#tell.delete(window);
      this.host.leave(window);
    });
    await page.goto(`${site}/${hash}`);
    return window;
  }

  async #serve(page: Page): Promise<void> {
    await page.route(`${site}/**`, async (route) => {
      const request = route.request();
      const url = request.url().replace(site, origin);
      const response = await this.#answer(new Request(url, { method: request.method() }));
      await route.fulfill({
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: Buffer.from(await response.arrayBuffer()),
      });
    });
  }

  async #bridge(page: Page, window: number): Promise<void> {
    const ports = new Map<number, MessagePort>();
    let last = 0;
    // A page that is left has no ears any more.
    const tell = (fn: string, ...args: unknown[]): void =>
      void page
        .evaluate(
          ([fn, args]) => {
            (window as unknown as Record<string, (...args: unknown[]) => void>)[fn as string]?.(
              ...(args as unknown[]),
            );
          },
          [fn, args] as const,
        )
        .catch(() => {});
    const hand = (channel: string, message: unknown, [port]: MessagePort[]): void => {
      if (port === undefined) return;
      const number = ++last;
      ports.set(number, port);
      tell("doubleHand", number, channel, message);
      port.on("message", (data: Uint8Array) =>
        tell(
          "doubleReceive",
          number,
          Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
        ),
      );
      port.on("close", () => tell("doubleReceive", number, null));
    };
    this.#tell.set(window, (channel, message) => tell("doubleHand", null, channel, message));
    await page.exposeFunction("doubleInvoke", (_: string, args: unknown[]) => {
      const senderFrame = { url: page.url().replace(site, origin), origin, parent: null, postMessage: hand };
      return answerOpen({ sender: { id: window }, senderFrame }, args, this.host, (id) => id === window);
    });
    await page.exposeFunction("doubleSend", (number: number, bytes: string | null) => {
      const port = ports.get(number);
      if (bytes === null) port?.close();
      else port?.postMessage(new Uint8Array(Buffer.from(bytes, "base64")));
    });
  }

  async close(): Promise<void> {
    await this.host.stop();
  }
}
