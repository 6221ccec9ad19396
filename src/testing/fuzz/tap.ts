// Tap is a transport whose other side is the fuzzer: what it is given is delivered at once, what is sent is looked at. A
// side that is fuzzed sends nothing but legal frames, whatever it got.

import { decode, type Frame, firstNumbered, frameType as T } from "../../wire/frame.js";
import type { Receiver, Transport } from "../../wire/transport.js";
import { Fault, slowMs } from "./oracle.js";

const brokenLink = 1006;

/** Got is what a fuzzed side has sent, over all its links. */
export class Got {
  /** numbered counts its numbered frames. */
  numbered = 0;
  pongs = 0;
  lastToken = -1;
  welcome: Extract<Frame, readonly [2, ...unknown[]]> | null = null;
  resumeKey: Uint8Array | null = null;
  hello: Extract<Frame, readonly [1, ...unknown[]]> | null = null;
  readonly types = new Map<number, number>();

  take(frame: Frame): void {
    const [type] = frame;
    this.types.set(type, (this.types.get(type) ?? 0) + 1);
    if (type >= firstNumbered) this.numbered++;
    else if (type === T.pong) {
      this.pongs++;
      this.lastToken = frame[1];
    } else if (type === T.welcome) {
      this.welcome = frame;
      this.resumeKey = frame[4] ?? this.resumeKey; // it comes once
    } else if (type === T.hello) this.hello = frame;
  }
}

export class Tap implements Transport {
  receiver: Receiver | null = null;
  /** closed is how the fuzzed side ended the link. */
  closed: { code: number; reason: string } | null = null;
  /** slowestMs is the time that our code took for the slowest message. */
  slowestMs = 0;
  readonly #got: Got;

  constructor(got: Got) {
    this.#got = got;
  }

  get isOpen(): boolean {
    return this.closed === null && this.receiver !== null;
  }

  deliver(message: Uint8Array): void {
    // What counts is our own code: neither the kernel's time nor that of whoever else has the processor.
    const start = process.cpuUsage();
    this.receiver?.onMessage(new Uint8Array(message));
    const ms = process.cpuUsage(start).user / 1000;
    if (ms > this.slowestMs) this.slowestMs = ms;
  }

  get isSlow(): boolean {
    return this.slowestMs > slowMs;
  }

  cut(): void {
    const { receiver } = this;
    this.receiver = null;
    this.closed ??= { code: brokenLink, reason: "cut" };
    receiver?.onClose(brokenLink, "cut");
  }

  send(message: Uint8Array): void {
    if (this.closed !== null) return;
    try {
      decode(message, (frame) => {
        this.#got.take(frame);
        return true;
      });
    } catch (err) {
      throw new Fault(
        `it sends what is not legal: ${Buffer.from(message.subarray(0, 64)).toString("hex")}`,
        err,
      );
    }
  }

  bufferedBytes(): number {
    return 0;
  }

  cork(): void {}

  uncork(): void {}

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
    this.receiver = null;
  }

  terminate(): void {
    this.close(brokenLink, "terminated");
  }
}
