// Arguments of operations come from the wire: each is looked at before it is used. A wrong kind is the
// client breaking the protocol and ends its session; a value that cannot be served is an answer to it.

import { type LookupKind, lookupKinds } from "../src/names/names.js";
import { PiecesError, WireError } from "../src/wire/errors.js";
import { isUint } from "../src/wire/frame.js";
import type { SockAddr } from "../src/wire/sockaddr.js";

const maxPort = 65535;
const maxZoneBytes = 64;
const maxUnixBytes = 108; // sun_path

// Target is where to connect or listen: an address, or a name and a port or service.
export type Target = SockAddr | readonly [kind: "name", host: string, port: number | string];

function refuse(): never {
  throw new WireError("bad field");
}

// count checks how many arguments there are.
export function count(args: readonly unknown[], n: number): void {
  if (args.length !== n) refuse();
}

export function text(v: unknown): string {
  return typeof v === "string" ? v : refuse();
}

export function flag(v: unknown): boolean {
  return typeof v === "boolean" ? v : refuse();
}

// integer checks for an integer of 32 bits, as system calls take them.
export function integer(v: unknown): number {
  return Number.isInteger(v) && (v as number) === ((v as number) | 0) ? (v as number) : refuse();
}

// uint checks for an integer of no sign.
export function uint(v: unknown): number {
  return isUint(v) ? v : refuse();
}

// lookupKind checks for a kind of lookup. What is none is an answer: a newer client may know more of them.
export function lookupKind(v: unknown): LookupKind {
  const name = text(v);
  const kind = lookupKinds.find((k) => k === name);
  if (kind === undefined) throw new PiecesError(["text", `unknown lookup ${name.slice(0, 40)}`]);
  return kind;
}

export function port(v: unknown): number {
  return isUint(v) && v <= maxPort ? v : refuse();
}

// sockAddr checks for [4, 4 bytes, port], [6, 16 bytes, port, zone] or [1, name].
export function sockAddr(v: unknown): SockAddr {
  if (!Array.isArray(v)) return refuse();
  const [family, bytes, portOrNone, zone] = v as unknown[];
  if (!(bytes instanceof Uint8Array)) return refuse();
  if (family === 4 && v.length === 3 && bytes.length === 4) return [4, bytes, port(portOrNone)];
  if (family === 6 && v.length === 4 && bytes.length === 16) {
    const name = text(zone);
    return name.length <= maxZoneBytes ? [6, bytes, port(portOrNone), name] : refuse();
  }
  if (family === 1 && v.length === 2 && bytes.length <= maxUnixBytes) return [1, bytes];
  return refuse();
}

export function target(v: unknown): Target {
  if (!Array.isArray(v) || v[0] !== "name") return sockAddr(v);
  count(v, 3);
  const service: unknown = v[2];
  return ["name", text(v[1]), typeof service === "string" ? service : port(service)];
}

// options reads a list of [name, value] pairs; each name must be known.
export function options<T extends { [name: string]: number | boolean }>(v: unknown, known: T): T {
  if (!Array.isArray(v)) return refuse();
  const found: { [name: string]: number | boolean } = { ...known };
  for (const pair of v as unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2) return refuse();
    const [name, value] = pair as unknown[];
    if (typeof name !== "string" || !Object.hasOwn(known, name)) return refuse();
    if (typeof value !== typeof known[name]) return refuse();
    found[name] = typeof value === "number" ? integer(value) : flag(value);
  }
  return found as T;
}
