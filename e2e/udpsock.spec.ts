// UDP from a page in a real Chromium: the packet suite, a plain peer, and multicast between two pages.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type Checks, runChecks, startChecks } from "./checks.js";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");

const someChecks = 10;

test.describe("the packet suite in a page", () => {
  let checks: Checks;
  test.beforeAll(async () => {
    checks = await startChecks();
  });
  test.afterAll(() => checks.close());

  test("over IPv4", async ({ page }) => {
    const ran = await runChecks(page, checks, { make: "makeUDPPair", of: "127.0.0.1" });
    expect(ran.length).toBeGreaterThan(someChecks);
  });
});

test("a plain UDP server echoes datagrams from 0 to 65,507 bytes to a page", async ({
  page,
  site,
  gateway,
}) => {
  const server = createSocket("udp4", (data, { port, address }) => server.send(data, port, address));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  await page.goto(`${site.origin}/blank.html`);
  const seen = await page.evaluate(
    async ({ url, token, port }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const c = await net.Dial("udp", `127.0.0.1:${port}`);
      const b = new Uint8Array(65_508);
      const same: [number, boolean][] = [];
      for (const size of [5, 0, 1, 1472, 65_507]) {
        const data = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 255);
        await c.Write(data);
        c.SetReadDeadline(Date.now() + 5000);
        const n = await c.Read(b);
        same.push([n, data.every((byte, i) => byte === b[i])]);
      }
      const long = await c.Write(b).catch((err: Error) => err.message);
      const remote = c.RemoteAddr()?.String();
      await c.Close();
      await net.session.close();
      return { same, long, remote };
    },
    { url: gateway.url, token: gateway.token, port: server.address().port },
  );
  expect(seen.same).toEqual([5, 0, 1, 1472, 65_507].map((size) => [size, true]));
  expect(seen.remote).toBe(`127.0.0.1:${server.address().port}`);
  expect(seen.long).toMatch(/^write udp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: write: message too long$/);
  server.close();
});

test("two pages exchange multicast datagrams on loopback", async ({ context, site, gateway }) => {
  const probe = createSocket("udp4");
  probe.bind(0);
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  const pages = [await context.newPage(), await context.newPage()];
  const at = { url: gateway.url, token: gateway.token, port };
  for (const page of pages) {
    await page.goto(`${site.origin}/blank.html`);
    await page.evaluate(async ({ url, token, port }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const lo = await net.InterfaceByName("lo");
      const group = new net.UDPAddr({ IP: net.IPv4(224, 0, 0, 251), Port: port });
      const member = await net.ListenMulticastUDP("udp4", lo, group);
      const sender = await net.ListenPacket("udp4", "127.0.0.1:0");
      Object.assign(globalThis, {
        send: (text: string) => sender.WriteTo(new TextEncoder().encode(text), group),
        async hear(count: number) {
          const b = new Uint8Array(64);
          const heard: string[] = [];
          member.SetReadDeadline(Date.now() + 5000);
          while (heard.length < count) {
            const [n] = await member.ReadFromUDP(b);
            heard.push(new TextDecoder().decode(b.subarray(0, n)));
          }
          return heard.sort();
        },
        async leave() {
          await member.Close();
          await sender.Close();
          const left = await lo.MulticastAddrs();
          await net.session.close();
          return left.map((a) => a.String());
        },
      });
    }, at);
  }
  type Member = {
    send(text: string): Promise<number>;
    hear(count: number): Promise<string[]>;
    leave(): Promise<string[]>;
  };
  for (const [i, page] of pages.entries()) {
    await page.evaluate((text) => (globalThis as unknown as Member).send(text), `from page ${i}`);
  }
  for (const page of pages) {
    const heard = await page.evaluate(() => (globalThis as unknown as Member).hear(2));
    expect(heard).toEqual(["from page 0", "from page 1"]);
  }
  const left: string[][] = [];
  for (const page of pages) {
    left.push(await page.evaluate(() => (globalThis as unknown as Member).leave()));
  }
  expect(left[0]).toContain("224.0.0.251");
  expect(left[1]).not.toContain("224.0.0.251");
});
