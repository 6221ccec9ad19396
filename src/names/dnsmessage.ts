// DNS messages (RFC 1035, 4): the one question that is asked, and the answers to it. What comes in was written by
// whoever answers first: it is read field by field, and nothing in it is believed before it was bounded.

// recordType has the number of each kind of record that can be looked up.
export const recordType = { A: 1, NS: 2, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 } as const;
export type RecordType = (typeof recordType)[keyof typeof recordType];

// responseCode has the codes that are told apart.
export const responseCode = { success: 0, serverFailure: 2, nameError: 3 } as const;

// maxPacketBytes is the largest message over UDP that the question says can be taken: it passes every usual network in
// one piece (dnsflagday.net/2020).
export const maxPacketBytes = 1232;

const headerBytes = 12;
const maxLabelBytes = 63;
const maxNameBytes = 255; // of its text with the final dot
const maxPointers = 10; // a name that needs more is a loop, or wants to be one
const classIN = 1;
const typeOPT = 41;
const flag = {
  response: 0x8000,
  authoritative: 0x400,
  truncated: 0x200,
  wanted: 0x100,
  available: 0x80,
} as const;
const codeMask = 0xf;
const pointerBits = 0xc0;
const ipv4Bytes = 4;
const ipv6Bytes = 16;

// MalformedError says that a message ends too early or cannot mean anything.
export class MalformedError extends Error {
  constructor() {
    super("gonet: malformed DNS message");
    this.name = "MalformedError";
  }
}

// Question is what is asked for: a name with its final dot, and a type.
export interface Question {
  readonly id: number;
  readonly name: string;
  readonly type: RecordType;
}

// encodeQuestion is the message that asks question, with the wish for recursion and EDNS(0) (RFC 6891). It is null if
// the name has no encoding: no final dot, an empty label or one over 63 bytes.
export function encodeQuestion({ id, name, type }: Question): Uint8Array | null {
  const encoded = encodeName(name);
  if (encoded === null) return null;
  const question = [id, flag.wanted, 1, 0, 0, 1];
  const option = [0, ...u16(typeOPT), ...u16(maxPacketBytes), 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...question.flatMap(u16), ...encoded, ...u16(type), ...u16(classIN), ...option]);
}

function u16(n: number): [number, number] {
  return [n >> 8, n & 0xff];
}

function encodeName(name: string): number[] | null {
  if (name === ".") return [0];
  if (!name.endsWith(".") || name.length >= maxNameBytes) return null;
  const bytes: number[] = [];
  for (const label of name.slice(0, -1).split(".")) {
    if (label.length === 0 || label.length > maxLabelBytes) return null;
    bytes.push(label.length, ...Array.from(label, (c) => c.charCodeAt(0)));
  }
  bytes.push(0);
  return bytes;
}

// Header is what the first twelve bytes say.
export interface Header {
  readonly id: number;
  readonly isResponse: boolean;
  readonly isAuthoritative: boolean;
  readonly isTruncated: boolean;
  readonly canRecurse: boolean;
  readonly code: number;
  readonly questions: number;
  readonly answers: number;
}

// RecordHeader is what stands before the data of a record. Letters of a name are as the server wrote them; a byte that
// is no ASCII is the character of that number.
export interface RecordHeader {
  readonly name: string;
  readonly type: number;
  readonly length: number;
}

// Message reads one message from front to back: the question, then one answer after the other. What follows the answers
// is not looked at. Each method throws MalformedError.
export class Message {
  readonly header: Header;
  readonly #bytes: Uint8Array;
  #at = headerBytes;
  #left: number; // answers that were not taken or skipped
  #record: RecordHeader | null = null; // the answer that is next

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const bits = this.#u16(2);
    this.header = {
      id: this.#u16(0),
      isResponse: (bits & flag.response) !== 0,
      isAuthoritative: (bits & flag.authoritative) !== 0,
      isTruncated: (bits & flag.truncated) !== 0,
      canRecurse: (bits & flag.available) !== 0,
      code: bits & codeMask,
      questions: this.#u16(4),
      answers: this.#u16(6),
    };
    this.#u16(headerBytes - 2); // all of the header is there
    this.#left = this.header.answers;
  }

  // answersTo reads the question of the message and says whether it is the one that was asked, by id, name and type.
  answersTo(question: Question): boolean {
    if (this.header.questions === 0) throw new MalformedError();
    const name = this.#name(true);
    const type = this.#take16();
    const asked = this.#take16();
    return (
      this.header.isResponse &&
      this.header.id === question.id &&
      type === question.type &&
      asked === classIN &&
      sameName(name, question.name)
    );
  }

  // next is the header of the next answer, the same until it is taken or skipped; null after the last.
  next(): RecordHeader | null {
    if (this.#record !== null) return this.#record;
    if (this.#left === 0) return null;
    const name = this.#name(true);
    const type = this.#take16();
    this.#need(this.#at, 6); // class and time to live
    this.#at += 6;
    this.#record = { name, type, length: this.#take16() };
    return this.#record;
  }

  // skip passes over the next answer.
  skip(): void {
    const { length } = this.#next();
    this.#need(this.#at, length);
    this.#pass(length);
  }

  // address takes the data of an A or AAAA record.
  address(): Uint8Array {
    const record = this.#next();
    const size = record.type === recordType.A ? ipv4Bytes : ipv6Bytes;
    this.#need(this.#at, size);
    return this.#taken(this.#bytes.slice(this.#at, this.#at + size));
  }

  // host takes the name of an NS or PTR record.
  host(): string {
    this.#next();
    return this.#taken(this.#nameAt(this.#at, true));
  }

  // mx takes an MX record.
  mx(): [preference: number, host: string] {
    this.#next();
    const preference = this.#u16(this.#at);
    return this.#taken([preference, this.#nameAt(this.#at + 2, true)]);
  }

  // srv takes an SRV record. Its name may not be compressed (RFC 2782).
  srv(): [target: string, port: number, priority: number, weight: number] {
    this.#next();
    const [priority, weight, port] = [this.#u16(this.#at), this.#u16(this.#at + 2), this.#u16(this.#at + 4)];
    return this.#taken([this.#nameAt(this.#at + 6, false), port, priority, weight]);
  }

  // txt takes a TXT record, its strings joined.
  txt(): Uint8Array {
    const { length } = this.#next();
    const parts: Uint8Array[] = [];
    let at = this.#at;
    for (const end = at + length; at < end; ) {
      const size = this.#u8(at);
      at += 1 + size;
      if (at > end) throw new MalformedError();
      this.#need(at - size, size);
      parts.push(this.#bytes.subarray(at - size, at));
    }
    const joined = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
    let n = 0;
    for (const part of parts) {
      joined.set(part, n);
      n += part.length;
    }
    return this.#taken(joined);
  }

  #next(): RecordHeader {
    const record = this.next();
    if (record === null) throw new MalformedError();
    return record;
  }

  // #taken passes over the answer whose data was read. A wrong length shows with the answer after it.
  #taken<T>(data: T): T {
    this.#pass(this.#next().length);
    return data;
  }

  #pass(length: number): void {
    this.#at += length;
    this.#record = null;
    this.#left--;
  }

  // #name reads the name that is next.
  #name(mayPoint: boolean): string {
    const name = this.#nameAt(this.#at, mayPoint);
    this.#at = this.#afterName(this.#at);
    return name;
  }

  #nameAt(start: number, mayPoint: boolean): string {
    let name = "";
    let pointers = 0;
    for (let at = start; ; ) {
      const size = this.#u8(at++);
      if (size === 0) break;
      if (size <= maxLabelBytes) {
        this.#need(at, size);
        name += `${String.fromCharCode(...this.#bytes.subarray(at, at + size))}.`;
        at += size;
        // Not waiting for the end: a loop of long labels would grow ten times over before it is one.
        if (name.length > maxNameBytes) throw new MalformedError();
        continue;
      }
      if ((size & pointerBits) !== pointerBits || !mayPoint || ++pointers > maxPointers) {
        throw new MalformedError();
      }
      at = ((size & ~pointerBits) << 8) | this.#u8(at);
    }
    return name === "" ? "." : name;
  }

  #afterName(start: number): number {
    let at = start;
    for (;;) {
      const size = this.#u8(at++);
      if (size === 0) return at;
      if (size > maxLabelBytes) return at + 1;
      at += size;
    }
  }

  #take16(): number {
    const n = this.#u16(this.#at);
    this.#at += 2;
    return n;
  }

  #u16(at: number): number {
    return (this.#u8(at) << 8) | this.#u8(at + 1);
  }

  #u8(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw new MalformedError();
    return byte;
  }

  #need(at: number, length: number): void {
    if (at + length > this.#bytes.length) throw new MalformedError();
  }
}

// sameName compares two names without regard to the case of ASCII letters, as servers may change it.
function sameName(a: string, b: string): boolean {
  const lower = (s: string): string => s.replace(/[A-Z]/g, (c) => c.toLowerCase());
  return a.length === b.length && lower(a) === lower(b);
}
