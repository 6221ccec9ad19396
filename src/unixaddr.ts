import { brand } from "./errorvalue.js";
import type { Addr } from "./net.js";

/** UnixAddrFields are the fields of a {@link UnixAddr}; what is left out is empty. */
export interface UnixAddrFields {
  readonly Name?: string;
  readonly Net?: string;
}

/** UnixAddr is the address of a Unix domain socket. */
export class UnixAddr implements Addr {
  static {
    brand(UnixAddr, "UnixAddr");
  }

  /** Name is the path of the socket; "@" before an abstract name, "@" alone or "" if it has none. */
  Name: string;
  /** Net is "unix", "unixgram" or "unixpacket". */
  Net: string;

  constructor(fields: UnixAddrFields = {}) {
    this.Name = fields.Name ?? "";
    this.Net = fields.Net ?? "";
  }

  /** Network returns Net. */
  Network(): string {
    return this.Net;
  }

  /** String returns Name. */
  String(): string {
    return this.Name;
  }

  toString(): string {
    return this.String();
  }
}
