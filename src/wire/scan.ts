// The scan runs over every frame before msgpackr sees it. It lets through the core types only, within
// limits of depth and items, and finds where the frame ends. msgpackr on its own would build regular
// expressions, errors, sets, circular lists and record types out of hostile bytes.

import { type FailureReason, WireError } from "./errors.js";

export const maxDepth = 4; // the frame itself is 1
export const maxItems = 64; // of one array

const maxSafeHigh = 0x1f_ffff; // the upper half of 2^53 - 1

function refuse(reason: FailureReason): never {
  throw new WireError(reason);
}

// scan checks the value that begins at position start and returns the position after it.
// A value that is cut short, out of the grammar or over a limit throws WireError "malformed".
export function scan(b: Uint8Array, start: number, depth = 1): number {
  const head = byteAt(b, start);
  let at = start + 1;
  if (head <= 0x7f || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) return at;
  if (head >= 0x90 && head <= 0x9f) return scanItems(b, at, head & 0x0f, depth);
  if (head >= 0xa0 && head <= 0xbf) return scanText(b, at, head & 0x1f);
  switch (head) {
    case 0xc4: // bin 8, 16, 32
      return skip(b, at + 1, uintAt(b, at, 1));
    case 0xc5:
      return skip(b, at + 2, uintAt(b, at, 2));
    case 0xc6:
      return skip(b, at + 4, uintAt(b, at, 4));
    case 0xcb: // float 64
      return skip(b, at, 8);
    case 0xcc: // uint 8 to 64
      return skip(b, at, 1);
    case 0xcd:
      return skip(b, at, 2);
    case 0xce:
      return skip(b, at, 4);
    case 0xcf:
      if (uintAt(b, at, 4) > maxSafeHigh) refuse("malformed");
      return skip(b, at, 8);
    case 0xd0: // int 8 to 64
      return skip(b, at, 1);
    case 0xd1:
      return skip(b, at, 2);
    case 0xd2:
      return skip(b, at, 4);
    case 0xd3: {
      const high = uintAt(b, at, 4);
      if (high > maxSafeHigh && high < 0xffff_ffff - maxSafeHigh) refuse("malformed");
      return skip(b, at, 8);
    }
    case 0xd9: // str 8, 16, 32
      return scanText(b, at + 1, uintAt(b, at, 1));
    case 0xda:
      return scanText(b, at + 2, uintAt(b, at, 2));
    case 0xdb:
      return scanText(b, at + 4, uintAt(b, at, 4));
    case 0xdc: // array 16, 32
      return scanItems(b, at + 2, uintAt(b, at, 2), depth);
    case 0xdd:
      at += 4;
      return scanItems(b, at, uintAt(b, at - 4, 4), depth);
    default:
      return refuse("malformed");
  }
}

function byteAt(b: Uint8Array, at: number): number {
  const v = b[at];
  return v === undefined ? refuse("malformed") : v;
}

// uintAt reads a big-endian number of size bytes.
export function uintAt(b: Uint8Array, at: number, size: number): number {
  if (at + size > b.length) refuse("malformed");
  let v = 0;
  for (let i = at; i < at + size; i++) v = v * 256 + (b[i] as number);
  return v;
}

function skip(b: Uint8Array, at: number, n: number): number {
  const end = at + n;
  return end <= b.length ? end : refuse("malformed");
}

function scanItems(b: Uint8Array, start: number, count: number, depth: number): number {
  if (depth > maxDepth || count > maxItems) refuse("malformed");
  let at = start;
  for (let i = 0; i < count; i++) at = scan(b, at, depth + 1);
  return at;
}

// scanText accepts well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing over U+10FFFF.
function scanText(b: Uint8Array, start: number, length: number): number {
  const end = skip(b, start, length);
  let at = start;
  while (at < end) {
    const c = b[at++] as number;
    if (c < 0x80) continue;
    let more: number;
    let low = 0x80;
    let high = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) more = 1;
    else if (c >= 0xe0 && c <= 0xef) {
      more = 2;
      if (c === 0xe0) low = 0xa0;
      if (c === 0xed) high = 0x9f;
    } else if (c >= 0xf0 && c <= 0xf4) {
      more = 3;
      if (c === 0xf0) low = 0x90;
      if (c === 0xf4) high = 0x8f;
    } else return refuse("malformed");
    if (at + more > end) refuse("malformed");
    const second = b[at++] as number;
    if (second < low || second > high) refuse("malformed");
    for (let i = 1; i < more; i++) {
      const next = b[at++] as number;
      if (next < 0x80 || next > 0xbf) refuse("malformed");
    }
  }
  return end;
}
