// A WebSocket client that writes the bytes of each frame itself (RFC 6455, 5.2), so that it can write wrong ones.

import { once } from "node:events";
import type { Socket } from "node:net";
import { handshake, opened } from "./rawclient.js";

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const mediumBytes = 126;
const longBytes = 65_536;

export interface RawFrame {
  opcode: number;
  payload?: Uint8Array;
  /** isLast is the FIN bit. */
  isLast?: boolean;
  /** reserved are the three RSV bits. */
  reserved?: number;
  isMasked?: boolean;
  /** announced is the length that the frame says it has, if that is a lie. */
  announced?: number;
}

// rawFrame writes a frame; its mask is zero, which leaves the payload as it is.
export function rawFrame(frame: RawFrame): Uint8Array {
  const { payload = new Uint8Array(), isLast = true, reserved = 0, isMasked = true } = frame;
  const length = frame.announced ?? payload.length;
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | frame.opcode;
  const mask = isMasked ? 0x80 : 0;
  const size =
    length < mediumBytes
      ? [mask | length]
      : length < longBytes
        ? [mask | 126, length >> 8, length & 0xff]
        : [
            mask | 127,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >>> 16) & 0xff,
            (length >>> 8) & 0xff,
            length & 0xff,
          ];
  return Buffer.concat([Uint8Array.from([first, ...size, ...(isMasked ? [0, 0, 0, 0] : [])]), payload]);
}

// RawWebSocket is an opened one.
export class RawWebSocket {
  readonly socket: Socket;
  #got = Buffer.alloc(0);
  readonly #ended: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#ended = once(socket, "close");
    socket.on("data", (chunk) => {
      this.#got = Buffer.concat([this.#got, chunk]);
    });
  }

  // open shakes hands with the gateway at url.
  static async open(url: string, token: string): Promise<RawWebSocket> {
    const { host, port } = new URL(url);
    const raw = new RawWebSocket(await opened(Number(port), handshake({ host, token })));
    while (!raw.#got.includes("\r\n\r\n")) await once(raw.socket, "data");
    const end = raw.#got.indexOf("\r\n\r\n");
    if (!raw.#got.toString("latin1", 0, end).startsWith("HTTP/1.1 101 ")) throw new Error("no 101");
    raw.#got = raw.#got.subarray(end + 4);
    return raw;
  }

  write(...frames: readonly (RawFrame | Uint8Array)[]): void {
    if (this.socket.destroyed) return;
    this.socket.write(Buffer.concat(frames.map((f) => (f instanceof Uint8Array ? f : rawFrame(f)))));
  }

  // messages are the whole frames that came so far. A server neither masks nor, here, splits them.
  messages(): { opcode: number; payload: Buffer }[] {
    const found: { opcode: number; payload: Buffer }[] = [];
    const b = this.#got;
    for (let at = 0; at + 2 <= b.length; ) {
      let length = (b[at + 1] as number) & 0x7f;
      let head = 2;
      if (length === 126) {
        length = b.readUInt16BE(at + 2);
        head = 4;
      } else if (length === 127) {
        length = Number(b.readBigUInt64BE(at + 2));
        head = 10;
      }
      if (at + head + length > b.length) break;
      found.push({ opcode: (b[at] as number) & 0x0f, payload: b.subarray(at + head, at + head + length) });
      at += head + length;
    }
    return found;
  }

  // next waits for a message that is a given one.
  async until(isWanted: (payload: Buffer) => boolean): Promise<void> {
    while (!this.messages().some((m) => m.opcode === opcode.binary && isWanted(m.payload))) {
      await Promise.race([once(this.socket, "data"), this.#ended]);
      if (this.socket.destroyed) throw new Error("it was closed");
    }
  }

  // end waits for the end and gives the code of the close frame, null if there was none.
  async end(): Promise<number | null> {
    // Whoever was told to go answers, or the other side waits for that.
    const answer = () => {
      if (this.#closeFrame() !== undefined) this.socket.end();
    };
    this.socket.on("data", answer);
    answer();
    await this.#ended;
    const close = this.#closeFrame();
    return close === undefined || close.length < 2 ? null : close.readUInt16BE(0);
  }

  #closeFrame(): Buffer | undefined {
    return this.messages().find((m) => m.opcode === opcode.close)?.payload;
  }
}
