// A TCP proxy that writes down everything that passes, to show what somebody in between gets to see.

import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/** Tapped is one connection through the tap: what went to the target, and what came back. */
export interface Tapped {
  readonly there: Buffer[];
  readonly back: Buffer[];
}

/** Tap is the proxy. */
export interface Tap {
  readonly port: number;
  readonly tapped: readonly Tapped[];
  close(): Promise<void>;
}

/** startTap listens on a free port of 127.0.0.1 and passes everything on to the one that target gives. */
export async function startTap(target: () => number): Promise<Tap> {
  const tapped: Tapped[] = [];
  const server = createServer((near) => {
    const far = connect(target(), "127.0.0.1");
    const record: Tapped = { there: [], back: [] };
    tapped.push(record);
    near.on("data", (data) => record.there.push(data));
    far.on("data", (data) => record.back.push(data));
    near.pipe(far);
    far.pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    tapped,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const [extended, masked, lengthBits, extended16, extended64] = [2, 0x80, 0x7f, 126, 127];
const maskBytes = 4;

/**
 * webSocketPayloads are the payloads of the frames in what one side of a WebSocket sent, unmasked, without the HTTP before them
 * (RFC 6455, section 5.2). A frame that was cut off is given as far as it is there.
 */
export function webSocketPayloads(sent: Buffer): Buffer {
  const payloads: Buffer[] = [];
  const http = sent.indexOf("\r\n\r\n");
  for (let at = http + "\r\n\r\n".length; at + extended <= sent.length; ) {
    const second = sent[at + 1]!;
    let length = second & lengthBits;
    at += extended;
    if (length === extended16) {
      if (at + 2 > sent.length) break;
      length = sent.readUInt16BE(at);
      at += 2;
    } else if (length === extended64) {
      if (at + 8 > sent.length) break;
      length = Number(sent.readBigUInt64BE(at));
      at += 8;
    }
    const isMasked = (second & masked) !== 0;
    const mask = isMasked ? sent.subarray(at, at + maskBytes) : Buffer.alloc(maskBytes);
    at += isMasked ? maskBytes : 0;
    const payload = Buffer.from(sent.subarray(at, at + length));
    for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i % maskBytes]!;
    payloads.push(payload);
    at += length;
  }
  return Buffer.concat(payloads);
}
