// How the calls of the vectors are made with this package, and how its answers are written down.

import fs from "node:fs";
import {
  type Lookup,
  lookupPort,
  resolveIPAddr,
  resolveTCPAddr,
  resolveUDPAddr,
  resolveUnixAddr,
} from "../src/addrlist.js";
import { Buffers } from "../src/buffers.js";
import { Canceled, DeadlineExceeded } from "../src/context.js";
import { Is, New } from "../src/errors.js";
import { Flags } from "../src/interface.js";
import { EOF, ErrClosedPipe, ErrUnexpectedEOF } from "../src/io.js";
import { CIDRMask, IP, IPMask, IPNet, IPv4, IPv4Mask, ParseCIDR, ParseIP } from "../src/ip.js";
import { IPAddr } from "../src/ipaddr.js";
import { JoinHostPort, SplitHostPort } from "../src/ipsock.js";
import { HardwareAddr, ParseMAC } from "../src/mac.js";
import * as net from "../src/net.js";
import {
  ErrClosed,
  ErrDeadlineExceeded,
  ErrExist,
  ErrInvalid,
  ErrNotExist,
  ErrPermission,
  SyscallError,
} from "../src/os.js";
import {
  builtinProtocols,
  builtinServices,
  lookupPortMap,
  lookupProtocolMap,
  type PortTable,
} from "../src/port.js";
import { errno } from "../src/syscall.js";
import { TCPAddr } from "../src/tcpaddr.js";
import { UDPAddr } from "../src/udpaddr.js";
import { UnixAddr } from "../src/unixaddr.js";

/** Call makes one call: arguments in Go's order as the file has them, results in Go's order without the error. */
export type Call = (args: readonly unknown[]) => Answer | Promise<Answer>;

type Answer = readonly unknown[] | Both;

/** Both is a result together with an error. */
export class Both {
  constructor(
    readonly out: readonly unknown[],
    readonly err: unknown,
  ) {}
}

type Fields = Readonly<Record<string, unknown>>;

/** call has every function of the file by name. */
export const call: Readonly<Record<string, Call>> = {
  ParseIP: ([s]) => [ParseIP(str(s))],
  "IP.String": ([ip]) => [addr(ip).String()],
  "IP.Is*": ([x]) => {
    const ip = addr(x);
    return [
      ip.IsUnspecified(),
      ip.IsLoopback(),
      ip.IsMulticast(),
      ip.IsInterfaceLocalMulticast(),
      ip.IsLinkLocalMulticast(),
      ip.IsLinkLocalUnicast(),
      ip.IsGlobalUnicast(),
    ];
  },
  "IP.IsPrivate": ([ip]) => [addr(ip).IsPrivate()],
  "IP.To4": ([ip]) => [addr(ip).To4()],
  "IP.To16": ([ip]) => [addr(ip).To16()],
  "IP.DefaultMask": ([ip]) => [addr(ip).DefaultMask()],
  "IP.Equal": ([a, b]) => [addr(a).Equal(bytes(b))],
  "IP.Mask": ([ip, mask]) => [addr(ip).Mask(bytes(mask))],
  "IP.MarshalText": ([ip]) => [new TextDecoder().decode(addr(ip).MarshalText())],
  "IP.UnmarshalText": ([s]) => [new IP().UnmarshalText(new TextEncoder().encode(str(s)))],
  IPv4: ([a, b, c, d]) => [IPv4(Number(a), Number(b), Number(c), Number(d))],
  IPv4Mask: ([a, b, c, d]) => [IPv4Mask(Number(a), Number(b), Number(c), Number(d))],
  CIDRMask: ([ones, bits]) => [CIDRMask(Number(ones), Number(bits))],
  "IPMask.String": ([m]) => [new IPMask(bytes(m) ?? []).String()],
  "IPMask.Size": ([m]) => new IPMask(bytes(m) ?? []).Size(),
  ParseCIDR: ([s]) => ParseCIDR(str(s)),
  "IPNet.String": ([n]) => [ipNet(n).String()],
  "IPNet.Network": ([n]) => [ipNet(n).Network()],
  "IPNet.Contains": ([n, ip]) => [ipNet(n).Contains(ipOf(ip))],
  ParseMAC: ([s]) => [ParseMAC(str(s))],
  "Flags.String": ([f]) => [Flags(Number(f)).String()],
  "HardwareAddr.String": ([a]) => [new HardwareAddr(bytes(a) ?? []).String()],
  SplitHostPort: ([s]) => SplitHostPort(str(s)),
  JoinHostPort: ([host, port]) => [JoinHostPort(str(host), str(port))],
  LookupPort: async ([network, service]) => [await lookupPort(str(network), str(service), machine)],
  ResolveTCPAddr: async ([network, s]) => withText(await resolveTCPAddr(str(network), str(s), machine)),
  ResolveUDPAddr: async ([network, s]) => withText(await resolveUDPAddr(str(network), str(s), machine)),
  ResolveIPAddr: async ([network, s]) => withText(await resolveIPAddr(str(network), str(s), machine)),
  ResolveUnixAddr: ([network, s]) => withText(resolveUnixAddr(str(network), str(s))),
  "Addr.methods": ([a]) => {
    const x = address(a);
    return [x?.Network(), x?.String()];
  },
  "Buffers.Read": ([runs, size]) => {
    const v = new Buffers(...(runs as unknown[]).map((b) => bytes(b) as Uint8Array));
    const p = new Uint8Array(Number(size));
    try {
      const n = v.Read(p);
      return [n, p.subarray(0, n), [...v]];
    } catch (err) {
      const n = (err as net.NetError).n ?? 0;
      return new Both([n, p.subarray(0, n), [...v]], err);
    }
  },
  Errno: ([name]) => {
    const e = errno(str(name));
    return [e.Error(), e.Timeout(), e.Temporary()];
  },
  "error.methods": ([spec]) => {
    const e = error(spec);
    const { Timeout: timeout, Temporary: temporary } = e as Partial<net.NetError>;
    const is = Object.keys(values).filter((name) => Is(e, values[name]));
    return [
      (e as net.NetError).Error(),
      timeout?.call(e) ?? null,
      temporary?.call(e) ?? null,
      is.length > 0 ? is : null,
    ];
  },
};

// The values that errors.Is is asked for, under the names of the file.
const values: Readonly<Record<string, Error>> = {
  "io.EOF": EOF,
  "io.ErrClosedPipe": ErrClosedPipe,
  "io.ErrUnexpectedEOF": ErrUnexpectedEOF,
  "net.ErrClosed": net.ErrClosed,
  "net.ErrWriteToConnected": net.ErrWriteToConnected,
  "os.ErrDeadlineExceeded": ErrDeadlineExceeded,
  "os.ErrClosed": ErrClosed,
  "os.ErrExist": ErrExist,
  "os.ErrInvalid": ErrInvalid,
  "os.ErrNotExist": ErrNotExist,
  "os.ErrPermission": ErrPermission,
  "context.Canceled": Canceled,
  "context.DeadlineExceeded": DeadlineExceeded,
};

function error(spec: unknown): Error {
  const f = spec as Fields;
  const t = str(f["t"]);
  const v = typeof f["v"] === "string" ? f["v"] : "";
  switch (t) {
    case "errorString":
      return New(v);
    case "Errno":
      return errno(str(f["name"]));
    case "SyscallError":
      return new SyscallError({ Syscall: str(f["Syscall"]), Err: error(f["Err"]) });
    case "OpError":
      return new net.OpError({
        Op: str(f["Op"]),
        Net: str(f["Net"]),
        Source: address(f["Source"]),
        Addr: address(f["Addr"]),
        Err: error(f["Err"]),
      });
    case "AddrError":
      return new net.AddrError(f as unknown as net.AddrError);
    case "ParseError":
      return new net.ParseError(f as unknown as net.ParseError);
    case "DNSError":
      return new net.DNSError(f as unknown as net.DNSErrorFields);
    case "DNSConfigError":
      return new net.DNSConfigError({ Err: error(f["Err"]) });
    case "UnknownNetworkError":
      return new net.UnknownNetworkError(v);
    case "InvalidAddrError":
      return new net.InvalidAddrError(v);
    default: {
      const value = values[t];
      if (value === undefined) {
        throw new TypeError(`no error of type ${t}`);
      }
      return value;
    }
  }
}

function address(spec: unknown): net.Addr | null {
  if (spec === null) {
    return null;
  }
  const f = spec as Fields;
  const fields = (): { IP: IP | null; Port: number; Zone: string } => ({
    IP: ipOf(f["IP"]),
    Port: Number(f["Port"]),
    Zone: str(f["Zone"]),
  });
  switch (f["t"]) {
    case "TCPAddr":
      return new TCPAddr(fields());
    case "UDPAddr":
      return new UDPAddr(fields());
    case "IPAddr":
      return new IPAddr(fields());
    case "UnixAddr":
      return new UnixAddr({ Name: str(f["Name"]), Net: str(f["Net"]) });
    case "IPNet":
      return ipNet(spec);
    default:
      throw new TypeError(`no address of type ${f["t"]}`);
  }
}

function ipNet(spec: unknown): IPNet {
  const f = spec as Fields;
  const mask = bytes(f["Mask"]);
  return new IPNet({ IP: ipOf(f["IP"]), Mask: mask === null ? null : new IPMask(mask) });
}

function ipOf(v: unknown): IP | null {
  const b = bytes(v);
  return b === null ? null : new IP(b);
}

function addr(v: unknown): IP {
  return ipOf(v) ?? new IP();
}

function bytes(v: unknown): Uint8Array | null {
  return v === null ? null : new Uint8Array(Buffer.from((v as { b: string }).b, "hex"));
}

function str(v: unknown): string {
  if (typeof v !== "string") {
    throw new TypeError(`${v} is not a string`);
  }
  return v;
}

function withText(a: net.Addr): [net.Addr, string] {
  return [a, a.String()];
}

/** encode writes a result down as the file does. */
export function encode(v: unknown): unknown {
  if (v instanceof Uint8Array) {
    return { b: Buffer.from(v).toString("hex") };
  }
  if (Array.isArray(v)) {
    return v.map(encode);
  }
  for (const c of [TCPAddr, UDPAddr, IPAddr, UnixAddr, IPNet]) {
    if (v instanceof c) {
      return { ...Object.fromEntries(Object.entries(v).map(([k, x]) => [k, encode(x)])), t: c.name };
    }
  }
  return v;
}

/** shape writes an error down as the file does. */
export function shape(err: unknown): {
  type: string;
  text: string;
  timeout: boolean | null;
  temporary: boolean | null;
} {
  if (!(err instanceof Error) || typeof (err as Partial<net.NetError>).Error !== "function") {
    throw err;
  }
  const e = err as net.NetError;
  return {
    type: e.name === "Error" ? "errorString" : e.name,
    text: e.Error(),
    timeout: e.Timeout?.() ?? null,
    temporary: e.Temporary?.() ?? null,
  };
}

// The machine the vectors were made on: its /etc files are Debian's, and no DNS server answers.
const machine: Lookup = {
  async port(network, service) {
    return lookupPortMap(network, service, services());
  },
  async protocol(name) {
    return lookupProtocolMap(name, protocols());
  },
  async addresses(_network, host) {
    if (host.toLowerCase() === "localhost") {
      return [new IPAddr({ IP: IPv4(127, 0, 0, 1) })];
    }
    throw new net.DNSError({ Err: net.errNoSuchHost.message, Name: host, IsNotFound: true });
  },
};

let serviceTable: PortTable | undefined;
function services(): PortTable {
  if (serviceTable === undefined) {
    const table = new Map([...builtinServices].map(([network, names]) => [network, new Map(names)]));
    for (const [name, port, ...others] of lines("/etc/services")) {
      const [number, network = ""] = (port ?? "").split("/");
      const names = table.get(network) ?? new Map<string, number>();
      table.set(network, names);
      for (const n of [name, ...others]) {
        names.set(n ?? "", Number(number));
      }
    }
    serviceTable = table;
  }
  return serviceTable;
}

let protocolTable: ReadonlyMap<string, number> | undefined;
function protocols(): ReadonlyMap<string, number> {
  protocolTable ??= new Map([
    ...lines("/etc/protocols").flatMap(([name, number, ...others]) =>
      [name, ...others].map((n): [string, number] => [n ?? "", Number(number)]),
    ),
    ...builtinProtocols,
  ]);
  return protocolTable;
}

function lines(path: string): string[][] {
  const text = fs.existsSync(path) ? fs.readFileSync(path, "utf8") : "";
  return text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").split(/\s+/).filter(Boolean))
    .filter((fields) => fields.length >= 2);
}
