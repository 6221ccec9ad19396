// What every end-to-end test starts from: pages on one origin, and a gateway that answers them. Both are real servers
// on free ports of the loopback address, one pair for each worker of Playwright. Everything comes from dist/.
import { resolve } from "node:path";
import { test as base } from "@playwright/test";
import { type Gateway, serve } from "gonet/gateway";
import { type Site, startSite } from "./site.js";

const here = import.meta.dirname;

export { expect } from "@playwright/test";

/** test is Playwright's, with a site and a gateway. */
export const test = base.extend<object, { site: Site; gateway: Gateway }>({
  /** site serves e2e/pages under / and what was built under /dist/. */
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures a fixture needs from here
    async ({}, use) => {
      const site = await startSite({ "/": resolve(here, "pages"), "/dist/": resolve(here, "../dist") });
      await use(site);
      await site.close();
    },
    { scope: "worker" },
  ],

  /** gateway answers the site's origin, and its own. */
  gateway: [
    async ({ site }, use) => {
      const gateway = await serve({ host: "127.0.0.1", port: 0, origins: [site.origin] });
      await use(gateway);
      await gateway.close();
    },
    { scope: "worker" },
  ],
});
