// From the strings that Dial, Listen and Resolve are given to addresses. What needs no system call is done here; names
// and services are the gateway's to look up.

import type { Lookup } from "./addrlist.js";
import { Canceled, DeadlineExceeded, Err } from "./context.js";
import { type IP, parseIPZone } from "./ip.js";
import { isDomainName, parsePort, SplitHostPort } from "./ipsock.js";
import type { Link } from "./link.js";
import { AddrError, DNSError, errNoSuchHost, errNoSuitableAddress, mapErr } from "./net.js";
import { lowerASCII } from "./parse.js";
import { detailOf, withDetail } from "./pieces.js";
import { builtinProtocols, checkPort, lookupPortMap, lookupProtocolMap, portNetwork } from "./port.js";
import { TCPAddr } from "./tcpaddr.js";
import type { TCPTarget } from "./tcpsock.js";
import type { LookupKind } from "./wire/names.js";

/** resolveTCP is the target of a dial or listen on a TCP network: its address, or the name to look up. */
export async function resolveTCP(link: Link, network: string, address: string): Promise<TCPTarget> {
  const [host, service] = SplitHostPort(address);
  const [number, needsLookup] = parsePort(service);
  const fixed = needsLookup ? null : checkPort(number, service);
  if (host === "") {
    return new TCPAddr({ Port: fixed ?? (await lookupPort(link, network, service)) });
  }
  const [ip, zone] = parseIPZone(host);
  if (ip === null) {
    if (!isDomainName(host)) {
      if (fixed === null) {
        await lookupPort(link, network, service);
      }
      throw new DNSError({ Err: errNoSuchHost.message, Name: host, IsNotFound: true });
    }
    return { host, port: fixed ?? service };
  }
  const port = fixed ?? (await lookupPort(link, network, service));
  if (!allows(network, ip)) {
    throw new AddrError({ Err: errNoSuitableAddress.message, Addr: host });
  }
  return new TCPAddr({ IP: ip, Port: port, Zone: zone });
}

function allows(network: string, ip: IP): boolean {
  const isIPv4 = ip.To4() !== null;
  return network.endsWith("4") ? isIPv4 : network.endsWith("6") ? !isIPv4 : true;
}

/** lookupPort is the port of a service on a network. A number is checked here, a name at the gateway. */
export async function lookupPort(link: Link, network: string, service: string): Promise<number> {
  const [number, needsLookup] = parsePort(service);
  if (!needsLookup) {
    return checkPort(number, service);
  }
  return gatewayLookup(link).port(portNetwork(network), service);
}

// Longer names of services and protocols are in no table; what is asked of the gateway has to fit a frame.
const maxNameBytes = 255;

/** gatewayLookup is what the gateway's machine knows. */
export function gatewayLookup(link: Link): Omit<Lookup, "addresses"> {
  return {
    async port(network, service) {
      if (service.length > maxNameBytes) {
        return lookupPortMap(network, service);
      }
      const [port] = await link.call("port", [network.replace(/^(tcp|udp)[46]$/, "$1"), service]);
      return checkPort(typeof port === "number" ? port : -1, service);
    },
    async protocol(name) {
      if (name.length > maxNameBytes || builtinProtocols.has(lowerASCII(name))) {
        return lookupProtocolMap(name);
      }
      const [number] = await link.call("protocol", [name]);
      return typeof number === "number" ? number : lookupProtocolMap(name);
    },
  };
}

/** Ask looks a name up and gives the rows for it (src/wire/names.ts). It rejects with a DNSError. */
export type Ask = (
  kind: LookupKind,
  name: string,
  strict: boolean,
  signal?: AbortSignal,
) => Promise<readonly unknown[]>;

let lastLookup = 0;

/** gatewayAsk lets the gateway look names up. */
export function gatewayAsk(link: Link): Ask {
  return async (kind, name, strict, signal) => {
    if (signal?.aborted) {
      throw stoppedLookup(name, signal);
    }
    const number = ++lastLookup;
    const rows = link.call("lookup", [number, kind, name, strict]).catch((err: Error) => {
      throw err instanceof DNSError ? err : otherFailure(name, err);
    });
    return unlessStopped(rows, name, signal, () => {
      link.call("forget", [number]).catch(() => {}); // without a gateway there is nothing to forget
    });
  };
}

// otherFailure is the DNSError of a lookup that failed on the way to the gateway, or at one of its limits.
function otherFailure(name: string, err: Error): DNSError {
  const failure = new DNSError({ Err: err.message, Name: name, IsTemporary: true, UnwrapErr: err });
  return withDetail(failure, detailOf(err));
}

// unlessStopped is what work gives, or fails when signal is aborted; stop is called then.
function unlessStopped<T>(
  work: Promise<T>,
  name: string,
  signal: AbortSignal | undefined,
  stop: () => void,
): Promise<T> {
  if (signal === undefined) {
    return work;
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(stoppedLookup(name, signal));
      stop();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** stoppedLookup is the error of a lookup that signal ended. */
export function stoppedLookup(name: string, signal: AbortSignal): DNSError {
  const why = Err(signal);
  return new DNSError({
    Err: mapErr(why ?? Canceled).message,
    Name: name,
    IsTimeout: why === DeadlineExceeded,
  });
}
