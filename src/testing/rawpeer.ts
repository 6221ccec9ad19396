// RawLine speaks frames by hand over a link, for tests of what an honest peer would not do. It keeps no rules: it sends
// what it is told, and lists what it got. RawPeer has a Session at the other end.

import { setImmediate as turn } from "node:timers/promises";
import {
  type ControlFrame,
  dataPrefixBytes,
  decode,
  encode,
  type Frame,
  frameType,
  type PayloadFrame,
  protocolVersion,
  writePrefix,
} from "../wire/frame.js";
import { type Pair, pair } from "../wire/pair.js";
import { Session, type SessionOptions } from "../wire/session.js";
import type { Receiver, Transport } from "../wire/transport.js";

type FrameOf<T extends Frame[0]> = T extends PayloadFrame[0]
  ? PayloadFrame
  : Extract<Frame, readonly [T, ...unknown[]]>;

const quietTurns = 20; // of the event loop; a message and its answer take two

export class RawLine implements Receiver {
  readonly link: Pair;
  // got lists every frame of the session, in order; messages counts what they came in.
  readonly got: Frame[] = [];
  messages = 0;
  // autoAck acknowledges every numbered frame at once.
  autoAck = false;
  numbered = 0;
  // closed is how the link ended.
  closed: { code: number; reason: string } | null = null;
  readonly #to: Transport;
  #taken = 0;
  #waiting: (() => void)[] = [];

  // The raw line has side b of a link, side a is for whoever is tested; or it speaks over a transport to somewhere else.
  constructor(link: Pair = pair({ defer: setImmediate }), to: Transport = link.b) {
    this.link = link;
    this.#to = to;
    to.receiver = this;
  }

  // bytes is the message of frames. A payload frame is given as [type, id, payload].
  static bytes(...frames: Frame[]): Uint8Array {
    return new Uint8Array(Buffer.concat(frames.map(frameBytes)));
  }

  // send puts frames into one message.
  send(...frames: Frame[]): void {
    this.sendBytes(RawLine.bytes(...frames));
  }

  sendBytes(message: Uint8Array): void {
    this.#to.send(new Uint8Array(message));
  }

  // next waits for the next frame of type; frames of other types before it are passed over.
  async next<T extends Frame[0]>(type: T): Promise<FrameOf<T>> {
    for (;;) {
      for (let i = this.#taken; i < this.got.length; i++) {
        const frame = this.got[i] as Frame;
        if (frame[0] !== type) continue;
        this.#taken = i + 1;
        return frame as FrameOf<T>;
      }
      this.#taken = this.got.length;
      if (this.closed !== null)
        throw new Error(`link ended while waiting for ${type}: ${JSON.stringify(this.closed)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  // end waits for the end of the session and gives its last words and how the link was closed.
  async end(): Promise<{ code: number; reason: string }> {
    while (this.closed === null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.closed;
  }

  // quiet waits until everything under way has arrived: to show that nothing happens.
  async quiet(): Promise<void> {
    await turns(quietTurns);
  }

  // all gives the frames of type that came so far.
  all<T extends Frame[0]>(type: T): FrameOf<T>[] {
    return this.got.filter((frame) => frame[0] === type) as FrameOf<T>[];
  }

  onMessage(message: Uint8Array): void {
    this.messages++;
    decode(message, (frame) => {
      this.got.push(frame);
      if (frame[0] >= frameType.open) this.numbered++;
      return true;
    });
    if (this.autoAck && this.numbered > 0) this.send([frameType.ack, this.numbered]);
    this.#wake();
  }

  onDrain(): void {}

  onClose(code: number, reason: string): void {
    this.closed = { code, reason };
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

export class RawPeer extends RawLine {
  readonly session: Session;

  // A client's HELLO is on its way then.
  constructor(options: SessionOptions) {
    super();
    this.session = new Session(options);
    this.session.attach(this.link.a);
  }

  // shakeHands does the part of the other side of the session.
  async shakeHands(limits: readonly (readonly [string, number])[] = []): Promise<void> {
    if (this.session.role === "gateway") {
      this.send(hello);
      await this.next(frameType.welcome);
    } else {
      await this.next(frameType.hello);
      this.send([frameType.welcome, protocolVersion, [], "s", null, 1, 0, 0, limits, "g"]);
      await turns(2);
    }
  }
}

export const hello: ControlFrame = [frameType.hello, protocolVersion, [], null, null, 1, 0, "raw"];

export function frameBytes(frame: Frame): Uint8Array {
  const [type, id, payload] = frame;
  const isPayload = type === frameType.data || type === frameType.dgram || type === frameType.record;
  if (!isPayload || !(payload instanceof Uint8Array)) return encode(frame as ControlFrame);
  const bytes = new Uint8Array(dataPrefixBytes + payload.length);
  bytes.set(payload, dataPrefixBytes);
  writePrefix(bytes, type, id);
  return bytes;
}

export async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await turn();
}
