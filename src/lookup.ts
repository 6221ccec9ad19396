// What the gateway's machine knows: names, services, protocols. What needs no system is decided here.

import type { Lookup } from "./addrlist.js";
import { bytesOf, countOf, ipAddrOf, malformed, rowOf, textOf } from "./answers.js";
import { Canceled, DeadlineExceeded, Err } from "./context.js";
import type { Link } from "./link.js";
import type { LookupKind } from "./names/names.js";
import { DNSError, mapErr } from "./net.js";
import { lowerASCII } from "./parse.js";
import { detailOf, withDetail } from "./pieces.js";
import { builtinProtocols, checkPort, lookupPortMap, lookupProtocolMap } from "./port.js";

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

const address = (row: unknown): void => void ipAddrOf(row);
const text = (row: unknown): void => void textOf(row);
const checks: Readonly<Record<LookupKind, (row: unknown, at: number) => void>> = {
  ip: address,
  ip4: address,
  ip6: address,
  host: address,
  cname: text,
  addr: text,
  ns: text,
  mx(row) {
    const [preference, host] = rowOf(row);
    countOf(preference);
    textOf(host);
  },
  srv(row, at) {
    if (at === 0) {
      return text(row);
    }
    const [target, ...numbers] = rowOf(row);
    textOf(target);
    if (numbers.map(countOf).length !== srvNumbers) {
      throw malformed();
    }
  },
  txt: (row) => void bytesOf(row),
};
const srvNumbers = 3; // port, priority, weight

/** checkedRows are the rows of a lookup, if they are of the form that its kind has. Else it throws a DNSError. */
export function checkedRows(kind: LookupKind, name: string, rows: readonly unknown[]): readonly unknown[] {
  try {
    rows.forEach(checks[kind]);
    return rows;
  } catch (err) {
    throw otherFailure(name, err as Error);
  }
}

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

/** otherFailure is the DNSError of a lookup that failed on the way to the gateway, or at one of its limits. */
export function otherFailure(name: string, err: Error): DNSError {
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
