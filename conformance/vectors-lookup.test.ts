// The answers of Go that take a machine's files (vectors-open.json), against ours through a gateway: the same functions that
// vectors.test.ts checks by themselves.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveIPAddr, resolveTCPAddr, resolveUDPAddr } from "../src/addrlist.js";
import { type Joined, overMemory } from "../src/testing/gateways.js";
import { byFn, wrongOnes } from "./vectorfile.js";
import type { Call } from "./vectors.js";

// Nothing here is looked up in DNS: what would be finds nobody there.
const nobody = "127.0.0.1:9";

describe("vectors through a gateway", () => {
  let joined: Joined;

  beforeAll(async () => {
    joined = await overMemory({ dnsServers: [nobody] });
  });

  afterAll(() => joined.close());

  const resolved = async (address: Promise<{ String(): string }>) => {
    const a = await address;
    return [a, a.String()];
  };
  const lookup = () => joined.net.DefaultResolver.lookup();
  const calls: Readonly<Record<string, Call>> = {
    LookupPort: async ([network, service]) => [await joined.net.LookupPort(`${network}`, `${service}`)],
    ResolveTCPAddr: ([network, s]) => resolved(resolveTCPAddr(`${network}`, `${s}`, lookup())),
    ResolveUDPAddr: ([network, s]) => resolved(resolveUDPAddr(`${network}`, `${s}`, lookup())),
    ResolveIPAddr: ([network, s]) => resolved(resolveIPAddr(`${network}`, `${s}`, lookup())),
  };

  test.each(Object.keys(calls))("%s", async (fn) => {
    expect(byFn.get(fn)?.length).toBeGreaterThan(0);
    expect(await wrongOnes(fn, calls[fn] as Call)).toEqual([]);
  });
});
