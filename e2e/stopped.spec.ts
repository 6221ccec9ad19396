// N18 and N19 in a page: its thread is blocked, its timers are slowed down as in a hidden tab, its process is stopped. And a black
// hole of 5 s.
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dialPlain, type Socket } from "node:net";
import type { Page } from "@playwright/test";
import { serve } from "gonet/gateway";
import { Chaos } from "../src/testing/chaos.js";
import { expect, test } from "./fixtures.js";
import type { Site } from "./site.js";

type Gonet = typeof import("gonet");
type Net = Awaited<ReturnType<Gonet["connect"]>>;
type Conn = Awaited<ReturnType<Net["Dial"]>>;
type Window = typeof globalThis & { net: Net; states: string[]; echo: (text: string) => Promise<string> };

interface Place {
  readonly chaos: Chaos;
  readonly end: () => Promise<void>;
}

// ready opens a page whose session, over a bad network, has a connection to an echo.
async function ready(page: Page, site: Site, limits: Record<string, number>): Promise<Place> {
  const chaos = await Chaos.start();
  const hosts = [`127.0.0.1:${chaos.port}`];
  const gateway = await serve({ webRoot: null, origins: [site.origin], hosts, limits });
  chaos.target = Number(new URL(gateway.url).port);
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(gateway.url);
  url.port = String(chaos.port);
  await page.goto(`${site.origin}/blank.html`);
  await page.evaluate(
    async ({ url, token, port }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const states: string[] = [];
      net.session.watch(({ state }) => states.push(state));
      const c: Conn = await net.Dial("tcp", `127.0.0.1:${port}`);
      const echo = async (text: string) => {
        await c.Write(new TextEncoder().encode(text));
        const b = new Uint8Array(text.length);
        await net.io.ReadFull(c, b);
        return new TextDecoder().decode(b);
      };
      Object.assign(globalThis, { net, states, echo });
    },
    { url: url.href, token: gateway.token, port: (server.address() as AddressInfo).port },
  );
  const end = async () => {
    await page.close();
    await gateway.close();
    await chaos.close();
    server.close();
  };
  return { chaos, end };
}

const say = (page: Page, text: string) => page.evaluate((text) => (globalThis as Window).echo(text), text);
const seen = (page: Page) => page.evaluate(() => (globalThis as Window).states);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// A gateway that asks often and loses patience soon stands for one with the usual limits and a page that is away for long.
const impatient = { pingMs: 300, deadMs: 1500 };

test("N18: a page whose thread is blocked goes on with its session", async ({ page, site }) => {
  const { end } = await ready(page, site, impatient);
  await page.evaluate(() => {
    for (const until = performance.now() + 5000; performance.now() < until; );
  });
  expect(await say(page, "back")).toBe("back");
  const states = await seen(page);
  expect(states).not.toContain("lost");
  expect(states.at(-1)).toBe("attached"); // its link was given up, and it has another
  await end();
});

test("N18: a page whose timers come once a minute, as in a hidden tab, keeps its link", async ({
  page,
  site,
}) => {
  const { end } = await ready(page, site, impatient);
  await page.evaluate(() => {
    const { setTimeout: set } = globalThis;
    Object.assign(globalThis, { setTimeout: (run: () => void, ms = 0) => set(run, Math.max(ms, 60_000)) });
  });
  expect(await say(page, "before")).toBe("before"); // the timers from now on are slow
  await sleep(5000);
  expect(await seen(page)).toEqual([]);
  expect(await say(page, "after")).toBe("after");
  await end();
});

for (const [ms, outcome] of [
  [4000, "attached"],
  [9000, "lost"],
] as const) {
  test(`N19: a page whose process was stopped for ${ms / 1000} s is ${outcome}`, async ({
    playwright,
    launchOptions,
    site,
  }) => {
    // A browser of its own, all of whose pages' processes may be stopped.
    const browser = await playwright.chromium.launch(launchOptions);
    const page = await browser.newPage();
    const { end } = await ready(page, site, { ...impatient, graceMs: 5000 });
    const system = await browser.newBrowserCDPSession();
    const { processInfo } = await system.send("SystemInfo.getProcessInfo");
    const pids = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
    expect(pids).not.toEqual([]);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    await sleep(ms);
    for (const pid of pids) process.kill(pid, "SIGCONT");
    await expect.poll(async () => (await seen(page)).at(-1), { timeout: 20_000 }).toBe(outcome);
    if (outcome === "attached") expect(await say(page, "back")).toBe("back");
    else {
      const { reason } = await page.evaluate(() => (globalThis as Window).net.session.status);
      expect(reason).toBe("gonet: session ended: no such session (4404)");
    }
    await end();
    await browser.close();
  });
}

test("a black hole of 5 s: deadlines pass on time, and what had to wait comes afterwards", async ({
  page,
  site,
}) => {
  const { chaos, end } = await ready(page, site, {});
  const target: Socket[] = [];
  const server = createServer((socket) => target.push(socket.resume()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const listening = await page.evaluate(async (port) => {
    const { net } = globalThis as Window;
    const [c, l] = [await net.Dial("tcp", `127.0.0.1:${port}`), await net.Listen("tcp", "127.0.0.1:0")];
    Object.assign(globalThis, { c, l });
    return l.Addr().String();
  }, port);
  await sleep(300); // the last ACK has passed

  // The hole begins behind the OPEN of a dial.
  const beginning = new Promise<number>((resolve) => {
    chaos.onPass = (through) => {
      chaos.onPass = null;
      through.hold();
      resolve(performance.now());
    };
  });
  const failing = page.evaluate(async (port) => {
    const { net, c } = globalThis as Window & { c: Conn };
    const failure = async (p: Promise<unknown>) => {
      const from = performance.now();
      const message = await p.then(String, (err: Error) => err.message);
      return { message, ms: performance.now() - from };
    };
    const dial = await failure(net.DialTimeout("tcp", `127.0.0.1:${port}`, 500));
    c.SetReadDeadline(Date.now() + 1000);
    const read = await failure(c.Read(new Uint8Array(8)));
    c.SetReadDeadline(null);
    return { dial, read };
  }, port);
  const began = await beginning;
  const { dial, read } = await failing;
  expect(performance.now() - began).toBeLessThan(5000); // the hole is still there
  console.log(`dial with 500 ms: ${dial.ms.toFixed(1)} ms; read with 1000 ms: ${read.ms.toFixed(1)} ms`);
  expect(dial.message).toBe(`dial tcp 127.0.0.1:${port}: i/o timeout`);
  expect(read.message).toMatch(/^read tcp .+->.+: i\/o timeout$/);

  target[0]?.write("late");
  const clients: Socket[] = [];
  for (let i = 0; i < 10; i++) {
    const client = dialPlain(Number(listening.split(":").at(-1)), "127.0.0.1");
    await once(client, "connect");
    client.write(String(i));
    clients.push(client);
  }
  await sleep(Math.max(0, began + 5000 - performance.now()));
  for (const through of chaos.through) through.release();
  const came = await page.evaluate(async () => {
    const { c, l } = globalThis as Window & { c: Conn; l: Awaited<ReturnType<Net["Listen"]>> };
    const b = new Uint8Array(8);
    const text = async (from: Conn) => new TextDecoder().decode(b.subarray(0, await from.Read(b)));
    const late = await text(c);
    const order: string[] = [];
    while (order.length < 10) order.push(await text(await l.Accept()));
    return { late, order };
  });
  expect(came).toEqual({ late: "late", order: clients.map((_, i) => String(i)) });
  // The socket that the dial opened in vain was closed.
  expect(target).toHaveLength(2);
  await expect.poll(() => target[1]?.readableEnded).toBe(true);
  expect(await seen(page)).toEqual([]);
  for (const socket of [...clients, ...target]) socket.destroy();
  server.close();
  await end();
});
