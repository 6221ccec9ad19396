import { brand } from "./errorvalue.js";
import { type IP, ipEmptyString } from "./ip.js";
import type { Addr } from "./net.js";

/** IPAddrFields are the fields of an {@link IPAddr}; what is left out is empty. */
export interface IPAddrFields {
  readonly IP?: IP | null;
  readonly Zone?: string;
}

/** IPAddr is the address of an end point that has no ports. */
export class IPAddr implements Addr {
  static {
    brand(IPAddr, "IPAddr");
  }

  /** IP is the address; null is any address. */
  IP: IP | null;
  /** Zone is the scope of an IPv6 address that has one, in general the name of an interface. */
  Zone: string;

  constructor(fields: IPAddrFields = {}) {
    this.IP = fields.IP ?? null;
    this.Zone = fields.Zone ?? "";
  }

  /** Network returns "ip". */
  Network(): string {
    return "ip";
  }

  /** String returns "192.0.2.1" or "fe80::1%eth0"; "" if there is no IP. */
  String(): string {
    const zone = this.Zone === "" ? "" : `%${this.Zone}`;
    return ipEmptyString(this.IP) + zone;
  }

  toString(): string {
    return this.String();
  }
}
