// Names, services and protocols at the gateway, as Go's own resolver knows them: what is not a domain name is never
// asked for, then the system's files, then name servers. No string of a client ever reaches getaddrinfo, which would
// read "127.1" or "0x7f000001" as an address, and has four threads for everybody.

import { type AskOptions, NameError, type Stop, StoppedError } from "../src/names/dnsclient.js";
import { type LookupKind, type Machine, Names, unmapped } from "../src/names/names.js";
import { PiecesError } from "../src/wire/errors.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { sorted } from "./addrselect.js";
import { dnsSockets, serverAddress } from "./dnssocket.js";
import { Hosts } from "./hosts.js";
import { parseIP } from "./iptext.js";
import { NSSwitch } from "./nsswitch.js";
import { parseResolvConf, type ResolvConf } from "./resolvconf.js";
import { Protocols, Services } from "./services.js";
import { SystemFile } from "./systemfile.js";

// dnsFlags are the bits of the fifth piece of a "dns" error.
export const dnsFlags = { timeout: 1, temporary: 2, notFound: 4 } as const;

export interface LookupOptions {
  // servers are asked in the place of those in resolv.conf: "192.0.2.1:53", "[2001:db8::1]:53".
  servers?: readonly string[] | undefined;
  // folder has the system's files; it is there for tests.
  folder?: string;
}

export class Lookup {
  readonly machine: Machine;
  readonly #names: Names;
  readonly #services: SystemFile<Services>;
  readonly #protocols: SystemFile<Protocols>;

  // It throws TypeError if one of the servers is no address with a port.
  constructor({ servers, folder = "/etc" }: LookupOptions = {}) {
    servers?.forEach(serverAddress);
    const file = <T>(name: string, parse: (text: string | null) => T) =>
      new SystemFile(`${folder}/${name}`, parse);
    this.machine = new Files(
      file("hosts", (text) => new Hosts(text ?? "")),
      file("nsswitch.conf", (text) => new NSSwitch(text)),
      file("resolv.conf", parseResolvConf),
      servers,
    );
    this.#names = new Names(this.machine, dnsSockets);
    this.#services = file("services", (text) => new Services(text ?? ""));
    this.#protocols = file("protocols", (text) => new Protocols(text ?? ""));
  }

  // rows are the rows of one lookup (src/wire/names.ts). It throws PiecesError "dns", or "canceled" after stop.
  rows(kind: LookupKind, name: string, options: AskOptions): Promise<readonly unknown[]> {
    return inPieces(this.#names.lookup(kind, name, options));
  }

  // ips gives the addresses of host in the order in which to try them, with port 0; of one version of IP, or of both.
  // There may be none, if only files are asked. It throws as rows does.
  async ips(host: string, version: 4 | 6 | null = null, stop?: Stop): Promise<SockAddr[]> {
    const kind = version === 4 ? "ip4" : version === 6 ? "ip6" : "ip";
    const found = await inPieces(this.#names.addresses(kind, host, { strict: false, stop }));
    return found.map(unmapped);
  }

  // port gives the number of a service on "tcp" or "udp". It throws PiecesError "addr".
  async port(network: string, service: string): Promise<number> {
    const base = network.replace(/^(tcp|udp)[46]$/, "$1");
    const port = (await this.#services.read()).port(base, service);
    if (port === undefined) throw new PiecesError(["addr", "unknown port", `${base}/${service}`]);
    return port;
  }

  // protocol gives the number of an IP protocol. It throws PiecesError "addr".
  async protocol(name: string): Promise<number> {
    const number = (await this.#protocols.read()).number(name);
    if (number === undefined) throw new PiecesError(["addr", "unknown IP protocol specified", name]);
    return number;
  }
}

// Files is the Machine of this system.
class Files implements Machine {
  readonly #hosts: SystemFile<Hosts>;
  readonly #switch: SystemFile<NSSwitch>;
  readonly #resolv: SystemFile<ResolvConf>;
  readonly #servers: readonly string[] | undefined;

  constructor(
    hosts: SystemFile<Hosts>,
    nsswitch: SystemFile<NSSwitch>,
    resolv: SystemFile<ResolvConf>,
    servers: readonly string[] | undefined,
  ) {
    this.#hosts = hosts;
    this.#switch = nsswitch;
    this.#resolv = resolv;
    this.#servers = servers;
  }

  async order(host: string) {
    const { hasUnknown } = await this.#resolv.read();
    return hasUnknown ? "files dns" : (await this.#switch.read()).order(host);
  }

  async hostAddresses(name: string) {
    return (await this.#hosts.read()).addresses(name);
  }

  async hostNames(address: string) {
    return (await this.#hosts.read()).names(address);
  }

  async config() {
    const config = await this.#resolv.read();
    return this.#servers === undefined ? config : { ...config, servers: this.#servers };
  }

  async inOrder(addresses: readonly SockAddr[]) {
    return sorted(addresses);
  }

  parse(address: string) {
    return parseIP(address);
  }
}

// inPieces tells the errors of a lookup as they cross the wire.
async function inPieces<T>(lookup: Promise<T>): Promise<T> {
  try {
    return await lookup;
  } catch (err) {
    if (err instanceof StoppedError) throw new PiecesError(["canceled"]);
    if (!(err instanceof NameError)) throw err;
    const flags =
      (err.isTimeout ? dnsFlags.timeout : 0) |
      (err.isTemporary ? dnsFlags.temporary : 0) |
      (err.isNotFound ? dnsFlags.notFound : 0);
    throw new PiecesError(["dns", err.what, err.lookedUp, err.server, flags]);
  }
}
