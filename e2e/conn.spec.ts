// The connection suite in a real Chromium: the checks are bundled for the page, the library is the one in dist.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Gateway, serve } from "gonet/gateway";
import { build, type Plugin } from "vite";
import { expect, test } from "./fixtures.js";
import { type Site, startSite } from "./site.js";

type Gonet = typeof import("gonet");
type Checks = typeof import("../src/testing/nettest.js");

const here = import.meta.dirname;

// Everything of the library that the checks use comes from the one copy that the page has.
const fromDist: Plugin = {
  name: "gonet-from-dist",
  enforce: "pre",
  resolveId: (id) => (id.endsWith("/io.js") ? "\0io" : undefined),
  load: (id) =>
    id === "\0io" ? 'import { io } from "gonet"; export const { EOF, ReadFull } = io;' : undefined,
};

let folder: string;
let site: Site;
let gateway: Gateway;

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gonet-checks-"));
  await build({
    configFile: false,
    logLevel: "error",
    plugins: [fromDist],
    build: {
      lib: { entry: { checks: resolve(here, "../src/testing/nettest.ts") }, formats: ["es"] },
      outDir: folder,
      rolldownOptions: { external: ["gonet"] },
      minify: false,
    },
  });
  site = await startSite({
    "/": resolve(here, "pages"),
    "/dist/": resolve(here, "../dist"),
    "/checks/": folder,
  });
  gateway = await serve({ webRoot: null, origins: [site.origin] });
});

test.afterAll(async () => {
  await gateway.close();
  await site.close();
  rmSync(folder, { recursive: true, force: true });
});

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
  await page.goto(`${site.origin}/blank.html`);
  const found = await page.evaluate(async () => {
    const { checks } = (await import("/checks/checks.js" as string)) as Checks;
    return checks.map((check) => check.name);
  });
  expect(found).toEqual(names);
});

for (const name of names) {
  test(`TCP in a page: ${name}`, async ({ page }) => {
    await page.goto(`${site.origin}/blank.html`);
    await page.evaluate(
      async ({ name, url, token }) => {
        const { connect } = (await import("/dist/index.js" as string)) as Gonet;
        const { checks } = (await import("/checks/checks.js" as string)) as Checks;
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
      { name, url: gateway.url, token: gateway.token },
    );
  });
}
