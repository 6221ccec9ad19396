// Makes the calls of all setups of a mode, both given as arguments, and prints the answers by setup, in the form of oracle.go.
// Client and gateway are in this process, joined in memory; each setup has its own.

import { overMemory } from "../../src/testing/gateways.js";
import { putInPlace, readSetups } from "./setups.mjs";

type Call = readonly [fn: string, ...args: string[]];
type Net = Awaited<ReturnType<typeof overMemory>>["net"];

const manyAddresses = 20;

function text(net: Net, err: unknown): string {
  if (err === null) return "ok";
  const e = err as Error;
  const { DNSError } = net;
  const kind =
    e instanceof DNSError
      ? `DNSError{IsTimeout=${e.IsTimeout} IsTemporary=${e.IsTemporary} IsNotFound=${e.IsNotFound}}`
      : e instanceof net.UnknownNetworkError
        ? "net.UnknownNetworkError"
        : e.name;
  return `ERR ${kind} | ${e.message.replace(/:4\d{4}\b/g, ":<eph>")}`;
}

async function results(net: Net, call: Call): Promise<unknown> {
  const [named, a = "", b = "", c = ""] = call;
  const r = new net.Resolver({ StrictErrors: named.startsWith("strict ") });
  switch (named.replace(/^strict /, "")) {
    case "LookupHost":
      return r.LookupHost(a);
    case "LookupIP":
      return r.LookupIP(a, b);
    case "LookupIPAddr":
      return r.LookupIPAddr(a);
    case "LookupCNAME":
      return [await r.LookupCNAME(a)];
    case "LookupAddr":
      return r.LookupAddr(a);
    case "LookupMX":
      return r.LookupMX(a);
    case "LookupNS":
      return r.LookupNS(a);
    case "LookupSRV":
      return r.LookupSRV(a, b, c);
    case "LookupTXT":
      return r.LookupTXT(a);
    case "LookupPort":
      return [await r.LookupPort(a, b)];
    case "Dial": {
      const conn = await net.Dial(a, b);
      await conn.Close();
      return [conn.RemoteAddr()?.String()];
    }
    case "ResolveTCPAddr":
      return [await net.ResolveTCPAddr(a, b)];
    default:
      throw new Error(`no such call: ${named}`);
  }
}

function written(net: Net, result: unknown): string {
  const { IP, IPAddr, MX, NS, SRV, TCPAddr } = net;
  if (result instanceof IP) return `${result.String()}/${result.length}`;
  if (result instanceof IPAddr || result instanceof TCPAddr) {
    return `${result.String()}/${result.IP?.length ?? 0}`;
  }
  if (result instanceof MX) return `${result.Pref} ${result.Host}`;
  if (result instanceof NS) return result.Host;
  if (result instanceof SRV) return `${result.Priority} ${result.Weight} ${result.Port} ${result.Target}`;
  return result === null ? "<nil>/0" : String(result);
}

// Where Go returns a zero value beside its error, it is in the list.
const zero: Readonly<Record<string, readonly string[]>> = {
  LookupCNAME: [""],
  LookupSRV: [""],
  LookupPort: ["0"],
};

async function answer(net: Net, call: Call): Promise<string> {
  let found: unknown;
  let err: unknown = null;
  try {
    found = await results(net, call);
  } catch (e) {
    err = e;
    found = (e as { results?: unknown }).results ?? zero[call[0]] ?? [];
  }
  const list = (found as unknown[]).flat().map((result) => written(net, result));
  const short = call[0].endsWith("LookupHost") && list.length > manyAddresses;
  return `${JSON.stringify(short ? [`${list.length} addresses`] : list)} ${text(net, err)}`;
}

const [mode, file = ""] = process.argv.slice(2);
const answers: Record<string, string[]> = {};
for (const [name, setup] of readSetups(file)) {
  if (setup.mode !== mode) continue;
  putInPlace(setup);
  const { net, close } = await overMemory();
  answers[name] = await Promise.all(setup.calls.map((call) => answer(net, call)));
  await close();
}
console.log(JSON.stringify(answers));
