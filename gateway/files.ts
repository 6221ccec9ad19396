// Files are the descriptors that the gateway keeps for a client: duplicates it asked for, and what came over Unix
// sockets. The client knows them by number.

import { type Fd, type Received, SysError } from "../native/index.js";
import { PiecesError, WireError } from "../src/wire/errors.js";

const firstNumber = 3; // 0, 1 and 2 mean something else to everybody
const noNumber = -1; // of a descriptor that there was no room for
const numberBytes = 4;

// A control message as Linux lays it out on 64 bits: length u64, level i32, type i32, data; aligned to 8.
const headerBytes = 16;
const alignment = 8;
const solSocket = 1;
const scmRights = 1;

export class Files {
  readonly #most: number;
  readonly #open = new Map<number, Fd>();
  #next = firstNumber;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#open.size;
  }

  // add keeps fd and gives its number. If there is no room it closes fd and throws PiecesError EMFILE.
  add(fd: Fd): number {
    if (this.#open.size >= this.#most) {
      fd.close();
      throw new PiecesError(["errno", "dup", "EMFILE", ["limit", "files"]]);
    }
    const number = this.#next++;
    this.#open.set(number, fd);
    return number;
  }

  // get is the descriptor of a number. A number that stands for none throws PiecesError EBADF.
  get(number: number, call: string): Fd {
    const fd = this.#open.get(number);
    if (fd === undefined) throw new PiecesError(["errno", call, "EBADF"]);
    return fd;
  }

  close(number: number): void {
    this.get(number, "close").close();
    this.#open.delete(number);
  }

  closeAll(): void {
    for (const fd of this.#open.values()) fd.close();
    this.#open.clear();
  }

  // adopt keeps the descriptors that came with a message, and gives its ancillary data with their numbers in it.
  adopt(received: Received): Uint8Array {
    const { oob, fds, rights } = received;
    const view = new DataView(oob.buffer, oob.byteOffset, oob.length);
    fds.forEach((fd, i) => {
      view.setInt32(rights[i] as number, this.#numberFor(fd), true);
    });
    return oob;
  }

  #numberFor(fd: Fd): number {
    try {
      return this.add(fd);
    } catch (err) {
      if (err instanceof PiecesError) return noNumber; // no room: as a process whose table is full
      throw err;
    }
  }

  // named gives the descriptors whose numbers stand in the SCM_RIGHTS of ancillary data, and how many bytes of it count: a
  // piece at its end that is too short for a message is ignored, as by sendmsg. Like that it fails with SysError: EINVAL for
  // what is not well-formed, EBADF for a number that stands for no file.
  named(oob: Uint8Array): { readonly fds: readonly Fd[]; readonly length: number } {
    const view = new DataView(oob.buffer, oob.byteOffset, oob.length);
    const fds: Fd[] = [];
    let at = 0;
    while (oob.length - at >= headerBytes) {
      const length = view.getUint32(at, true);
      if (view.getUint32(at + 4, true) !== 0 || length < headerBytes || at + length > oob.length) {
        throw new SysError("sendmsg", "EINVAL");
      }
      if (view.getInt32(at + 8, true) === solSocket && view.getInt32(at + 12, true) === scmRights) {
        for (let i = at + headerBytes; i + numberBytes <= at + length; i += numberBytes) {
          const fd = this.#open.get(view.getInt32(i, true));
          if (fd === undefined) throw new SysError("sendmsg", "EBADF");
          fds.push(fd);
        }
      }
      at += Math.ceil(length / alignment) * alignment;
    }
    return { fds, length: Math.min(at, oob.length) };
  }
}

// fileNumber checks an argument that names a file.
export function fileNumber(v: unknown): number {
  if (!Number.isSafeInteger(v)) throw new WireError("bad field");
  return v as number;
}
