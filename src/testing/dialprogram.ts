// Dials that need a network which swallows packets, and names with several addresses. It runs in a namespace (see
// namespace.ts and dial.test.ts), with the program of a gateway as its argument, and prints what it saw.

import { GatewayProcess } from "./gatewayprocess.js";

const swallowed = "198.51.100.77:80";
const atOnce = 8;

/** Observation is one dial: where it arrived or what it failed with, and how long it took. */
export interface Observation {
  readonly arrived: string;
  readonly ms: number;
}

/** Observations are what dial.test.ts looks at. */
export interface Observations {
  readonly dials: Readonly<Record<string, Observation>>;
  /** descriptors are counted before dials that hang, while they do, and after they ended in each way. */
  readonly descriptors: Readonly<Record<string, number>>;
}

const gateway = await GatewayProcess.of(process.argv[2] ?? "");
const net = await gateway.connect();
const dials: Record<string, Observation> = {};

async function observe(name: string, dial: () => ReturnType<typeof net.DialTimeout>): Promise<void> {
  const began = performance.now();
  let arrived: string;
  try {
    const c = await dial();
    arrived = c.RemoteAddr()?.String() ?? "nowhere";
    await c.Close();
  } catch (err) {
    arrived = (err as Error).message;
  }
  dials[name] = { arrived, ms: performance.now() - began };
}

// both.test has an address that swallows, which goes first, and loopback.
const l = await net.Listen("tcp", "127.0.0.1:40001");
const second = await net.Listen("tcp", "127.0.0.2:40002");
await observe("families race", () => net.DialTimeout("tcp", "both.test:40001", 3000));
const quick = new net.Dialer({ FallbackDelay: 20, Timeout: 3000 });
await observe("families race soon", () => quick.Dial("tcp", "both.test:40001"));
const serial = new net.Dialer({ FallbackDelay: -1, Timeout: 4200 });
await observe("families in turn", () => serial.Dial("tcp", "both.test:40001"));
await observe("addresses in turn", () => net.DialTimeout("tcp", "two.test:40002", 3000));
await observe("all refuse", () => net.DialTimeout("tcp", "two.test:40003", 3000));
await observe("all swallow", () => net.DialTimeout("tcp", "files.test:80", 300));

const descriptors: Record<string, number> = {};
const count = async (): Promise<number> => (await gateway.holdings()).descriptors;

/** settled counts again until the count is what it was, or has not become that for a second. */
async function settled(before: number): Promise<number> {
  const end = performance.now() + 1000;
  for (;;) {
    const now = await count();
    if (now === before || performance.now() > end) return now;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** hanging starts dials that nobody answers, and is done when their sockets are there. */
async function hanging(
  on: typeof net,
  target: string,
  before: number,
  signal?: AbortSignal,
): Promise<Promise<unknown>[]> {
  const started = Array.from({ length: atOnce }, () => on.Dial("tcp", target, signal).catch((e) => e));
  await settled(before + atOnce);
  return started;
}

const before = await settled(await count());
descriptors["before"] = before;
for (const [name, target] of Object.entries({ address: swallowed, name: "swallowed.test:80" })) {
  const stop = new AbortController();
  const started = await hanging(net, target, before, stop.signal);
  descriptors[`${name}: while they hang`] = await count();
  stop.abort();
  await Promise.all(started);
  descriptors[`${name}: given up`] = await settled(before);
}
await Promise.allSettled(Array.from({ length: atOnce }, () => net.DialTimeout("tcp", swallowed, 100)));
descriptors["timed out"] = await settled(before);
const { net: other, cut } = await gateway.connectCuttable();
const started = await hanging(other, swallowed, before + 1);
descriptors["of another session"] = await count();
cut();
await Promise.all(started);
descriptors["that was cut"] = await settled(before);

await l.Close();
await second.Close();
await net.session.close();
await gateway.stop();
console.log(JSON.stringify({ dials, descriptors } satisfies Observations));
