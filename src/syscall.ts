// Package syscall as far as package net needs it: the error numbers, by name, and control messages.

import { brand, type GoError, markValue, same, share } from "./errorvalue.js";
import { ErrExist, ErrNotExist, ErrPermission } from "./oserror.js";

// What Go prints for each name on linux/amd64 (syscall/zerrors_linux_amd64.go). The C library's texts differ.
const texts = {
  EPERM: "operation not permitted",
  ENOENT: "no such file or directory",
  ESRCH: "no such process",
  EINTR: "interrupted system call",
  EIO: "input/output error",
  ENXIO: "no such device or address",
  E2BIG: "argument list too long",
  ENOEXEC: "exec format error",
  EBADF: "bad file descriptor",
  ECHILD: "no child processes",
  EAGAIN: "resource temporarily unavailable",
  ENOMEM: "cannot allocate memory",
  EACCES: "permission denied",
  EFAULT: "bad address",
  ENOTBLK: "block device required",
  EBUSY: "device or resource busy",
  EEXIST: "file exists",
  EXDEV: "invalid cross-device link",
  ENODEV: "no such device",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  EINVAL: "invalid argument",
  ENFILE: "too many open files in system",
  EMFILE: "too many open files",
  ENOTTY: "inappropriate ioctl for device",
  ETXTBSY: "text file busy",
  EFBIG: "file too large",
  ENOSPC: "no space left on device",
  ESPIPE: "illegal seek",
  EROFS: "read-only file system",
  EMLINK: "too many links",
  EPIPE: "broken pipe",
  EDOM: "numerical argument out of domain",
  ERANGE: "numerical result out of range",
  EDEADLK: "resource deadlock avoided",
  ENAMETOOLONG: "file name too long",
  ENOLCK: "no locks available",
  ENOSYS: "function not implemented",
  ENOTEMPTY: "directory not empty",
  ELOOP: "too many levels of symbolic links",
  ENOMSG: "no message of desired type",
  EIDRM: "identifier removed",
  ECHRNG: "channel number out of range",
  EL2NSYNC: "level 2 not synchronized",
  EL3HLT: "level 3 halted",
  EL3RST: "level 3 reset",
  ELNRNG: "link number out of range",
  EUNATCH: "protocol driver not attached",
  ENOCSI: "no CSI structure available",
  EL2HLT: "level 2 halted",
  EBADE: "invalid exchange",
  EBADR: "invalid request descriptor",
  EXFULL: "exchange full",
  ENOANO: "no anode",
  EBADRQC: "invalid request code",
  EBADSLT: "invalid slot",
  EBFONT: "bad font file format",
  ENOSTR: "device not a stream",
  ENODATA: "no data available",
  ETIME: "timer expired",
  ENOSR: "out of streams resources",
  ENONET: "machine is not on the network",
  ENOPKG: "package not installed",
  EREMOTE: "object is remote",
  ENOLINK: "link has been severed",
  EADV: "advertise error",
  ESRMNT: "srmount error",
  ECOMM: "communication error on send",
  EPROTO: "protocol error",
  EMULTIHOP: "multihop attempted",
  EDOTDOT: "RFS specific error",
  EBADMSG: "bad message",
  EOVERFLOW: "value too large for defined data type",
  ENOTUNIQ: "name not unique on network",
  EBADFD: "file descriptor in bad state",
  EREMCHG: "remote address changed",
  ELIBACC: "can not access a needed shared library",
  ELIBBAD: "accessing a corrupted shared library",
  ELIBSCN: ".lib section in a.out corrupted",
  ELIBMAX: "attempting to link in too many shared libraries",
  ELIBEXEC: "cannot exec a shared library directly",
  EILSEQ: "invalid or incomplete multibyte or wide character",
  ERESTART: "interrupted system call should be restarted",
  ESTRPIPE: "streams pipe error",
  EUSERS: "too many users",
  ENOTSOCK: "socket operation on non-socket",
  EDESTADDRREQ: "destination address required",
  EMSGSIZE: "message too long",
  EPROTOTYPE: "protocol wrong type for socket",
  ENOPROTOOPT: "protocol not available",
  EPROTONOSUPPORT: "protocol not supported",
  ESOCKTNOSUPPORT: "socket type not supported",
  EOPNOTSUPP: "operation not supported",
  EPFNOSUPPORT: "protocol family not supported",
  EAFNOSUPPORT: "address family not supported by protocol",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  ENETDOWN: "network is down",
  ENETUNREACH: "network is unreachable",
  ENETRESET: "network dropped connection on reset",
  ECONNABORTED: "software caused connection abort",
  ECONNRESET: "connection reset by peer",
  ENOBUFS: "no buffer space available",
  EISCONN: "transport endpoint is already connected",
  ENOTCONN: "transport endpoint is not connected",
  ESHUTDOWN: "cannot send after transport endpoint shutdown",
  ETOOMANYREFS: "too many references: cannot splice",
  ETIMEDOUT: "connection timed out",
  ECONNREFUSED: "connection refused",
  EHOSTDOWN: "host is down",
  EHOSTUNREACH: "no route to host",
  EALREADY: "operation already in progress",
  EINPROGRESS: "operation now in progress",
  ESTALE: "stale NFS file handle",
  EUCLEAN: "structure needs cleaning",
  ENOTNAM: "not a XENIX named type file",
  ENAVAIL: "no XENIX semaphores available",
  EISNAM: "is a named type file",
  EREMOTEIO: "remote I/O error",
  EDQUOT: "disk quota exceeded",
  ENOMEDIUM: "no medium found",
  EMEDIUMTYPE: "wrong medium type",
  ECANCELED: "operation canceled",
  ENOKEY: "required key not available",
  EKEYEXPIRED: "key has expired",
  EKEYREVOKED: "key has been revoked",
  EKEYREJECTED: "key was rejected by service",
  EOWNERDEAD: "owner died",
  ENOTRECOVERABLE: "state not recoverable",
  ERFKILL: "operation not possible due to RF-kill",
} as const;

// Names of one number on Linux.
const aliases = {
  EWOULDBLOCK: "EAGAIN",
  EDEADLOCK: "EDEADLK",
  ENOTSUP: "EOPNOTSUPP",
} as const;

/** ErrnoName is one of the names Linux knows. */
export type ErrnoName = keyof typeof texts | keyof typeof aliases;

// Names longer than this are no error names of any system; nothing of theirs gets into a text.
const namePattern = /^E[A-Z0-9_]{1,30}$/;

/**
 * Errno is an error of a system call, known by its name. {@link errno} has one shared object per name; two objects
 * of one name are equal to errors.Is.
 */
export class Errno extends Error implements GoError {
  static {
    brand(Errno, "Errno");
  }

  declare n?: number;

  /** code is the name: "ECONNREFUSED". */
  readonly code: string;

  /**
   * A name that Linux does not have (another system's) prints as "errno NAME". If code does not look like an
   * error name at all, it is a RangeError.
   */
  constructor(code: string) {
    if (!namePattern.test(code)) {
      throw new RangeError("not the name of a system error");
    }
    const name = Object.hasOwn(aliases, code) ? aliases[code as keyof typeof aliases] : code;
    super(Object.hasOwn(texts, name) ? texts[name as keyof typeof texts] : `errno ${name}`);
    this.code = name;
    markValue(this, `syscall.Errno:${name}`);
  }

  /** Error returns the text of the error, "connection refused". */
  Error(): string {
    return this.message;
  }

  /** Is reports whether target is the os error this number stands for: ErrPermission, ErrExist or ErrNotExist. */
  Is(target: unknown): boolean {
    if (same(target, ErrPermission)) {
      return this.code === "EACCES" || this.code === "EPERM";
    }
    if (same(target, ErrExist)) {
      return this.code === "EEXIST" || this.code === "ENOTEMPTY";
    }
    return same(target, ErrNotExist) && this.code === "ENOENT";
  }

  /** Timeout reports whether the error is a timeout: EAGAIN and ETIMEDOUT are. */
  Timeout(): boolean {
    return this.code === "EAGAIN" || this.code === "ETIMEDOUT";
  }

  /** Temporary reports whether the error is a timeout, an interruption, or a shortage of descriptors. */
  Temporary(): boolean {
    return this.code === "EINTR" || this.code === "EMFILE" || this.code === "ENFILE" || this.Timeout();
  }
}

const shared = new Map<string, Errno>();

/**
 * errno returns the shared error of that name. A name that Linux does not have gives a fresh object each time, so
 * that a peer cannot fill the table.
 */
export function errno(code: ErrnoName | (string & {})): Errno {
  const known = shared.get(code);
  if (known !== undefined) {
    return known;
  }
  const err = new Errno(code);
  if (!Object.hasOwn(texts, err.code)) {
    return err;
  }
  const first = shared.get(err.code) ?? share(err, () => new Errno(err.code));
  shared.set(err.code, first);
  shared.set(code, first);
  return first;
}

/** SOL_SOCKET is the level of control messages of sockets themselves (linux/amd64, like all numbers here). */
export const SOL_SOCKET = 1;

/** SCM_RIGHTS is the type of a control message that carries descriptors. */
export const SCM_RIGHTS = 1;

/** MSG_CTRUNC in the flags of a message says that control messages were cut off. */
export const MSG_CTRUNC = 0x8;

/** MSG_TRUNC in the flags of a message says that the rest of a packet was cut off. */
export const MSG_TRUNC = 0x20;

/** MSG_CMSG_CLOEXEC in the flags of a message says that programs started later do not inherit its descriptors. */
export const MSG_CMSG_CLOEXEC = 0x40000000;

// struct cmsghdr: length u64, level i32, type i32, all little-endian. What follows it is aligned as it is.
const cmsgHeaderBytes = 16;
const cmsgAlignment = 8;
const rightBytes = 4;

function align(bytes: number): number {
  return Math.ceil(bytes / cmsgAlignment) * cmsgAlignment;
}

/** CmsgLen returns what Len of a control message with that many bytes of data is. */
export function CmsgLen(bytes: number): number {
  return cmsgHeaderBytes + bytes;
}

/** CmsgSpace returns how much room a control message with that many bytes of data takes. */
export function CmsgSpace(bytes: number): number {
  return cmsgHeaderBytes + align(bytes);
}

/** Cmsghdr is the header of a control message. */
export interface Cmsghdr {
  /** Len is the length in bytes, the header's own 16 included. */
  readonly Len: number;
  /** Level is the protocol it belongs to, in general SOL_SOCKET. */
  readonly Level: number;
  /** Type is what it says, in general SCM_RIGHTS. */
  readonly Type: number;
}

/** SocketControlMessage is one control message; Data shares memory with what it was parsed from. */
export interface SocketControlMessage {
  readonly Header: Cmsghdr;
  readonly Data: Uint8Array;
}

/**
 * UnixRights makes the control message that passes open files to another process, for WriteMsgUnix. A descriptor is a file
 * number of the gateway, as Fd of an os.File gives it.
 */
export function UnixRights(...fds: readonly number[]): Uint8Array {
  const bytes = fds.length * rightBytes;
  const b = new Uint8Array(CmsgSpace(bytes));
  const view = new DataView(b.buffer);
  view.setUint32(0, CmsgLen(bytes), true);
  view.setInt32(8, SOL_SOCKET, true);
  view.setInt32(12, SCM_RIGHTS, true);
  for (const [i, fd] of fds.entries()) {
    view.setInt32(cmsgHeaderBytes + i * rightBytes, fd, true);
  }
  return b;
}

/**
 * ParseSocketControlMessage takes b apart into its control messages; bytes at its end that are too few for another header
 * are left out. If a length in b does not fit, it throws EINVAL.
 */
export function ParseSocketControlMessage(b: Uint8Array): SocketControlMessage[] {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  const messages: SocketControlMessage[] = [];
  for (let at = 0; at + cmsgHeaderBytes <= b.length; ) {
    const length = view.getUint32(at, true);
    if (view.getUint32(at + 4, true) !== 0 || length < cmsgHeaderBytes || length > b.length - at) {
      throw errno("EINVAL");
    }
    const header = { Len: length, Level: view.getInt32(at + 8, true), Type: view.getInt32(at + 12, true) };
    messages.push({ Header: header, Data: b.subarray(at + cmsgHeaderBytes, at + length) });
    at += align(length);
  }
  return messages;
}

/**
 * ParseUnixRights returns the descriptors in a control message: file numbers of the gateway, which os.NewFile makes files
 * of. If it is not of SCM_RIGHTS, it throws EINVAL.
 */
export function ParseUnixRights(m: SocketControlMessage): number[] {
  if (m.Header.Level !== SOL_SOCKET || m.Header.Type !== SCM_RIGHTS) {
    throw errno("EINVAL");
  }
  const view = new DataView(m.Data.buffer, m.Data.byteOffset, m.Data.byteLength);
  return Array.from({ length: Math.floor(m.Data.length / rightBytes) }, (_, i) =>
    view.getInt32(i * rightBytes, true),
  );
}
