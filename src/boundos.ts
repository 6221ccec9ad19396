// Package os bound to a gateway, whose files NewFile makes.

import type { Link } from "./link.js";
import * as os from "./os.js";
import { File } from "./osfile.js";

// A descriptor is a C int.
const maxFd = 2 ** 31 - 1;

/** BoundOS is package os as far as package net needs it. */
export type BoundOS = typeof os & {
  /** File is what NewFile and File() give; it is not made with `new`. */
  readonly File: typeof File;
  /**
   * NewFile makes a File of a file number, as syscall.ParseUnixRights gives it, with a name for its errors. If fd is below
   * 0, it returns null.
   */
  NewFile(fd: number, name: string): File | null;
};

/** boundOS makes it for link. A file belongs to the session that is there when NewFile is called. */
export function boundOS(link: Link): BoundOS {
  return {
    ...os,
    File,
    NewFile(fd, name) {
      if (!Number.isInteger(fd) || fd < 0 || fd > maxFd) {
        return null;
      }
      const session = link.connect();
      session.catch(() => {}); // whoever uses the file is told
      return new File(() => session, fd, name);
    },
  };
}
