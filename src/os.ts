// Package os as far as package net needs it.

import { brand, type GoError, sentinel } from "./errorvalue.js";

export { ErrClosed, ErrExist, ErrInvalid, ErrNotExist, ErrPermission } from "./oserror.js";

/** ErrDeadlineExceeded says that a deadline passed before the call was done. It is a timeout. */
export const ErrDeadlineExceeded = sentinel("os.ErrDeadlineExceeded", "i/o timeout", { timeout: true });

/** ErrNoDeadline says that a deadline was set on something that has none. */
export const ErrNoDeadline = sentinel("os.ErrNoDeadline", "file type does not support deadline");

/** SyscallErrorFields are the fields of a {@link SyscallError}. */
export interface SyscallErrorFields {
  readonly Syscall: string;
  readonly Err: Error;
}

/** SyscallError is an error together with the system call it came from. */
export class SyscallError extends Error implements GoError {
  static {
    brand(SyscallError, "SyscallError");
  }

  declare n?: number;

  /** Syscall is the name of the system call, "connect". */
  readonly Syscall: string;

  /** Err is the error of that call, in general a syscall.Errno. */
  readonly Err: Error;

  constructor(fields: SyscallErrorFields) {
    super(`${fields.Syscall}: ${fields.Err.message}`, { cause: fields.Err });
    this.Syscall = fields.Syscall;
    this.Err = fields.Err;
  }

  /** Error returns the name of the call and the text of its error, "connect: connection refused". */
  Error(): string {
    return this.message;
  }

  /** Unwrap returns Err. */
  Unwrap(): Error {
    return this.Err;
  }

  /** Timeout reports whether Err is a timeout. There is no Temporary here, as there is none in Go. */
  Timeout(): boolean {
    const { Timeout: timeout } = this.Err as { Timeout?: unknown };
    return typeof timeout === "function" && timeout.call(this.Err) === true;
  }
}

/** NewSyscallError returns a {@link SyscallError}, or null if err is null. */
export function NewSyscallError(syscall: string, err: Error | null): SyscallError | null {
  return err === null ? null : new SyscallError({ Syscall: syscall, Err: err });
}

/** PathErrorFields are the fields of a {@link PathError}. */
export interface PathErrorFields {
  readonly Op: string;
  readonly Path: string;
  readonly Err: Error;
}

/** PathError is an error together with what was done with which file. */
export class PathError extends Error implements GoError {
  static {
    brand(PathError, "PathError");
  }

  declare n?: number;

  /** Op is what was done, "read". */
  readonly Op: string;

  /** Path is the name of the file. */
  readonly Path: string;

  /** Err is what went wrong. */
  readonly Err: Error;

  constructor(fields: PathErrorFields) {
    super(`${fields.Op} ${fields.Path}: ${fields.Err.message}`, { cause: fields.Err });
    this.Op = fields.Op;
    this.Path = fields.Path;
    this.Err = fields.Err;
  }

  /** Error returns all of it, "read /tmp/x: bad file descriptor". */
  Error(): string {
    return this.message;
  }

  /** Unwrap returns Err. */
  Unwrap(): Error {
    return this.Err;
  }

  /** Timeout reports whether Err is a timeout. */
  Timeout(): boolean {
    const { Timeout: timeout } = this.Err as { Timeout?: unknown };
    return typeof timeout === "function" && timeout.call(this.Err) === true;
  }
}
