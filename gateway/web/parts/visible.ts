// Bytes as text in which everything can be seen. What is UTF-8 and has a shape stands as it is; everything else (control
// characters, characters that are invisible or turn the direction of writing, bytes that are no UTF-8) stands as a
// mark that names it, in the notation of string literals. So no byte disappears, and none can do anything. (Unicode has
// pictures of the control characters, but few fonts do.)

/** Part is a piece of what is shown. */
export interface Part {
  readonly text: string;
  /** isMark says that the text names what is there instead of being it. */
  readonly isMark: boolean;
}

const lineFeed = 0x0a;
const tab = 0x09;
const space = 0x20;
const del = 0x7f;
const ascii = 0x80;
const lastOf4Digits = 0xffff;

// The control characters that literals have a letter for.
const letters: Readonly<Record<number, string>> = {
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
};

// What has no shape of its own: control, format, private, unassigned; all kinds of space; what fonts are told to
// leave out; and the Braille pattern without dots.
const shapeless = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * visible is bytes as parts. A character that is not complete at the end is left out if isContinued, because the next
 * bytes will show it; otherwise its bytes are marked.
 */
export function visible(bytes: Uint8Array, isContinued = false): Part[] {
  const parts: { text: string; isMark: boolean }[] = [];
  const add = (text: string, isMark: boolean): void => {
    const last = parts.at(-1);
    if (last?.isMark === isMark) {
      last.text += text;
    } else {
      parts.push({ text, isMark });
    }
  };
  for (let at = 0; at < bytes.length; ) {
    const b = bytes[at] as number;
    if (b >= space && b < del) {
      const start = at;
      while (at < bytes.length && isPlain(bytes[at] as number)) {
        at++;
      }
      add(String.fromCharCode(...bytes.subarray(start, at)), false);
    } else if (b < ascii) {
      add(letters[b] ?? hexMarks(bytes.subarray(at, at + 1)), true);
      if (b === lineFeed || b === tab) {
        add(String.fromCharCode(b), false);
      }
      at++;
    } else {
      const { length, code } = sequence(bytes, at);
      if (code === incomplete && isContinued) {
        break;
      }
      if (code < 0) {
        add(hexMarks(bytes.subarray(at, at + length)), true);
      } else {
        const char = String.fromCodePoint(code);
        const isMark = shapeless.test(char);
        add(isMark ? codeMark(code) : char, isMark);
      }
      at += length;
    }
  }
  return parts;
}

function isPlain(b: number): boolean {
  return b >= space && b < del;
}

/** visibleText is a string with everything in it made visible. */
export function visibleText(s: string): string {
  return textOf(visible(new TextEncoder().encode(s)));
}

/** textOf is the text of all parts. */
export function textOf(parts: readonly Part[]): string {
  return parts.map((part) => part.text).join("");
}

function codeMark(code: number): string {
  return code > lastOf4Digits ? `\\u{${hex(code, 0)}}` : `\\u${hex(code, 4)}`;
}

function hex(n: number, digits: number): string {
  return n.toString(16).padStart(digits, "0");
}

function hexMarks(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => `\\x${hex(b, 2)}`).join("");
}

/** incompleteTail is how many bytes at the end are the beginning of a character whose other bytes are missing. */
export function incompleteTail(bytes: Uint8Array): number {
  const longestStart = 3;
  for (let at = Math.max(0, bytes.length - longestStart); at < bytes.length; at++) {
    const b = bytes[at] as number;
    const isStart = b >= firstLead;
    if (isStart && sequence(bytes, at).code === incomplete) {
      return bytes.length - at;
    }
  }
  return 0;
}

const invalid = -1;
const incomplete = -2;

const firstLead = 0xc2;
const leadOf3 = 0xe0;
const leadOf4 = 0xf0;
const lastLead = 0xf4;
const firstTail = 0x80;
const lastTail = 0xbf;
const tailBits = 6;
const tailMask = 0x3f;

// sequence reads the sequence that begins at a byte above ASCII: its length and its code point. If it is invalid, length
// is that of the longest beginning a valid one could have (Unicode, section 3.9, table 3-7).
function sequence(bytes: Uint8Array, at: number): { length: number; code: number } {
  const lead = bytes[at] as number;
  if (lead < firstLead || lead > lastLead) {
    return { length: 1, code: invalid };
  }
  const length = lead < leadOf3 ? 2 : lead < leadOf4 ? 3 : 4;
  let code = lead & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const b = bytes[at + i];
    if (b === undefined) {
      return { length: i, code: incomplete };
    }
    const [low, high] = i === 1 ? secondByte(lead) : [firstTail, lastTail];
    if (b < low || b > high) {
      return { length: i, code: invalid };
    }
    code = (code << tailBits) | (b & tailMask);
  }
  return { length, code };
}

// secondByte is the range that the second byte must be in: no overlong form, no surrogate, nothing above U+10FFFF.
function secondByte(lead: number): [low: number, high: number] {
  switch (lead) {
    case leadOf3:
      return [0xa0, lastTail];
    case 0xed:
      return [firstTail, 0x9f];
    case leadOf4:
      return [0x90, lastTail];
    case lastLead:
      return [firstTail, 0x8f];
    default:
      return [firstTail, lastTail];
  }
}
