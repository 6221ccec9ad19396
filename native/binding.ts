// The binary: found, loaded once, and typed. This file is the only one that loads it and that turns its numbers into
// names; the classes over it are in index.ts.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

// SockAddr is a socket address as plain data, the same shape as on the wire:
//   [4, 4 bytes, port]           IPv4
//   [6, 16 bytes, port, zone]    IPv6; zone is an interface's name, or "" for none
//   [1, name bytes]              Unix; no bytes for an unnamed socket, a first byte of 0 for an abstract name
// A zone that is no interface's name is read as a decimal index, and an index without an interface is written as one.
export type SockAddr =
  | readonly [family: 4, ip: Uint8Array, port: number]
  | readonly [family: 6, ip: Uint8Array, port: number, zone: string]
  | readonly [family: 1, name: Uint8Array];

// Family is the address family of a socket: IPv4, IPv6 or Unix.
export type Family = SockAddr[0];

// SysError is a system call that failed.
export class SysError extends Error {
  override readonly name = "SysError";

  // syscall is the name of the call, as Go's os.SyscallError has it: "connect", "accept4", "setsockopt".
  // errno is the name of the error, "ECONNREFUSED". If the system knows no name, it is "errno 12345".
  constructor(
    readonly syscall: string,
    readonly errno: string,
  ) {
    super(`${syscall}: ${errno}`);
  }
}

// Handle is the addon's own object for a socket. Its methods return what the call gave, or the negated errno.
export interface Handle {
  readonly fd: number;
  onReady: (events: number) => void;
  wait(events: number): number;
  bind(address: SockAddr): number;
  listen(backlog: number): number;
  connect(address: SockAddr): number;
  accept(): Handle | number;
  read(bytes: Uint8Array, offset: number, length: number): number;
  write(bytes: Uint8Array, offset: number, length: number): number;
  recvMsg(
    bytes: Uint8Array,
    offset: number,
    length: number,
    control: Uint8Array,
    facts: Uint8Array,
  ): number | readonly (FdHandle | number)[];
  sendMsg(
    bytes: Uint8Array,
    offset: number,
    length: number,
    to: SockAddr | null,
    control: Uint8Array | null,
    fds: readonly FdHandle[],
  ): number;
  shutdown(how: number): number;
  localAddr(): SockAddr | null | number;
  remoteAddr(): SockAddr | null | number;
  getOption(option: number): [value: number] | number;
  setOption(option: number, value: number): number;
  getLinger(): [seconds: number] | number;
  setLinger(seconds: number): number;
  setMulticastInterface(index: number): number;
  setMulticastLoop(on: number): number;
  setMulticastTTL(hops: number): number;
  joinGroup(group: Uint8Array, index: number): number;
  leaveGroup(group: Uint8Array, index: number): number;
  kind(): Kind | number;
  dup(): FdHandle | number;
  close(): void;
}

// FdHandle is the addon's own object for a descriptor of any kind.
export interface FdHandle {
  readonly fd: number;
  dup(): FdHandle | number;
  kind(): Kind | number;
  toSocket(): Handle | number;
  read(bytes: Uint8Array, offset: number, length: number): number;
  write(bytes: Uint8Array, offset: number, length: number): number;
  close(): void;
}

type Kind = readonly [family: number, type: number, protocol: number];

interface Binding {
  open(family: number, type: number, protocol: number): Handle | number;
  live(): number;
  liveFds(): number;
  zone(index: number): string;
  interfaces(): readonly InterfaceRow[] | number;
  readonly errnos: Readonly<Record<number, string>>;
  readonly options: Readonly<Record<string, number>>;
}

// InterfaceRow is an interface as the addon gives it. A peer without bytes is none.
export type InterfaceRow = readonly [
  index: number,
  name: string,
  mtu: number,
  mac: Uint8Array,
  flags: number,
  addrs: readonly (readonly [ip: Uint8Array, prefix: number, peer: Uint8Array])[],
];

let loaded: Binding | undefined;

// wouldBlock is EAGAIN negated, once the addon is loaded; until then nothing returns it.
export let wouldBlock = Number.NaN;

// loadAddon loads the binary, if that has not been done. Everything else here does it by itself; a program calls it
// at start to hear early that the binary is missing.
//
// If the environment has GONET_ADDON, that file is loaded and no other. Otherwise it is native/build/Release/gonet.node
// or the prebuilt binary for this system, both below the package this module belongs to. If there is none, or it does
// not load, it throws an Error that says what to do.
export function loadAddon(): void {
  loaded ??= load();
}

// addon is the binary, which is loaded now if it has not been.
export function addon(): Binding {
  loaded ??= load();
  return loaded;
}

function load(): Binding {
  const require = createRequire(import.meta.url);
  const file = process.env["GONET_ADDON"] ? resolve(process.env["GONET_ADDON"]) : find(require);
  let binding: Binding;
  try {
    binding = require(file) as Binding;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`gonet: the native addon ${file} does not load: ${reason}. ${howToBuild}`, { cause });
  }
  const code = Object.keys(binding.errnos).find((n) => binding.errnos[Number(n)] === "EAGAIN");
  wouldBlock = -Number(code);
  return binding;
}

const howToBuild =
  'Build it with "node scripts/addon.mjs" in the gonet package (needs a C++ compiler, make and Python 3).';

// find gives the path of the binary. The module may be the source file or part of a bundle in dist, so the package's
// folder is looked for upwards.
function find(require: NodeJS.Require): string {
  const start = dirname(fileURLToPath(import.meta.url));
  let folder = start;
  while (!existsSync(join(folder, "native", "binding.gyp"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error(
        `gonet: the native addon is missing: no folder above ${start} holds native/binding.gyp.`,
      );
    }
    folder = parent;
  }
  const home = join(folder, "native");
  try {
    const { path } = require("node-gyp-build") as { path(folder: string): string };
    return path(home);
  } catch (cause) {
    const wanted = `${join(home, "build", "Release", "gonet.node")}, nor a prebuilt one for ${platform()}-${arch()}`;
    throw new Error(`gonet: the native addon is missing: there is no ${wanted}. ${howToBuild}`, { cause });
  }
}

export function errnoName(code: number): string {
  return addon().errnos[-code] ?? `errno ${-code}`;
}

export function fail(syscall: string, code: number): never {
  throw new SysError(syscall, errnoName(code));
}

export function check(syscall: string, code: number): void {
  if (code < 0) fail(syscall, code);
}

// indexOf is the number of a name. A name that is not in the table can only come from untyped code.
export function indexOf<Name extends string>(
  table: Readonly<Record<Name, number>>,
  name: Name,
  what: string,
): number {
  if (!Object.hasOwn(table, name)) throw new TypeError(`gonet: ${String(name)} is no socket ${what}`);
  return table[name];
}
