// Bytes as people type them: "48 65 6c", "48656c", "0x48, 0x65", "\x48\x65", over several lines.

/** HexError says what is wrong, and where: the offset of the character in the text. */
export class HexError extends Error {
  override readonly name = "HexError";
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

// White space, and what stands between bytes in the dumps and sources that people copy from.
const separator = /[\s,;:_-]/;
const prefixes = ["0x", "0X", "\\x"];
const digit = /[0-9a-fA-F]/;
const radix = 16;

/** parseHex reads bytes. It throws HexError for what is not a digit, and for half a byte. */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; ) {
    if (separator.test(text.charAt(at))) {
      at++;
    } else if (prefixes.includes(text.slice(at, at + 2))) {
      at += 2;
      bytes.push(byteAt(text, at));
      at += 2;
    } else {
      bytes.push(byteAt(text, at));
      at += 2;
    }
  }
  return Uint8Array.from(bytes);
}

function byteAt(text: string, at: number): number {
  for (const i of [at, at + 1]) {
    const char = String.fromCodePoint(text.codePointAt(i) ?? 0);
    if (i >= text.length || (i > at && separator.test(char))) {
      throw new HexError(`half a byte at position ${at + 1}: each byte is two digits`, at);
    }
    if (!digit.test(char)) {
      throw new HexError(`${JSON.stringify(char)} at position ${i + 1} is not a hexadecimal digit`, i);
    }
  }
  return Number.parseInt(text.slice(at, at + 2), radix);
}
