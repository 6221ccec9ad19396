// The network interfaces of the gateway's machine.

import { bytesOf, countOf, ipOf, rowOf, textOf } from "./answers.js";
import { opError } from "./conn.js";
import { New } from "./errors.js";
import { brand } from "./errorvalue.js";
import { CIDRMask, IP, IPNet, IPv4, IPv4len } from "./ip.js";
import { IPAddr } from "./ipaddr.js";
import { limitError, withSignal } from "./limit.js";
import { LateError, type Link } from "./link.js";
import { HardwareAddr } from "./mac.js";
import type { Addr, OpError } from "./net.js";
import { Deadline } from "./wire/deadline.js";

const bitsPerByte = 8;

const flagNames = ["up", "broadcast", "loopback", "pointtopoint", "multicast", "running"];

class flags extends Number {
  static {
    brand(flags, "Flags");
  }

  String(): string {
    const names = flagNames.filter((_, i) => (this.valueOf() & (1 << i)) !== 0);
    return names.join("|") || "0";
  }

  override toString(): string {
    return this.String();
  }
}

/**
 * Flags are the flags of an interface: a number to `&` and `|` with, and a String method that names them,
 * "up|broadcast|multicast". To compare two of them, compare what `Number(f)` gives.
 */
export type Flags = number & {
  /** String returns the names of the flags with "|" between them, "0" if there is none. */
  String(): string;
};

/** Flags makes Flags of a number, as a conversion does in Go: `Flags(FlagUp | FlagLoopback).String()`. */
export function Flags(f: number): Flags {
  return new flags(f) as unknown as Flags;
}

/** FlagUp: the interface is up. */
export const FlagUp = Flags(1 << 0);
/** FlagBroadcast: it can broadcast. */
export const FlagBroadcast = Flags(1 << 1);
/** FlagLoopback: it leads back to the machine itself. */
export const FlagLoopback = Flags(1 << 2);
/** FlagPointToPoint: it has one other end. */
export const FlagPointToPoint = Flags(1 << 3);
/** FlagMulticast: it can multicast. */
export const FlagMulticast = Flags(1 << 4);
/** FlagRunning: it is in operation. */
export const FlagRunning = Flags(1 << 5);

/** InterfaceFields are the fields of an {@link Interface}; what is left out is 0 or empty. */
export interface InterfaceFields {
  readonly Index?: number;
  readonly MTU?: number;
  readonly Name?: string;
  readonly HardwareAddr?: HardwareAddr;
  readonly Flags?: number;
}

/** Interface is one network interface: its name and its index, and what is known of it. */
export class Interface {
  static {
    brand(Interface, "Interface");
  }

  /** Index numbers the interfaces of a machine, from 1. */
  Index: number;
  /** MTU is the largest packet it carries, in bytes. */
  MTU: number;
  /** Name is its name, "eth0". */
  Name: string;
  /** HardwareAddr is its hardware address, empty if it has none. */
  HardwareAddr: HardwareAddr;
  /** Flags say what it can do. */
  Flags: Flags;

  readonly #link: Link;

  constructor(link: Link, fields: InterfaceFields = {}) {
    this.#link = link;
    this.Index = fields.Index ?? 0;
    this.MTU = fields.MTU ?? 0;
    this.Name = fields.Name ?? "";
    this.HardwareAddr = fields.HardwareAddr ?? new HardwareAddr();
    this.Flags = Flags(Number(fields.Flags ?? 0));
  }

  /** Addrs lists the addresses of the interface, each an IPNet of the address and its mask. It rejects with an OpError. */
  async Addrs(signal?: AbortSignal): Promise<Addr[]> {
    return isIndex(this.Index) ? addrTable(this.#link, this.Index, signal) : [];
  }

  /** MulticastAddrs lists the groups that the interface has joined, each an IPAddr. It rejects with an OpError. */
  async MulticastAddrs(signal?: AbortSignal): Promise<Addr[]> {
    if (!isIndex(this.Index)) {
      return [];
    }
    const rows = await ask(this.#link, signal, "multicastAddrs", this.Index);
    return checked(() => rows.map((ip) => new IPAddr({ IP: address(ipOf(ip)) })));
  }
}

function isIndex(index: number): boolean {
  return Number.isSafeInteger(index) && index > 0;
}

// Go keeps IPv4 addresses of interfaces in 16 bytes.
function address(b: Uint8Array): IP {
  const [a = 0, c = 0, d = 0, e = 0] = b;
  return b.length === IPv4len ? IPv4(a, c, d, e) : new IP(b);
}

async function addrTable(link: Link, index: number, signal?: AbortSignal): Promise<Addr[]> {
  const rows = await ask(link, signal, "interfaceAddrs", index);
  return checked(() =>
    rows.map((row) => {
      const [bytes, prefix] = rowOf(row);
      const ip = ipOf(bytes);
      return new IPNet({ IP: address(ip), Mask: CIDRMask(countOf(prefix), bitsPerByte * ip.length) });
    }),
  );
}

async function table(link: Link, signal?: AbortSignal): Promise<Interface[]> {
  const rows = await ask(link, signal, "interfaces");
  return checked(() =>
    rows.map((row) => {
      const [index, mtu, name, mac, bits] = rowOf(row);
      return new Interface(link, {
        Index: countOf(index),
        MTU: countOf(mtu),
        Name: textOf(name),
        HardwareAddr: new HardwareAddr(bytesOf(mac)),
        Flags: countOf(bits),
      });
    }),
  );
}

// checked is what read makes of an answer; one that is malformed is an error of this package's.
function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (err) {
    throw routeError(err as Error);
  }
}

async function ask(
  link: Link,
  signal: AbortSignal | undefined,
  op: string,
  ...args: readonly unknown[]
): Promise<readonly unknown[]> {
  try {
    return await link.call(op, args, withSignal(new Deadline(), signal));
  } catch (err) {
    throw routeError(err instanceof LateError ? limitError(signal) : (err as Error));
  }
}

function routeError(err: Error): OpError {
  return opError({ Op: "route", Net: "ip+net", Err: err });
}

/** Interfaces of package net. */
export async function Interfaces(link: Link, signal?: AbortSignal): Promise<Interface[]> {
  return table(link, signal);
}

/** InterfaceAddrs of package net. */
export async function InterfaceAddrs(link: Link, signal?: AbortSignal): Promise<Addr[]> {
  return addrTable(link, 0, signal);
}

/** InterfaceByIndex of package net. */
export async function InterfaceByIndex(link: Link, index: number, signal?: AbortSignal): Promise<Interface> {
  if (!(index > 0)) {
    throw routeError(New("invalid network interface index"));
  }
  return found(await table(link, signal), (ifi) => ifi.Index === index);
}

/** InterfaceByName of package net. */
export async function InterfaceByName(link: Link, name: string, signal?: AbortSignal): Promise<Interface> {
  if (name === "") {
    throw routeError(New("invalid network interface name"));
  }
  return found(await table(link, signal), (ifi) => ifi.Name === name);
}

function found(list: readonly Interface[], isWanted: (ifi: Interface) => boolean): Interface {
  const ifi = list.find(isWanted);
  if (ifi === undefined) {
    throw routeError(New("no such network interface"));
  }
  return ifi;
}
