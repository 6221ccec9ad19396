// The small parsers that ip, mac and port share. They know ASCII only: any other character is not a digit.

// Numbers from here on are refused, as in Go; nothing parsed here needs larger ones.
const bigNumber = 0xffffff;

const hexDigits = "0123456789abcdef";

/**
 * parseDecimal parses all of s as a decimal number without a sign. If s is empty, has anything but digits, or is
 * 16777215 or more, it returns null. Leading zeros do no harm.
 */
export function parseDecimal(s: string): number | null {
  if (!/^[0-9]+$/.test(s)) {
    return null;
  }
  const n = Number(s);
  return n < bigNumber ? n : null;
}

/** parseHexByte parses exactly two hexadecimal digits, or returns null. */
export function parseHexByte(s: string): number | null {
  return /^[0-9a-fA-F]{2}$/.test(s) ? Number.parseInt(s, 16) : null;
}

/** hexString returns two lower-case digits for each byte of b, joined by separator. */
export function hexString(b: Uint8Array, separator = ""): string {
  let s = "";
  for (const [i, byte] of b.entries()) {
    s += (i > 0 ? separator : "") + hexDigits.charAt(byte >> 4) + hexDigits.charAt(byte & 0xf);
  }
  return s;
}

/** lowerASCII makes A to Z small and leaves all else: toLowerCase would make a K out of the Kelvin sign. */
export function lowerASCII(s: string): string {
  return s.replace(/[A-Z]/g, (c) => c.toLowerCase());
}
