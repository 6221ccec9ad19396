// Hardware addresses.

import { brand } from "./errorvalue.js";
import { AddrError } from "./net.js";
import { hexString, parseHexByte } from "./parse.js";

/** HardwareAddr is a hardware address, as bytes. */
export class HardwareAddr extends Uint8Array {
  static {
    brand(HardwareAddr, "HardwareAddr");
  }

  static override of(...bytes: number[]): HardwareAddr {
    return new HardwareAddr(bytes);
  }

  /** String returns "00:00:5e:00:53:01", whatever the length; "" if the address is empty. */
  String(): string {
    return hexString(this, ":");
  }

  override toString(): string {
    return this.String();
  }
}

// EUI-48, EUI-64, and IP over InfiniBand (RFC 4391).
const lengths = [6, 8, 20];

/**
 * ParseMAC parses an address of 6, 8 or 20 bytes, in one of the forms "00:00:5e:00:53:01", "00-00-5e-00-53-01" and
 * "0000.5e00.5301". If s is none of them it throws AddrError.
 */
export function ParseMAC(s: string): HardwareAddr {
  const separator = /^[^:.-]*([:.-])/.exec(s)?.[1] ?? "";
  const bytesPerGroup = separator === "." ? 2 : 1;
  const parts = separator === "" ? [] : s.split(separator, Math.max(...lengths) + 1);
  const digits = parts.every((part) => part.length === 2 * bytesPerGroup)
    ? (parts.join("").match(/../gs) ?? [])
    : [];
  const bytes = digits.map(parseHexByte).filter((b) => b !== null);
  if (bytes.length !== digits.length || !lengths.includes(bytes.length)) {
    throw new AddrError({ Err: "invalid MAC address", Addr: s });
  }
  return new HardwareAddr(bytes);
}
