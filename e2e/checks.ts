// The suites of src/testing in a page: the checks are bundled for it, the library is the one in dist.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "@playwright/test";
import { type Gateway, serve } from "gonet/gateway";
import { build, type Plugin } from "vite";
import { type Site, startSite } from "./site.js";

type Gonet = typeof import("gonet");
type Conns = typeof import("../src/testing/nettest.js");
type Packets = typeof import("../src/testing/packettest.js");
type Pairs = typeof import("../src/testing/packetpairs.js");

/** Family is a function of packetpairs.ts, with what it takes besides a gateway. */
export type Family =
  | { readonly make: "makeUDPPair"; readonly of: string }
  | { readonly make: "makeUnixPair"; readonly of: "unix" | "unixpacket" }
  | { readonly make: "makeUnixgramPair" | "makeIPPair" };

/** Checks is a site that has the bundled checks, and a gateway that answers its pages. */
export interface Checks {
  readonly site: Site;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

const here = import.meta.dirname;

// Everything of the library that the checks use comes from the one copy that the page has.
const fromDist: Plugin = {
  name: "gonet-from-dist",
  enforce: "pre",
  resolveId: (id) => (id.endsWith("/io.js") ? "\0io" : undefined),
  load: (id) =>
    id === "\0io" ? 'import { io } from "gonet"; export const { EOF, ReadFull } = io;' : undefined,
};

/** startChecks bundles the checks and serves them under /checks/, as nettest.js, packettest.js and packetpairs.js. */
export async function startChecks(): Promise<Checks> {
  const folder = mkdtempSync(join(tmpdir(), "gonet-checks-"));
  const names = ["nettest", "packettest", "packetpairs"];
  await build({
    configFile: false,
    logLevel: "error",
    plugins: [fromDist],
    build: {
      lib: {
        entry: Object.fromEntries(names.map((name) => [name, resolve(here, `../src/testing/${name}.ts`)])),
        formats: ["es"],
      },
      outDir: folder,
      rolldownOptions: { external: ["gonet"] },
      minify: false,
    },
  });
  const site = await startSite({
    "/": resolve(here, "pages"),
    "/dist/": resolve(here, "../dist"),
    "/checks/": folder,
  });
  const gateway = await serve({ webRoot: null, origins: [site.origin] });
  return {
    site,
    gateway,
    async close() {
      await gateway.close();
      await site.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** runChecks runs all checks on a family, one after the other, in a page. It gives the names of those that ran. */
export async function runChecks(page: Page, { site, gateway }: Checks, family: Family): Promise<string[]> {
  await page.goto(`${site.origin}/blank.html`);
  return page.evaluate(
    async ({ family, url, token }) => {
      const { connect } = (await import("/dist/index.js" as string)) as Gonet;
      const { checks } = (await import("/checks/nettest.js" as string)) as Conns;
      const { packetChecks } = (await import("/checks/packettest.js" as string)) as Packets;
      const pairs = (await import("/checks/packetpairs.js" as string)) as Pairs;
      const net = await connect(url, { token });
      const ran: string[] = [];
      const runAll = async <M>(
        all: readonly { name: string; run(make: () => Promise<M>): Promise<void> }[],
        make: () => Promise<M>,
      ) => {
        for (const check of all) {
          ran.push(check.name);
          await check.run(make).catch((err: Error) => {
            throw new Error(`${check.name}: ${err.message}`, { cause: err });
          });
        }
      };
      if (family.make === "makeUnixPair") {
        await runAll(checks, pairs.makeUnixPair(net, family.of));
      } else if (family.make === "makeUDPPair") {
        await runAll(packetChecks, pairs.makeUDPPair(net, family.of));
      } else {
        await runAll(packetChecks, pairs[family.make](net));
      }
      await net.session.close();
      return ran;
    },
    { family, url: gateway.url, token: gateway.token },
  );
}
