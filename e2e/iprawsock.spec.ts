// Raw IP from a page in a real Chromium: the packet suite, and a ping.
import { type Checks, runChecks, startChecks } from "./checks.js";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");

const someChecks = 10;

test.skip(process.getuid?.() !== 0, "raw sockets need root");

test.describe("the packet suite in a page", () => {
  let checks: Checks;
  test.beforeAll(async () => {
    checks = await startChecks();
  });
  test.afterAll(() => checks.close());

  test("over raw IP", async ({ page }) => {
    const ran = await runChecks(page, checks, { make: "makeIPPair" });
    expect(ran.length).toBeGreaterThan(someChecks);
  });
});

test("a page pings 127.0.0.1", async ({ page, site, gateway }) => {
  await page.goto(`${site.origin}/blank.html`);
  const answers = await page.evaluate(
    async ({ url, token }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const net = await connect(url, { token });
      const id = crypto.getRandomValues(new Uint8Array(2));
      // RFC 792: type 8, code 0, checksum, identifier, sequence number, data.
      const request = (seq: number) => {
        const b = Uint8Array.of(8, 0, 0, 0, ...id, 0, seq, ...new TextEncoder().encode("gonet ping"));
        const view = new DataView(b.buffer);
        let sum = 0;
        for (let i = 0; i < b.length; i += 2) sum += view.getUint16(i);
        view.setUint16(2, ~((sum & 0xffff) + (sum >>> 16)));
        return b;
      };
      const c = await net.Dial("ip4:icmp", "127.0.0.1");
      c.SetDeadline(Date.now() + 5000);
      const b = new Uint8Array(512);
      const answers: unknown[] = [];
      for (const seq of [1, 2, 3]) {
        await c.Write(request(seq));
        for (;;) {
          const n = await c.Read(b);
          const [first = 0] = b;
          const icmp = b.subarray((first & 0xf) * 4, n);
          // On loopback the request is heard as well, and so are the pings of others.
          if (icmp[0] !== 0 || icmp[4] !== id[0] || icmp[5] !== id[1]) continue;
          answers.push([first, icmp[7], new TextDecoder().decode(icmp.subarray(8))]);
          break;
        }
      }
      await c.Close();
      await net.session.close();
      return answers;
    },
    { url: gateway.url, token: gateway.token },
  );
  expect(answers).toEqual([1, 2, 3].map((seq) => [0x45, seq, "gonet ping"]));
});
