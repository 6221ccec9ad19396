// Every constant of the wire, and frames to and from bytes (docs/protocol.md, part 3). This is the only
// file that knows msgpackr.

import { Packr, Unpackr } from "msgpackr/index-no-eval";
import { type Pieces, WireError } from "./errors.js";
import { scan, uintAt } from "./scan.js";

export const protocolVersion = 1;
export const subprotocol = "gonet.v1";

// frameType numbers the frames. Below 16: not numbered, never sent again.
export const frameType = {
  hello: 1,
  welcome: 2,
  ack: 3,
  ping: 4,
  pong: 5,
  drain: 6,
  goodbye: 7,
  dgram: 8,
  open: 16,
  opened: 17,
  refused: 18,
  data: 19,
  credit: 20,
  fin: 21,
  reset: 22,
  close: 23,
  accepted: 24,
  cancel: 25,
  call: 26,
  return: 27,
  throw: 28,
  sent: 29,
  fault: 30,
  record: 31,
} as const;

export const firstNumbered = frameType.open;
export const dataPrefixBytes = 12;
export const maxPayloadBytes = 256 * 1024;
export const maxControlBytes = 16 * 1024;
export const maxMessageBytes = maxPayloadBytes + maxControlBytes;
export const maxID = 0xffff_ffff;

const T = frameType;

// ControlFrame is a frame that msgpackr encodes: everything but what carries a payload.
export type ControlFrame =
  | readonly [
      type: typeof T.hello,
      version: number,
      caps: readonly unknown[],
      sessionID: string | null,
      resumeKey: Uint8Array | null,
      epoch: number,
      rcvSeq: number,
      agent: string,
    ]
  | readonly [
      type: typeof T.welcome,
      version: number,
      caps: readonly unknown[],
      sessionID: string,
      resumeKey: Uint8Array | null,
      epoch: number,
      rcvSeq: number,
      graceMs: number,
      limits: readonly unknown[],
      gatewayID: string,
    ]
  | readonly [type: typeof T.ack, seq: number]
  | readonly [type: typeof T.ping, token: number]
  | readonly [type: typeof T.pong, token: number]
  | readonly [type: typeof T.drain, deadlineMs: number]
  | readonly [type: typeof T.goodbye, code: number, reason: string]
  | readonly [type: typeof T.open, id: number, op: string, args: readonly unknown[]]
  | readonly [type: typeof T.opened, id: number, result: readonly unknown[]]
  | readonly [
      type: typeof T.refused,
      id: number,
      error: Pieces,
      source: readonly unknown[] | null,
      addr: readonly unknown[] | null,
    ]
  | readonly [type: typeof T.credit, id: number, offset: number]
  | readonly [type: typeof T.fin, id: number]
  | readonly [type: typeof T.reset, id: number, error: Pieces]
  | readonly [type: typeof T.close, id: number]
  | readonly [type: typeof T.accepted, listener: number, id: number, result: readonly unknown[]]
  | readonly [type: typeof T.cancel, id: number]
  | readonly [type: typeof T.call, call: number, id: number, op: string, args: readonly unknown[]]
  | readonly [type: typeof T.return, call: number, result: readonly unknown[], more: boolean]
  | readonly [type: typeof T.throw, call: number, error: Pieces]
  | readonly [type: typeof T.sent, id: number, offset: number, error: Pieces | null]
  | readonly [type: typeof T.fault, id: number, error: Pieces];

// PayloadType is the type of a frame that carries a payload.
export type PayloadType = typeof T.data | typeof T.dgram | typeof T.record;

// PayloadFrame is DATA, DGRAM or RECORD. The payload is a view on the message it came in.
export type PayloadFrame = readonly [type: PayloadType, id: number, payload: Uint8Array];

export type Frame = ControlFrame | PayloadFrame;

type Field =
  | "uint"
  | "id"
  | "id0"
  | "bool"
  | "text"
  | "text?"
  | "bytes?"
  | "list"
  | "list?"
  | "pieces"
  | "pieces?";

// shapes lists the fields after the type.
const shapes: { readonly [type: number]: readonly Field[] } = {
  [T.hello]: ["uint", "list", "text?", "bytes?", "uint", "uint", "text"],
  [T.welcome]: ["uint", "list", "text", "bytes?", "uint", "uint", "uint", "list", "text"],
  [T.ack]: ["uint"],
  [T.ping]: ["uint"],
  [T.pong]: ["uint"],
  [T.drain]: ["uint"],
  [T.goodbye]: ["uint", "text"],
  [T.open]: ["id", "text", "list"],
  [T.opened]: ["id", "list"],
  [T.refused]: ["id", "pieces", "list?", "list?"],
  [T.credit]: ["id0", "uint"],
  [T.fin]: ["id"],
  [T.reset]: ["id", "pieces"],
  [T.close]: ["id"],
  [T.accepted]: ["id", "id", "list"],
  [T.cancel]: ["id"],
  [T.call]: ["uint", "id0", "text", "list"],
  [T.return]: ["uint", "list", "bool"],
  [T.throw]: ["uint", "pieces"],
  [T.sent]: ["id", "uint", "pieces?"],
  [T.fault]: ["id", "pieces"],
};

// BUG: a text of more than 64 bytes that begins with U+FEFF arrives without it: msgpackr reads long texts with a
// TextDecoder that takes the mark for a byte order mark.
const msgpack = {
  packr: new Packr({ useRecords: false, structuredClone: false, encodeUndefinedAsNil: true }),
  unpackr: new Unpackr({ useRecords: false, structuredClone: false, int64AsType: "number" }),
};

// encode gives the bytes of a control frame, in memory of its own. A lone surrogate in a text becomes U+FFFD.
// If the frame is larger than maxControlBytes, too deep, has too many items, or holds what has no form on the
// wire, it throws RangeError: the sender must split or refuse, for the peer would end the session.
export function encode(frame: ControlFrame): Uint8Array {
  let packed = msgpack.packr.pack(frame);
  if (!legal(packed)) {
    packed = msgpack.packr.pack(wellFormed(frame));
    if (!legal(packed)) throw new RangeError("gonet: not a legal frame");
  }
  if (packed.length > maxControlBytes) throw new RangeError("gonet: control frame too large");
  return new Uint8Array(packed); // msgpackr hands out slices of a pool that a kept frame would pin
}

function legal(packed: Uint8Array): boolean {
  try {
    return scan(packed, 0) === packed.length;
  } catch {
    return false; // scan throws nothing but WireError
  }
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

// wellFormed replaces every lone surrogate in the texts of v; msgpackr would write it as bytes that are not UTF-8.
function wellFormed(v: unknown): unknown {
  if (typeof v === "string") return v.replace(loneSurrogate, "\ufffd");
  if (Array.isArray(v)) return v.map(wellFormed);
  return v;
}

// writePrefix fills the first dataPrefixBytes of frame with the head of a frame whose
// payload is the rest of it.
export function writePrefix(frame: Uint8Array, type: PayloadType, id: number): void {
  const n = frame.length - dataPrefixBytes;
  frame[0] = 0x93;
  frame[1] = type;
  frame[2] = 0xce;
  frame[3] = id >>> 24;
  frame[4] = id >>> 16;
  frame[5] = id >>> 8;
  frame[6] = id;
  frame[7] = 0xc6;
  frame[8] = n >>> 24;
  frame[9] = n >>> 16;
  frame[10] = n >>> 8;
  frame[11] = n;
}

// decode takes a message apart and hands its frames to each, in order.
// Anything outside the grammar throws WireError; frames before it have been handed over.
// If each returns false, the rest of the message is left alone.
export function decode(message: Uint8Array, each: (frame: Frame) => boolean | undefined): void {
  if (message.length > maxMessageBytes) throw new WireError("too large");
  if (message.length === 0) throw new WireError("malformed");
  let at = 0;
  while (at < message.length) {
    const type = message[at + 1];
    let frame: Frame;
    if (message[at] === 0x93 && (type === T.data || type === T.dgram || type === T.record)) {
      const end = payloadEnd(message, at);
      frame = [type, uintAt(message, at + 3, 4), message.subarray(at + dataPrefixBytes, end)];
      if (frame[1] === 0) throw new WireError("bad id");
      at = end;
    } else {
      const end = scan(message, at);
      if (end - at > maxControlBytes) throw new WireError("too large");
      frame = checked(msgpack.unpackr.unpack(message.subarray(at, end)));
      at = end;
    }
    if (each(frame) === false) return;
  }
}

function payloadEnd(b: Uint8Array, at: number): number {
  if (b[at + 2] !== 0xce || b[at + 7] !== 0xc6) throw new WireError("malformed");
  const length = uintAt(b, at + 8, 4);
  if (length > maxPayloadBytes) throw new WireError("too large");
  const end = at + dataPrefixBytes + length;
  if (end > b.length) throw new WireError("malformed");
  return end;
}

// checked narrows a decoded value to a frame: known type, as many fields as it has, each of its kind.
function checked(value: unknown): ControlFrame {
  if (!Array.isArray(value)) throw new WireError("malformed");
  const [type, ...fields] = value as unknown[];
  const shape = typeof type === "number" ? shapes[type] : undefined;
  if (shape === undefined) throw new WireError("unknown type");
  // Another version may have other fields; that it is another version is the better answer.
  if ((type === T.hello || type === T.welcome) && isUint(fields[0]) && fields[0] !== protocolVersion) {
    throw new WireError("version");
  }
  if (fields.length !== shape.length) throw new WireError("bad field");
  const frame: unknown[] = [type];
  for (let i = 0; i < shape.length; i++) frame.push(field(shape[i] as Field, fields[i]));
  return frame as unknown as ControlFrame;
}

function field(kind: Field, v: unknown): unknown {
  switch (kind) {
    case "uint":
      if (isUint(v)) return v;
      break;
    case "id":
    case "id0":
      if (!isUint(v)) break;
      if (v > maxID || (v === 0 && kind === "id")) throw new WireError("bad id");
      return v;
    case "bool":
      if (typeof v === "boolean") return v;
      break;
    case "text":
      if (typeof v === "string") return v;
      break;
    case "text?":
      if (v === null || typeof v === "string") return v;
      break;
    case "bytes?":
      if (v === null || v instanceof Uint8Array) return owned(v);
      break;
    case "list":
      if (Array.isArray(v)) return owned(v);
      break;
    case "list?":
      if (v === null || Array.isArray(v)) return owned(v);
      break;
    case "pieces":
    case "pieces?":
      if (v === null && kind === "pieces?") return v;
      if (Array.isArray(v) && typeof v[0] === "string") return owned(v);
      break;
  }
  throw new WireError("bad field");
}

// isUint reports whether v is an integer from 0 to 2^53 - 1.
export function isUint(v: unknown): v is number {
  return Number.isSafeInteger(v) && (v as number) >= 0;
}

// owned replaces every byte string in v, which is a view on the message (in Node: a Buffer), by a
// Uint8Array with memory of its own.
function owned(v: unknown): unknown {
  if (v instanceof Uint8Array) return new Uint8Array(v);
  if (Array.isArray(v)) return v.map(owned);
  return v;
}

const typeNames = new Map<number, string>(Object.entries(frameType).map(([name, number]) => [number, name]));

// describe is a frame in one line, for logs. It shows lengths, never payloads or arguments.
export function describe(frame: Frame): string {
  const [type, ...fields] = frame as readonly unknown[];
  const parts = fields.map((f) => {
    if (f instanceof Uint8Array) return `${f.length}B`;
    if (Array.isArray(f)) return `[${f.length}]`;
    return typeof f === "string" ? JSON.stringify(f.slice(0, 40)) : String(f);
  });
  return [typeNames.get(type as number) ?? String(type), ...parts].join(" ");
}
