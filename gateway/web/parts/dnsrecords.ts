// DNS messages as multicast DNS has them (RFC 6762): many questions in one, and the records of all three sections of an
// answer. Whoever is on the network can have written them: everything is bounded by the bytes that are really there.

const headerBytes = 12;
const maxLabelBytes = 63;
const maxNameBytes = 255;
const pointerBits = 0xc0;
const classMask = 0x7fff; // the highest bit is a flag of multicast DNS
const classIN = 1;
const responseFlag = 0x8000;

/** recordTypes are those that are read; others are passed over. */
export const recordTypes = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 } as const;
export type RecordType = keyof typeof recordTypes;

/** DNSQuestion asks for the records of a type that a name has. */
export interface DNSQuestion {
  readonly name: string;
  readonly type: RecordType;
}

/**
 * DNSRecord is one record. Names are as people write them, without a dot at the end: a dot or a backslash in a label has a
 * backslash before it, and a byte of a label that is no UTF-8 is "\" and three decimal digits.
 */
export type DNSRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: "A" | "AAAA"; readonly address: Uint8Array }
  | { readonly type: "PTR"; readonly target: string }
  | { readonly type: "SRV"; readonly target: string; readonly port: number }
  | { readonly type: "TXT"; readonly strings: readonly Uint8Array[] }
);

/** MalformedError says that a message cannot mean anything. */
export class MalformedError extends Error {}

/** encodeQuestions is the message that asks all of them. */
export function encodeQuestions(questions: readonly DNSQuestion[]): Uint8Array {
  const header = [0, 0, questions.length, 0, 0, 0].flatMap(u16);
  const bodies = questions.flatMap(({ name, type }) => [
    ...encodeName(name),
    ...u16(recordTypes[type]),
    ...u16(classIN),
  ]);
  return Uint8Array.from([...header, ...bodies]);
}

function u16(n: number): [number, number] {
  return [n >> 8, n & 0xff];
}

function encodeName(name: string): number[] {
  const labels = labelsOf(name);
  const bytes = labels.flatMap((label) => [label.length, ...label]);
  if (labels.some((l) => l.length === 0 || l.length > maxLabelBytes) || bytes.length >= maxNameBytes) {
    throw new MalformedError("a name that has no encoding");
  }
  return [...bytes, 0];
}

/** labelsOf is the labels of a name, as bytes. */
export function labelsOf(name: string): number[][] {
  const labels: number[][] = [[]];
  for (const [piece, digits, escaped] of name.matchAll(/\\(\d{3})|\\(.)|[^\\]/gsu)) {
    if (piece === ".") {
      labels.push([]);
    } else if (digits !== undefined) {
      labels.at(-1)?.push(Number(digits) & 0xff);
    } else {
      labels.at(-1)?.push(...new TextEncoder().encode(escaped ?? piece));
    }
  }
  return labels;
}

/** firstLabel is the first label of a name as a text, and the rest of the name. */
export function firstLabel(name: string): [label: string, rest: string] {
  const end = /^(?:\\.|[^\\.])*/s.exec(name)?.[0].length ?? 0;
  const label = name.slice(0, end).replace(/\\([.\\])/g, "$1");
  return [label, name.slice(end + 1)];
}

/** parseResponse is the records of a response; a question gives null. It throws MalformedError. */
export function parseResponse(message: Uint8Array): DNSRecord[] | null {
  const reader = new Reader(message);
  if ((reader.u16(2) & responseFlag) === 0) {
    return null;
  }
  const questions = reader.u16(4);
  const count = reader.u16(6) + reader.u16(8) + reader.u16(10);
  reader.at = headerBytes;
  for (let i = 0; i < questions; i++) {
    reader.name();
    reader.take(4);
  }
  const records: DNSRecord[] = [];
  for (let i = 0; i < count; i++) {
    const record = reader.record();
    if (record !== null) {
      records.push(record);
    }
  }
  return records;
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) {
      throw new MalformedError("a message that breaks off");
    }
    return byte;
  }

  u16(at: number): number {
    return (this.u8(at) << 8) | this.u8(at + 1);
  }

  // take is the next n bytes.
  take(n: number): Uint8Array {
    if (this.at + n > this.#bytes.length) {
      throw new MalformedError("a message that breaks off");
    }
    this.at += n;
    return this.#bytes.slice(this.at - n, this.at);
  }

  // record is the next record, or null if it is of a kind that is passed over.
  record(): DNSRecord | null {
    const name = this.name();
    const [type, cls] = [this.u16(this.at), this.u16(this.at + 2)];
    const ttl = this.u16(this.at + 4) * 0x10000 + this.u16(this.at + 6);
    const length = this.u16(this.at + 8);
    this.at += 10;
    const start = this.at;
    const end = start + length;
    this.take(length); // all of it is there
    this.at = start;
    const data = (cls & classMask) === classIN ? this.#data(type, length) : null;
    if (this.at > end || (data !== null && this.at !== end)) {
      throw new MalformedError("a record whose length is wrong");
    }
    this.at = end;
    return data === null ? null : { name, ttl, ...data };
  }

  #data(type: number, length: number) {
    switch (type) {
      case recordTypes.A:
        return { type: "A", address: this.#address(length, 4) } as const;
      case recordTypes.AAAA:
        return { type: "AAAA", address: this.#address(length, 16) } as const;
      case recordTypes.PTR:
        return { type: "PTR", target: this.name() } as const;
      case recordTypes.SRV: {
        this.take(4); // priority and weight
        const port = this.u16(this.at);
        this.at += 2;
        return { type: "SRV", port, target: this.name() } as const;
      }
      case recordTypes.TXT:
        return { type: "TXT", strings: this.#strings(this.at + length) } as const;
      default:
        return null;
    }
  }

  #address(length: number, want: number): Uint8Array {
    if (length !== want) {
      throw new MalformedError("an address of a wrong length");
    }
    return this.take(want);
  }

  #strings(end: number): Uint8Array[] {
    const strings: Uint8Array[] = [];
    while (this.at < end) {
      const size = this.u8(this.at);
      this.at++;
      const string = this.take(size);
      if (size > 0) {
        strings.push(string);
      }
    }
    return strings;
  }

  // name is the next name. A pointer leads to where a name began before, so that no way leads in a circle.
  name(): string {
    const labels: string[] = [];
    let length = 0;
    let at = this.at;
    let after: number | null = null;
    let before = this.at;
    for (;;) {
      const size = this.u8(at);
      if (size === 0) {
        this.at = after ?? at + 1;
        return labels.join(".");
      }
      if (size <= maxLabelBytes) {
        length += size + 1;
        this.u8(at + size); // it is there
        if (length >= maxNameBytes) {
          throw new MalformedError("a name that is too long");
        }
        labels.push(labelText(this.#bytes.subarray(at + 1, at + 1 + size)));
        at += 1 + size;
        continue;
      }
      const target = this.u16(at) & ~(pointerBits << 8);
      if ((size & pointerBits) !== pointerBits || target >= before) {
        throw new MalformedError("a name that points nowhere");
      }
      after ??= at + 2;
      before = target;
      at = target;
    }
  }
}

function labelText(label: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(label);
  } catch {
    const ascii = 0x80;
    return Array.from(label, (b) =>
      b < ascii ? escaped(String.fromCharCode(b)) : `\\${String(b).padStart(3, "0")}`,
    ).join("");
  }
  return escaped(text);
}

function escaped(text: string): string {
  return text.replace(/[.\\]/g, "\\$&");
}
