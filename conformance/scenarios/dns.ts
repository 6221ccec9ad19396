// Lookups: the hosts file, literals, and what a name server says.

import { failure, quote } from "./format.js";
import type { Scenario, Transcript } from "./scenario.js";

type Lookup = () => Promise<readonly unknown[]>;

// list logs the results of look as a list, sorted if asked for, and its error.
async function list(
  t: Transcript,
  label: string,
  look: Lookup,
  write: (result: unknown) => string = String,
): Promise<void> {
  let results: readonly unknown[] = [];
  const err = await failure(async () => {
    results = await look();
  });
  t.line(`${label}: [${results.map(write).join(" ")}] ${t.text(err)}`);
}

async function hosts(t: Transcript, names: readonly string[]): Promise<void> {
  for (const host of names) {
    await list(t, `LookupHost ${quote(host)}`, async () => (await t.net.LookupHost(host)).sort());
  }
}

// ips logs each address with its length, and the error.
async function ips(t: Transcript, host: string, isLogged = true): Promise<void> {
  const err = await failure(async () => {
    const found = await t.net.LookupIP(host);
    for (const ip of found.sort((a, b) => (a.String() < b.String() ? -1 : 1))) {
      t.line(`LookupIP ${host}: ${ip.String()} len=${ip.length}`);
    }
  });
  if (isLogged) {
    t.line(`LookupIP: ${t.text(err)}`);
  }
}

/** dnsScenarios by name. */
export const dnsScenarios: Readonly<Record<string, Scenario>> = {
  "dns-hosts-and-literals": async (t) => {
    await hosts(t, ["localhost", "files.test", "filesalias.test", "127.0.0.1", "::1", "fe80::1%lo", ""]);
    await ips(t, "files.test");
    await list(t, "LookupAddr", () => t.net.LookupAddr("198.51.100.7"));
    await list(t, "LookupAddr bogus", () => t.net.LookupAddr("bogus"));
  },

  "dns-lookups": async (t) => {
    const { net } = t;
    const unknown = "nosuch.test";
    await hosts(t, ["a.test", "A.TEST", "a.test.", "multi.test", unknown, "empty.test"]);
    await ips(t, "v6only.test");
    await ips(t, "a.test", false);
    await t.error("LookupIP nosuch", () => net.LookupIP(unknown));
    await t.error("LookupMX", async () => {
      for (const mx of await net.LookupMX("mx.test")) {
        t.line(`LookupMX: ${mx.Pref} ${quote(mx.Host)}`);
      }
    });
    await t.error("LookupMX nosuch", () => net.LookupMX(unknown));
    await list(
      t,
      "LookupTXT",
      () => net.LookupTXT("txt.test"),
      (text) => quote(text as string),
    );
    await t.error("LookupTXT nosuch", () => net.LookupTXT(unknown));
    t.line(`LookupCNAME: ${quote(await net.LookupCNAME("cname.test"))} ok`);
    await t.error("LookupCNAME nosuch", () => net.LookupCNAME(unknown));
    await list(t, "LookupAddr", () => net.LookupAddr("192.0.2.10"));
    await t.error("LookupAddr nosuch", () => net.LookupAddr("192.0.2.99"));
  },
};
