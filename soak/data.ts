// The bytes that move: the same for the same seed at both ends, without keeping them.

import { createHash } from "node:crypto";
import { noise } from "../src/testing/checking.js";

const blockBytes = 1 << 20;
const pieceBytes = 64 * 1024;
const block = noise(blockBytes);

/** pieces gives so many bytes in pieces; where they begin in the block, and how long each piece is, comes from the seed. */
export function* pieces(seed: number, bytes: number): Generator<Uint8Array> {
  let at = seed % blockBytes;
  for (let left = bytes; left > 0; ) {
    const n = Math.min(left, pieceBytes - (seed % 1024), blockBytes - at);
    yield block.subarray(at, at + n);
    left -= n;
    at = (at + n) % blockBytes;
  }
}

/** bytesOf gives them in one. */
export function bytesOf(seed: number, bytes: number): Uint8Array {
  return Buffer.concat([...pieces(seed, bytes)]);
}

/** hashOf is the SHA-256 of them. */
export function hashOf(seed: number, bytes: number): string {
  const hash = createHash("sha256");
  for (const piece of pieces(seed, bytes)) hash.update(piece);
  return hash.digest("hex");
}
