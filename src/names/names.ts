// Looking names up as Go's own resolver does: the hosts file and name servers, in the order the machine asks for. What
// belongs to the machine (files, routes) is behind an interface, since a page that brings its own way to the servers
// runs this code too.

import type { SockAddr } from "../wire/sockaddr.js";
import {
  type AskOptions,
  cannotMarshal,
  cannotUnmarshal,
  DNSClient,
  type DNSConfig,
  type DNSTransport,
  NameError,
  nameError,
  nameList,
  noSuchHost,
} from "./dnsclient.js";
import { MalformedError, type Message, type RecordType, recordType } from "./dnsmessage.js";
import { isDomainName } from "./domainname.js";

/** Order says where addresses come from: /etc/hosts ("files") and name servers, and which counts first. */
export type Order = "files dns" | "dns files" | "files" | "dns";

/** Machine is what a lookup wants to know of the machine it runs for. Addresses have port 0. */
export interface Machine {
  order(host: string): Promise<Order>;
  /** hostAddresses are those of a name in the hosts file, in its order, IPv4 in 16 bytes. */
  hostAddresses(name: string): Promise<readonly SockAddr[]>;
  /** hostNames are the names of an address in the hosts file. */
  hostNames(address: string): Promise<readonly string[]>;
  config(): Promise<DNSConfig>;
  /** inOrder sorts addresses by RFC 6724. */
  inOrder(addresses: readonly SockAddr[]): Promise<readonly SockAddr[]>;
  /** parse reads an IP address, which may have a zone, or returns null. */
  parse(address: string): SockAddr | null;
}

/**
 * lookupKinds are the kinds of lookups, each with the form of one row of its result:
 *   host, ip, ip4, ip6   a socket address with port 0
 *   cname, addr, ns      a name
 *   mx                   [preference, name]
 *   srv                  the owner's name, then [target, port, priority, weight] each
 *   txt                  the bytes of one record
 * Names may be anything a server says.
 */
export const lookupKinds = ["host", "ip", "ip4", "ip6", "cname", "addr", "ns", "mx", "srv", "txt"] as const;
export type LookupKind = (typeof lookupKinds)[number];

/** Found are addresses, and the name that they are of: the last one of a chain of aliases. */
interface Found {
  readonly addresses: readonly SockAddr[];
  readonly cname: string;
}

/** Names looks names up. */
export class Names {
  readonly #machine: Machine;
  readonly #client: DNSClient;

  constructor(machine: Machine, transport: DNSTransport) {
    this.#machine = machine;
    this.#client = new DNSClient(transport);
  }

  /** lookup gives the rows for name. It rejects with NameError, or StoppedError. */
  async lookup(kind: LookupKind, name: string, options: AskOptions): Promise<readonly unknown[]> {
    switch (kind) {
      case "host":
        return this.#host(name, options);
      case "ip":
      case "ip4":
      case "ip6":
        return this.addresses(kind, name, options);
      case "cname": {
        const order = await this.#machine.order(name);
        return [(await this.#search("ip", name, order, options)).cname];
      }
      case "addr":
        return this.#names(name, options);
      case "ns":
        return this.#records(name, recordType.NS, options, (m) => m.host());
      case "mx":
        return this.#records(name, recordType.MX, options, (m) => m.mx());
      case "srv":
        return this.#services(name, options);
      case "txt":
        return this.#records(name, recordType.TXT, options, (m) => m.txt());
    }
  }

  /** addresses are those of a name, the best first. */
  async addresses(
    kind: "ip" | "ip4" | "ip6",
    name: string,
    options: AskOptions,
  ): Promise<readonly SockAddr[]> {
    const order = await this.#machine.order(name);
    return (await this.#search(kind, name, order, options)).addresses;
  }

  // #host differs from addresses in one thing: what stands in the hosts file keeps its order.
  async #host(name: string, options: AskOptions): Promise<readonly SockAddr[]> {
    const order = await this.#machine.order(name);
    if (order.startsWith("files")) {
      const known = await this.#machine.hostAddresses(name);
      if (known.length > 0 || order === "files") {
        return known;
      }
    }
    return (await this.#search("ip", name, order, options)).addresses;
  }

  async #search(kind: "ip" | "ip4" | "ip6", name: string, order: Order, options: AskOptions): Promise<Found> {
    const fromFile = async (): Promise<Found> => ({
      addresses: await this.#machine.inOrder(await this.#machine.hostAddresses(name)),
      cname: "",
    });
    if (order.startsWith("files")) {
      const known = await fromFile();
      if (known.addresses.length > 0 || order === "files") {
        return known;
      }
    }
    if (!isDomainName(name)) {
      throw noSuchHost(name);
    }
    let failure: NameError | null = null;
    try {
      const found = await this.#ask(kind, name, options);
      if (found.addresses.length > 0) {
        return { ...found, addresses: await this.#machine.inOrder(found.addresses) };
      }
    } catch (err) {
      failure = nameError(err);
    }
    const known = order === "dns files" ? await fromFile() : { addresses: [], cname: "" };
    if (known.addresses.length === 0 && failure !== null) {
      throw failure;
    }
    return known;
  }

  // #ask asks for A and AAAA under each name in turn, until one has an address.
  async #ask(kind: "ip" | "ip4" | "ip6", name: string, options: AskOptions): Promise<Found> {
    const config = await this.#machine.config();
    const types = { ip: [recordType.A, recordType.AAAA], ip4: [recordType.A], ip6: [recordType.AAAA] }[kind];
    let failure: NameError | null = null;
    for (const full of nameList(config, name)) {
      const addresses: SockAddr[] = [];
      let cname = "";
      for (const result of await this.#askEach(config, full, types, options)) {
        if (result instanceof NameError) {
          if (options.strict && result.mayPass) {
            throw result.about(name);
          }
          // The error for the name as it was given tells more than one for a name with a suffix.
          if (failure === null || full === `${name}.`) {
            failure = result;
          }
          continue;
        }
        failure = readAddresses(result, addresses, (owner) => {
          cname ||= owner;
        })
          ? failure
          : new NameError({ what: cannotMarshal, name, server: result.server });
      }
      if (addresses.length > 0) {
        return { addresses, cname };
      }
    }
    if (failure !== null) {
      throw failure.about(name);
    }
    return { addresses: [], cname: "" };
  }

  async #askEach(
    config: DNSConfig,
    full: string,
    types: readonly RecordType[],
    options: AskOptions,
  ): Promise<(NameError | { message: Message; server: string })[]> {
    const ask = (type: RecordType) => this.#client.ask(config, full, type, options).catch(nameError);
    if (!config.singleRequest) {
      return Promise.all(types.map(ask));
    }
    const results = [];
    for (const type of types) {
      results.push(await ask(type));
    }
    return results;
  }

  // #names is the reverse lookup.
  async #names(address: string, options: AskOptions): Promise<readonly string[]> {
    const known = await this.#machine.hostNames(address);
    if (known.length > 0) {
      return known;
    }
    const arpa = reverseName(this.#machine.parse(address));
    if (arpa === null) {
      throw new NameError({ what: "unrecognized address", name: address });
    }
    const { message, server } = await this.#client.search(
      await this.#machine.config(),
      arpa,
      recordType.PTR,
      options,
    );
    const names: string[] = [];
    const unreadable = new NameError({ what: cannotMarshal, name: address, server });
    readEach(message, recordType.PTR, unreadable, () => names.push(message.host()));
    return names;
  }

  async #records<Row>(
    name: string,
    type: RecordType,
    options: AskOptions,
    take: (message: Message) => Row,
  ): Promise<Row[]> {
    const { message, server } = await this.#client.search(await this.#machine.config(), name, type, options);
    const rows: Row[] = [];
    const unreadable = new NameError({ what: cannotUnmarshal, name, server });
    readEach(message, type, unreadable, () => rows.push(take(message)));
    return rows;
  }

  async #services(name: string, options: AskOptions): Promise<readonly unknown[]> {
    let owner = "";
    const rows = await this.#records(name, recordType.SRV, options, (m) => {
      owner ||= m.next()?.name ?? "";
      return m.srv();
    });
    return [owner, ...rows];
  }
}

// readEach calls take for each answer of a type; it throws unreadable if the message breaks off.
function readEach(message: Message, type: RecordType, unreadable: NameError, take: () => void): void {
  try {
    for (let record = message.next(); record !== null; record = message.next()) {
      if (record.type === type) take();
      else message.skip();
    }
  } catch (err) {
    throw err instanceof MalformedError ? unreadable : err;
  }
}

// readAddresses adds the addresses of a message to those found, and tells whose they are. It returns false if the
// message breaks off; what came before that holds.
function readAddresses(
  { message }: { message: Message },
  found: SockAddr[],
  owner: (name: string) => void,
): boolean {
  try {
    for (let record = message.next(); record !== null; record = message.next()) {
      if (record.type !== recordType.A && record.type !== recordType.AAAA) {
        message.skip();
        continue;
      }
      const { name, type } = record;
      const bytes = message.address();
      found.push(type === recordType.A ? [4, bytes, 0] : [6, bytes, 0, ""]);
      owner(name);
    }
    return true;
  } catch (err) {
    if (err instanceof MalformedError) return false;
    throw err;
  }
}

const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]; // RFC 4291, 2.5.5.2

/** unmapped is the IPv4 address in an IPv6 address that is ::ffff:a.b.c.d; other addresses stay as they are. */
export function unmapped(a: SockAddr): SockAddr {
  if (a[0] !== 6 || !mappedPrefix.every((byte, i) => a[1][i] === byte)) {
    return a;
  }
  return [4, a[1].slice(mappedPrefix.length), a[2]];
}

/** mapped is an IPv4 address in 16 bytes, ::ffff:a.b.c.d. */
export function mapped(v4: Uint8Array): Uint8Array {
  return Uint8Array.from([...mappedPrefix, ...v4]);
}

/** reverseName is the name under which the names of an address are found (RFC 1035, 3.5; RFC 3596, 2.5). */
export function reverseName(address: SockAddr | null): string | null {
  if (address === null || address[0] === 1 || (address[0] === 6 && address[3] !== "")) {
    return null;
  }
  const plain = unmapped(address);
  const bytes = [...(plain[1] as Uint8Array)].reverse();
  if (plain[0] === 4) {
    return `${bytes.join(".")}.in-addr.arpa.`;
  }
  const digits = bytes.flatMap((byte) => [byte & 0xf, byte >> 4]);
  return `${digits.map((digit) => digit.toString(16)).join(".")}.ip6.arpa.`;
}
