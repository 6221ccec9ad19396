// Operations that ask: names, interfaces.

import { hostName } from "./orders.js";
import { failsLike, type Operation, type Place, same } from "./place.js";

const name = `${hostName}.`;

type Question = readonly [ask: (net: Place["net"]) => Promise<unknown>, want: unknown];

const questions: readonly Question[] = [
  [(net) => net.LookupHost(name), ["127.0.0.1"]],
  [async (net) => (await net.LookupIP(name)).map(String), ["127.0.0.1"]],
  [(net) => net.LookupTXT(name), ["one two"]],
  [async (net) => (await net.LookupMX(name)).map((mx) => mx.Host), ["a.soak.test.", "b.soak.test."]],
  [async (net) => (await net.LookupNS(name)).map((ns) => ns.Host), ["ns.soak.test."]],
  [
    async (net) => (await net.LookupSRV("soak", "tcp", name))[1].map((srv) => srv.Target),
    ["early.soak.test.", "late.soak.test."],
  ],
  [(net) => net.LookupAddr("192.0.2.77"), [name]],
  [(net) => net.LookupCNAME(name), name],
  [(net) => net.LookupPort("tcp", "https"), 443],
];

const lookup: Operation = async ({ net, random }) => {
  const [ask, want] = random.pick(questions);
  same(JSON.stringify(await ask(net)), JSON.stringify(want), "an answer about names");
};

const noSuchHost: Operation = async ({ net, targets }) => {
  await failsLike(
    net.LookupHost("nobody.soak.test."),
    new RegExp(`^lookup nobody.soak.test. on ${targets.dns}: no such host$`),
  );
};

const interfaces: Operation = async ({ net }) => {
  const all = await net.Interfaces();
  const lo = all.find((one) => one.Name === "lo");
  const addresses = (await lo?.Addrs())?.map(String);
  same(addresses?.includes("127.0.0.1/8"), true, "whether lo has 127.0.0.1/8");
};

/** nameOperations are all of them by name, with how often one is taken. */
export const nameOperations: Readonly<Record<string, readonly [weight: number, operation: Operation]>> = {
  lookup: [5, lookup],
  "no such host": [1, noSuchHost],
  interfaces: [2, interfaces],
};
