// Every kind of lookup: how it is called in Go, and what comes of it as rows.

import * as net from "gonet";

/** Query is what is looked up. Each kind uses what it needs of it. */
export interface Query {
  readonly name: string;
  readonly service: string;
  readonly proto: string;
  readonly network: string;
}

/** Answer is what was found: rows of values under their names in Go. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** note says more, as the name that servers were found under; it may be empty. */
  readonly note: string;
}

/** Kind is one of lookup. */
export interface Kind {
  /** text is how it stands in a list. */
  readonly text: string;
  /** label is what its name is the name of. */
  readonly label: string;
  readonly placeholder: string;
  /** call is it in Go. */
  call(query: Query): string;
  /** results are its results, as the call gives them or as an error carries them. */
  results(resolver: net.Resolver, query: Query, signal: AbortSignal): Promise<unknown>;
  /** answer makes rows of results. */
  answer(results: never): Answer;
}

const list =
  (column: string) =>
  (values: readonly string[]): Answer => ({ columns: [column], rows: values.map((v) => [v]), note: "" });

// kind makes one whose call has the name alone.
function kind<R>(
  text: string,
  method: string,
  look: (r: net.Resolver, name: string, signal: AbortSignal) => Promise<R>,
  answer: (results: R) => Answer,
  { label = "Name", placeholder = "example.com" } = {},
): Kind {
  return {
    text,
    label,
    placeholder,
    call: ({ name }) => `${method}(${goString(name)})`,
    results: (r, { name }, signal) => look(r, name, signal),
    answer,
  };
}

function ipKind(network: "ip" | "ip4" | "ip6", text: string): Kind {
  return {
    text,
    label: "Name",
    placeholder: "example.com",
    call: ({ name }) => `LookupIP(${goString(network)}, ${goString(name)})`,
    results: (r, { name }, signal) => r.LookupIP(network, name, signal),
    answer: (ips: readonly net.IP[]) => list("IP")(ips.map((ip) => ip.String())),
  };
}

/** kinds are those of Go's Resolver. */
export const kinds = {
  host: kind("Host: addresses", "LookupHost", (r, name, s) => r.LookupHost(name, s), list("Address")),
  ip: ipKind("ip", "IP: in the order to try"),
  ip4: ipKind("ip4", "IP4: A"),
  ip6: ipKind("ip6", "IP6: AAAA"),
  cname: kind(
    "CNAME: canonical name",
    "LookupCNAME",
    (r, name, s) => r.LookupCNAME(name, s),
    (cname) => list("CNAME")([cname]),
  ),
  mx: kind(
    "MX: mail servers",
    "LookupMX",
    (r, name, s) => r.LookupMX(name, s),
    (servers) => ({
      columns: ["Pref", "Host"],
      rows: servers.map((mx) => [`${mx.Pref}`, mx.Host]),
      note: "",
    }),
  ),
  ns: kind(
    "NS: name servers",
    "LookupNS",
    (r, name, s) => r.LookupNS(name, s),
    (servers) => list("Host")(servers.map((ns) => ns.Host)),
  ),
  srv: {
    text: "SRV: servers of a service",
    label: "Domain",
    placeholder: "example.com",
    call: ({ service, proto, name }) => `LookupSRV(${[service, proto, name].map(goString).join(", ")})`,
    results: (r, { service, proto, name }, signal) => r.LookupSRV(service, proto, name, signal),
    answer: ([cname, servers]: [string, net.SRV[]]) => ({
      columns: ["Priority", "Weight", "Port", "Target"],
      rows: servers.map((s) => [`${s.Priority}`, `${s.Weight}`, `${s.Port}`, s.Target]),
      note: `found under ${cname}`,
    }),
  } satisfies Kind,
  txt: kind("TXT: texts", "LookupTXT", (r, name, s) => r.LookupTXT(name, s), list("Text")),
  addr: kind("PTR: names of an address", "LookupAddr", (r, name, s) => r.LookupAddr(name, s), list("Name"), {
    label: "IP address",
    placeholder: "192.0.2.1",
  }),
  port: {
    text: "Port of a service",
    label: "Service",
    placeholder: "https",
    call: ({ network, name }) => `LookupPort(${goString(network)}, ${goString(name)})`,
    results: (r, { network, name }, signal) => r.LookupPort(network, name, signal),
    answer: (port: number) => list("Port")([`${port}`]),
  } satisfies Kind,
} as const;

/** KindName is the name of a kind. */
export type KindName = keyof typeof kinds;

/** usualKinds are those that most names have something of. */
export const usualKinds: readonly KindName[] = ["host", "cname", "mx", "ns", "txt"];

/** isKindName says whether s is the name of a kind. */
export function isKindName(s: unknown): s is KindName {
  return typeof s === "string" && Object.hasOwn(kinds, s);
}

/** goString is s as a string literal. */
function goString(s: string): string {
  return JSON.stringify(s);
}

const dnsPort = "53";

/** serverAddress is the address of a name server as people write it, with the port of DNS if it has none. */
export function serverAddress(server: string): string {
  const hasPort = /^(\[.*\]|[^:]*):[^:]*$/.test(server);
  return hasPort ? server : net.JoinHostPort(server.replace(/^\[(.*)\]$/, "$1"), dnsPort);
}
