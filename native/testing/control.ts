// Ancillary data as cmsg(3) lays it out, made and taken apart.

import { endianness } from "node:os";

const linux = process.platform === "linux";
const little = endianness() === "LE";
// On Linux the length is a size_t and everything is aligned to one; elsewhere both are 4 bytes.
const wordBytes = linux && ["x64", "arm64", "ppc64", "s390x", "riscv64"].includes(process.arch) ? 8 : 4;
const headerBytes = wordBytes + 8;

export const solSocket = linux ? 1 : 0xffff;
export const scmRights = 1;
export const scmCredentials = 2;
export const scmPidfd = 4;
export const msgTrunc = linux ? 0x20 : 0x10;
export const msgCtrunc = linux ? 0x8 : 0x20;
// What the kernel adds to the flags on Unix sockets, because it was asked for; Go asks for it too.
export const msgCmsgCloexec = linux ? 0x40000000 : 0;

const align = (n: number) => Math.ceil(n / wordBytes) * wordBytes;

export interface Control {
  level: number;
  type: number;
  data: Uint8Array;
  offset: number;
}

// control makes one message. A length that is given stands in the header instead of the right one.
export function control(level: number, type: number, data: Uint8Array, length = headerBytes + data.length) {
  const made = new Uint8Array(align(headerBytes + data.length));
  const view = new DataView(made.buffer);
  if (wordBytes === 8) view.setBigUint64(0, BigInt(length), little);
  else view.setUint32(0, length, little);
  view.setInt32(wordBytes, level, little);
  view.setInt32(wordBytes + 4, type, little);
  made.set(data, headerBytes);
  return made;
}

// rights makes a message with room for so many descriptors.
export function rights(count: number): Uint8Array {
  return control(solSocket, scmRights, new Uint8Array(4 * count).fill(255));
}

// room is how much ancillary data with so many descriptors takes.
export function room(count: number): number {
  return align(headerBytes + 4 * count);
}

// parse takes ancillary data apart.
export function parse(oob: Uint8Array): Control[] {
  const found: Control[] = [];
  const view = new DataView(oob.buffer, oob.byteOffset, oob.byteLength);
  for (let at = 0; at + headerBytes <= oob.length; ) {
    const length = wordBytes === 8 ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
    found.push({
      level: view.getInt32(at + wordBytes, little),
      type: view.getInt32(at + wordBytes + 4, little),
      data: oob.subarray(at + headerBytes, at + length),
      offset: at + headerBytes,
    });
    at += align(length);
  }
  return found;
}

// int reads the int at the start of some data.
export function int(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getInt32(0, little);
}

// ints makes data out of ints.
export function ints(...values: number[]): Uint8Array {
  const made = new Uint8Array(4 * values.length);
  const view = new DataView(made.buffer);
  for (const [index, value] of values.entries()) view.setInt32(4 * index, value, little);
  return made;
}
