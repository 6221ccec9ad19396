import { brand } from "./errorvalue.js";
import { type IP, ipEmptyString } from "./ip.js";
import { JoinHostPort } from "./ipsock.js";
import type { Addr } from "./net.js";

/** TCPAddrFields are the fields of a {@link TCPAddr}; what is left out is empty. */
export interface TCPAddrFields {
  readonly IP?: IP | null;
  readonly Port?: number;
  readonly Zone?: string;
}

/** TCPAddr is the address of a TCP end point. */
export class TCPAddr implements Addr {
  static {
    brand(TCPAddr, "TCPAddr");
  }

  /** IP is the address; null is any address. */
  IP: IP | null;
  /** Port is the port; 0 is any port. */
  Port: number;
  /** Zone is the scope of an IPv6 address that has one, in general the name of an interface. */
  Zone: string;

  constructor(fields: TCPAddrFields = {}) {
    this.IP = fields.IP ?? null;
    this.Port = fields.Port ?? 0;
    this.Zone = fields.Zone ?? "";
  }

  /** Network returns "tcp". */
  Network(): string {
    return "tcp";
  }

  /** String returns "192.0.2.1:53" or "[fe80::1%eth0]:53"; ":53" if there is no IP. */
  String(): string {
    const zone = this.Zone === "" ? "" : `%${this.Zone}`;
    return JoinHostPort(ipEmptyString(this.IP) + zone, String(this.Port));
  }

  toString(): string {
    return this.String();
  }
}
