// Messages that no honest gateway sends: each ends a client's session with a protocol error, and does nothing else.

import { frameType as T } from "../wire/frame.js";
import { frameBytes } from "./rawpeer.js";
import { hex } from "./wireframes.js";

const deep = (n: number): Uint8Array => new Uint8Array(n).fill(0x91);

export const hostileMessages: readonly (readonly [name: string, message: Uint8Array])[] = [
  ["W01, an empty message", hex("")],
  ["W02, an array of 2^32 - 1", hex("ddffffffff")],
  ["W02, bytes of 2^32 - 1", hex("9304c6ffffffff00")],
  ["W03, 10,000 arrays in arrays", deep(10_000)],
  ["W03, a million", deep(1_000_000)],
  ["W04, an extension", hex("9204d47241")],
  ["W05, a map with __proto__", hex("920481a95f5f70726f746f5f5f90")],
  ["W06, 0xc1", hex("9204c1")],
  ["W07, a byte left over", hex("92040100")],
  ["W07, a frame cut short", hex("9204019204")],
  ["W08, a payload one byte too long", frameBytes([T.data, 1, new Uint8Array(262_145)])],
  ["W09, an id of 0", hex("921500")],
  ["W11, text that is not UTF-8", hex("9307cd1130a2c080")],
];
