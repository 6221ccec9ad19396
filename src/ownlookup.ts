// Lookups that do not leave the name servers to the gateway: a Resolver with a Dial asks them from here. The files are
// still those of the gateway's machine, and so is the order of addresses.

import { countOf, ipAddrOf, malformed, textOf, textsOf } from "./answers.js";
import { Err } from "./context.js";
import { EOF } from "./io.js";
import { parseIPZone } from "./ip.js";
import type { Link } from "./link.js";
import { type Ask, otherFailure, stoppedLookup } from "./lookup.js";
import { inOrder } from "./names/addrselect.js";
import {
  type DNSConfig,
  type DNSConn,
  type DNSTransport,
  NameError,
  type Stop,
  StoppedError,
} from "./names/dnsclient.js";
import { type Machine, Names, type Order } from "./names/names.js";
import { type Conn, DNSError, mapErr, type NetError, OpError } from "./net.js";
import { fromIP } from "./plainaddr.js";
import { TCPConn } from "./tcpsock.js";
import type { SockAddr } from "./wire/sockaddr.js";

/** ResolverDial makes a connection to a name server. network is "udp" or "tcp", address "host:port" without a name. */
export type ResolverDial = (network: string, address: string, signal?: AbortSignal) => Promise<Conn>;

const atOnce = 32; // addresses in one question, whose arguments are limited

/** ownAsk asks the name servers over connections that dial makes. */
export function ownAsk(link: Link, dial: ResolverDial): Ask {
  return async (kind, name, strict, signal) => {
    const names = new Names(new GatewayMachine(link), transport(dial));
    try {
      return await names.lookup(kind, name, { strict, stop: signal });
    } catch (err) {
      if (err instanceof StoppedError && signal !== undefined) {
        throw stoppedLookup(name, signal);
      }
      throw err instanceof NameError ? toDNSError(err) : otherFailure(name, err as Error);
    }
  };
}

function toDNSError(err: NameError): DNSError {
  return new DNSError({
    Err: String(err.what), // in pieces it is only at the gateway
    Name: err.lookedUp,
    Server: err.server,
    IsTimeout: err.isTimeout,
    IsTemporary: err.isTemporary,
    IsNotFound: err.isNotFound,
  });
}

const orders = new Set<unknown>(["files dns", "dns files", "files", "dns"] satisfies Order[]);

// GatewayMachine is the gateway's machine, asked for what a lookup wants to know of it.
class GatewayMachine implements Machine {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async order(host: string): Promise<Order> {
    const [order] = await this.#link.call("lookupOrder", [host]);
    if (!orders.has(order)) {
      throw malformed();
    }
    return order as Order;
  }

  async hostAddresses(name: string): Promise<readonly SockAddr[]> {
    return (await this.#link.call("hostAddresses", [name])).map(ipAddrOf);
  }

  async hostNames(address: string): Promise<readonly string[]> {
    return (await this.#link.call("hostNames", [address])).map(textOf);
  }

  async config(): Promise<DNSConfig> {
    const [servers, search, ndots, timeoutMs, attempts, rotate, singleRequest, useTCP] =
      await this.#link.call("dnsConfig", []);
    return {
      servers: textsOf(servers),
      search: textsOf(search),
      ndots: countOf(ndots),
      timeoutMs: countOf(timeoutMs),
      attempts: countOf(attempts),
      rotate: rotate === true,
      singleRequest: singleRequest === true,
      useTCP: useTCP === true,
    };
  }

  async inOrder(addresses: readonly SockAddr[]): Promise<readonly SockAddr[]> {
    const sources: (SockAddr | null)[] = [];
    for (let i = 0; i < addresses.length; i += atOnce) {
      const some = await this.#link.call("sources", addresses.slice(i, i + atOnce));
      sources.push(...some.map((source) => (source === null ? null : ipAddrOf(source))));
    }
    if (sources.length !== addresses.length) {
      throw malformed();
    }
    return inOrder(addresses, sources);
  }

  parse(address: string): SockAddr | null {
    const [ip, zone] = parseIPZone(address);
    return ip === null ? null : fromIP(ip, zone);
  }
}

function transport(dial: ResolverDial): DNSTransport {
  return {
    async dial(network, server, timeoutMs, stop) {
      const end = Date.now() + timeoutMs;
      const over = new AbortController();
      const timer = setTimeout(() => over.abort(new DOMException("", "TimeoutError")), timeoutMs);
      const onStop = (): void => over.abort();
      stop?.addEventListener("abort", onStop);
      try {
        const conn = await unlessOver(dial(network, server, over.signal), over.signal);
        return new OwnConn(conn, end, stop);
      } catch (err) {
        throw stop?.aborted ? new StoppedError() : err;
      } finally {
        clearTimeout(timer);
        stop?.removeEventListener("abort", onStop);
      }
    },
    describe(err) {
      const { Timeout: timeout } = err as Partial<NetError>;
      return {
        what: err instanceof Error ? mapErr(err).message : String(err),
        isTimeout: typeof timeout === "function" && timeout.call(err) === true,
        isSocket: err instanceof OpError,
      };
    },
    id: () => (crypto.getRandomValues(new Uint16Array(1)) as Uint16Array)[0] as number,
  };
}

// unlessOver is what dialling gives. If signal is aborted first, it fails, and a connection made all the same is closed.
function unlessOver(dialling: Promise<Conn>, signal: AbortSignal): Promise<Conn> {
  return new Promise((resolve, reject) => {
    const onOver = (): void => {
      const why = Err(signal);
      reject(why === null ? signal.reason : mapErr(why));
      dialling.then((conn) => conn.Close()).catch(() => {}); // nobody is left to be told
    };
    signal.addEventListener("abort", onOver, { once: true });
    dialling.then(resolve, reject).finally(() => signal.removeEventListener("abort", onOver));
  });
}

// OwnConn is a Conn as a DNSConn. To stop it closes the connection, which ends every wait.
class OwnConn implements DNSConn {
  readonly keepsMessages: boolean;
  readonly #conn: Conn;
  readonly #stop: Stop | undefined;
  readonly #onStop = (): void => this.close();

  constructor(conn: Conn, end: number, stop: Stop | undefined) {
    const isPacketConn = "ReadFrom" in conn && "WriteTo" in conn && !(conn instanceof TCPConn);
    this.keepsMessages = isPacketConn;
    this.#conn = conn;
    this.#stop = stop;
    conn.SetDeadline(end);
    stop?.addEventListener("abort", this.#onStop);
  }

  async write(b: Uint8Array): Promise<void> {
    await this.#unlessStopped(this.#conn.Write(b));
  }

  async read(b: Uint8Array): Promise<number> {
    try {
      return await this.#unlessStopped(this.#conn.Read(b));
    } catch (err) {
      if (err === EOF) return 0;
      throw err;
    }
  }

  close(): void {
    this.#stop?.removeEventListener("abort", this.#onStop);
    this.#conn.Close().catch(() => {}); // it was only there for one question
  }

  async #unlessStopped<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (err) {
      throw this.#stop?.aborted ? new StoppedError() : err;
    }
  }
}
