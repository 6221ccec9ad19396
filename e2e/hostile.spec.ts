// A page and a gateway that means harm (W18), and a page that asks a good one for more than anybody has (R12).
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { WebSocketServer } from "ws";
import { hostileMessages } from "../src/testing/hostilemessages.js";
import { form, isLong } from "../src/testing/long.js";
import { frameBytes } from "../src/testing/rawpeer.js";
import { frameType as T } from "../src/wire/frame.js";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");

const mebibyte = 2 ** 20;

/** hostileGateway greets a client whose URL ends in /<n>, and answers what it asks next with the n-th message. */
async function hostileGateway(): Promise<{ port: number; close(): void }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (ws, { url = "" }) => {
    const [, message] = hostileMessages[Number(url.slice(1))] ?? [];
    ws.once("message", () => {
      ws.send(frameBytes([T.welcome, 1, [], "s", null, 1, 0, 0, [], "g"]));
      ws.once("message", () => ws.send(message ?? ""));
    });
  });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test("W18: a gateway that sends what none may ends its session, and the page goes on", async ({
  page,
  site,
  gateway,
}) => {
  const uncaught: string[] = [];
  page.on("pageerror", (err) => uncaught.push(String(err)));
  const hostile = await hostileGateway();
  const echo = createServer((socket) => void socket.on("error", () => {}).pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  await page.goto(`${site.origin}/blank.html`);
  const seen = await page.evaluate(
    async ({ at, count, url, token, port }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const keys = Object.getOwnPropertyNames(Object.prototype).length;
      const ends: { state: string; reason: string; error: string }[] = [];
      for (let i = 0; i < count; i++) {
        const net = await connect(`${at}/${i}`);
        const error = await net.Dial("tcp", "192.0.2.1:80").then(
          () => "",
          (err: Error) => err.message,
        );
        const { state, reason } = net.session.status;
        ends.push({ state, reason, error });
      }
      const grown = Object.getOwnPropertyNames(Object.prototype).length - keys;
      const net = await connect(url, { token });
      const conn = await net.Dial("tcp", `127.0.0.1:${port}`);
      const said = new TextEncoder().encode("still here");
      await conn.Write(said);
      const heard = new Uint8Array(said.length);
      await net.io.ReadFull(conn, heard);
      await net.session.close();
      return { ends, grown, heard: new TextDecoder().decode(heard) };
    },
    {
      at: `ws://127.0.0.1:${hostile.port}`,
      count: hostileMessages.length,
      url: gateway.url,
      token: gateway.token,
      port: (echo.address() as AddressInfo).port,
    },
  );
  for (const [i, [name]] of hostileMessages.entries()) {
    expect(seen.ends[i], name).toEqual({
      state: "lost",
      reason: expect.stringMatching(/^gonet: session ended: [a-z ]+ \(4400\)$/),
      error: "dial tcp 192.0.2.1:80: connect: connection reset by peer",
    });
  }
  expect(seen.grown).toBe(0);
  expect(seen.heard).toBe("still here");
  expect(uncaught).toEqual([]);
  hostile.close();
  echo.close();
});

const dials = isLong ? 100_000 : 5_000;

test(`R12: a page's ${dials} dials at once all settle, and take little memory${form}`, async ({
  page,
  site,
  gateway,
}) => {
  test.setTimeout(isLong ? 600_000 : 60_000);
  // Nobody listens there any more.
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  await page.goto(`${site.origin}/blank.html`);
  const debug = await page.context().newCDPSession(page);
  await debug.send("HeapProfiler.enable");
  const usedBytes = async (): Promise<number> => {
    await debug.send("HeapProfiler.collectGarbage");
    return (await debug.send("Runtime.getHeapUsage")).usedSize;
  };
  const before = await usedBytes();
  const settling = page.evaluate(
    async ({ url, token, port, dials }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const errors: Record<string, number> = {};
      const attempts = Array.from({ length: dials }, () =>
        net.Dial("tcp", `127.0.0.1:${port}`).catch((err: Error) => {
          errors[err.message] = (errors[err.message] ?? 0) + 1;
        }),
      );
      await Promise.all(attempts);
      await net.session.close();
      return errors;
    },
    { url: gateway.url, token: gateway.token, port, dials },
  );
  let isSettled = false;
  void settling.catch(() => {}).then(() => (isSettled = true));
  let most = 0;
  while (!isSettled) most = Math.max(most, await usedBytes());
  expect(await settling).toEqual({ [`dial tcp 127.0.0.1:${port}: connect: connection refused`]: dials });
  console.log(`R12: the page's heap grew by at most ${((most - before) / mebibyte).toFixed(1)} MiB`);
  expect(most - before).toBeLessThan(100 * mebibyte);
});
