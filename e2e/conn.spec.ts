// The connection suite in a real Chromium.
import { type Checks, startChecks } from "./checks.js";
import { expect, test } from "./fixtures.js";

type Gonet = typeof import("gonet");
type Suite = typeof import("../src/testing/nettest.js");

let all: Checks;

test.beforeAll(async () => {
  all = await startChecks();
});

test.afterAll(() => all.close());

const names = [
  "BasicIO",
  "PingPong",
  "RacyRead",
  "RacyWrite",
  "ReadTimeout",
  "WriteTimeout",
  "PastTimeout",
  "PresentTimeout",
  "FutureTimeout",
  "CloseTimeout",
  "ConcurrentMethods",
];

test("these are all the checks", async ({ page }) => {
  await page.goto(`${all.site.origin}/blank.html`);
  const found = await page.evaluate(async () => {
    const { checks } = (await import("/checks/nettest.js" as string)) as Suite;
    return checks.map((check) => check.name);
  });
  expect(found).toEqual(names);
});

for (const name of names) {
  test(`TCP in a page: ${name}`, async ({ page }) => {
    await page.goto(`${all.site.origin}/blank.html`);
    await page.evaluate(
      async ({ name, url, token }) => {
        const { connect } = (await import("/dist/index.js" as string)) as Gonet;
        const { checks } = (await import("/checks/nettest.js" as string)) as Suite;
        const net = await connect(url, { token });
        const check = checks.find((c) => c.name === name);
        await check?.run(async () => {
          const l = await net.Listen("tcp", "127.0.0.1:0");
          const [c1, c2] = await Promise.all([net.Dial("tcp", l.Addr().String()), l.AcceptTCP()]);
          await l.Close();
          const stop = async () => void (await Promise.allSettled([c1.Close(), c2.Close()]));
          return { c1, c2, stop };
        });
        await net.session.close();
      },
      { name, url: all.gateway.url, token: all.gateway.token },
    );
  });
}
