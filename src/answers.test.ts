// A gateway that answers what it should not: each question fails with an error of its own kind, and nothing else happens.

import { afterEach, describe, expect, test } from "vitest";
import { connectOver, type Net } from "./connect.js";
import { pair } from "./wire/pair.js";
import { Session } from "./wire/session.js";

const nets: Net[] = [];

afterEach(async () => {
  for (const net of nets.splice(0)) await net.session.close();
});

// answering is a client of a gateway that answers every question with that.
async function answering(answer: readonly unknown[]): Promise<Net> {
  const link = pair({ defer: setImmediate });
  const gateway = new Session({
    role: "gateway",
    handler: { open: (stream) => stream.refused(["timeout"], null, null), call: () => answer },
  });
  gateway.attach(link.b);
  const net = await connectOver(async () => link.a);
  nets.push(net);
  return net;
}

const v4 = Uint8Array.of(127, 0, 0, 1);
const junk: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  Number.NaN,
  "x",
  new Uint8Array(3),
  [],
  [[]],
  [v4],
  [1, 2],
];
const malformed = "malformed answer from the gateway";

describe("a malformed answer", () => {
  test.each(junk.map((row) => [row] as const))(
    "%j in the place of an interface, an address or a group",
    async (row) => {
      const net = await answering([row]);
      const asked = [
        net.Interfaces(),
        net.InterfaceByName("lo"),
        net.InterfaceByIndex(1),
        net.InterfaceAddrs(),
        new net.Interface({ Index: 1 }).Addrs(),
        new net.Interface({ Index: 1 }).MulticastAddrs(),
      ];
      for (const each of await Promise.allSettled(asked)) {
        expect(each).toMatchObject({ status: "rejected", reason: { message: `route ip+net: ${malformed}` } });
        expect((each as PromiseRejectedResult).reason).toBeInstanceOf(net.OpError);
      }
    },
  );

  test.each<readonly [name: string, row: unknown]>([
    ["an index below 0", [-1, 1500, "lo", new Uint8Array(), 1]],
    ["a name that is none", [1, 1500, 7, new Uint8Array(), 1]],
    ["a hardware address of text", [1, 1500, "lo", "00:00", 1]],
    ["flags that are no number", [1, 1500, "lo", new Uint8Array(), "up"]],
  ])("%s", async (_, row) => {
    const net = await answering([row]);
    await expect(net.Interfaces()).rejects.toThrow(malformed);
  });

  test.each(junk.map((row) => [row] as const))(
    "%j in the place of what the machine knows of names",
    async (row) => {
      const net = await answering([row]);
      const resolver = new net.Resolver({ PreferGo: true, Dial: () => Promise.reject(new Error("no way")) });
      for (const each of await Promise.allSettled([
        resolver.LookupHost("a.test"),
        resolver.LookupAddr("192.0.2.1"),
        resolver.LookupMX("a.test"),
        net.LookupHost("a.test"),
      ])) {
        // A name of one character may be what a name server says.
        if (each.status === "rejected") expect(each.reason).toBeInstanceOf(net.DNSError);
        else expect(row).toBe("x");
      }
    },
  );
});
