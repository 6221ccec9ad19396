// Back-pressure as a page sees it: who does not read stops the far end, and nobody else.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");

const mebibyte = 1 << 20;
// What may be on its way to a reader that does not read: the stream's credit, the kernel's buffers on both sides of the
// gateway's socket, and what Node has taken.
const mostOnTheWay = 32 * mebibyte;

test("a stream whose reader sleeps stops its source and holds no other stream up", async ({
  page,
  site,
  gateway,
}) => {
  const chunk = Buffer.alloc(256 * 1024, 5);
  let sent = 0;
  const source = createServer((socket) => {
    const more = (): void => {
      while (!socket.destroyed) {
        sent += chunk.length;
        if (!socket.write(chunk)) return void socket.once("drain", more);
      }
    };
    socket.on("error", () => {});
    more();
  });
  const echo = createServer((socket) => void socket.on("error", () => {}).pipe(socket));
  const ports: number[] = [];
  for (const server of [source, echo]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ports.push((server.address() as AddressInfo).port);
  }
  await page.goto(`${site.origin}/blank.html`);
  const seen = await page.evaluate(
    async ({ url, token, ports }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const [slow, quick] = await Promise.all(ports.map((port) => net.Dial("tcp", `127.0.0.1:${port}`)));
      if (slow === undefined || quick === undefined) throw new Error("two were dialled");
      const trips: number[] = [];
      const b = new Uint8Array(1);
      const end = performance.now() + 4000;
      while (performance.now() < end) {
        const began = performance.now();
        await quick.Write(b);
        await net.io.ReadFull(quick, b);
        trips.push(performance.now() - began);
      }
      trips.sort((x, y) => x - y);
      // Awake again, it gets everything in order.
      const bytes = new Uint8Array(40 << 20);
      await net.io.ReadFull(slow, bytes);
      const whole = bytes.every((byte) => byte === 5);
      await slow.Close();
      await quick.Close();
      await net.session.close();
      return { trips: trips.length, median: trips[trips.length >> 1] ?? 0, worst: trips.at(-1) ?? 0, whole };
    },
    { url: gateway.url, token: gateway.token, ports },
  );
  expect(seen.whole).toBe(true);
  expect(seen.trips).toBeGreaterThan(100);
  expect(seen.median).toBeLessThan(50);
  expect(seen.worst).toBeLessThan(1000);
  expect(sent).toBeLessThan(40 * mebibyte + mostOnTheWay);
  source.close();
  echo.close();
});
