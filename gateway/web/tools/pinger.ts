// Echo requests at an interval over a raw socket, and the replies matched to them.

import type * as net from "gonet";
import { isLost } from "../parts/errors.js";
import { echoRequest, parseICMP, parseIPv4, protocolNumbers, type Version } from "../parts/icmp.js";

const maxSeq = 0xffff;
const readBytes = 64 * 1024;

// A socket that fails so often without a reply in between will not get better.
const maxFailuresInARow = 100;

/** Reply is what came back for one request. */
export interface Reply {
  readonly seq: number;
  readonly from: string;
  /** bytes is the length of the message. */
  readonly bytes: number;
  /** ttl is what was left of it; null for IPv6, whose sockets do not give the header. */
  readonly ttl: number | null;
  readonly ms: number;
  /** fate is what had become of the request before. */
  readonly fate: "waiting" | "lost" | "answered";
}

/** Ping is a run. */
export interface Ping {
  readonly conn: net.IPConn;
  readonly version: Version;
  /** count is how many requests are sent; 0 goes on until signal is aborted. */
  readonly count: number;
  readonly intervalMs: number;
  /** timeoutMs is how long a reply may take before the request counts as lost. */
  readonly timeoutMs: number;
  /** dataBytes is the length of the data of a request. */
  readonly dataBytes: number;
  readonly signal: AbortSignal;
  readonly onSent: (seq: number) => void;
  readonly onReply: (reply: Reply) => void;
  readonly onLost: (seq: number) => void;
  /** onError is told what Write and Read say; the run goes on. */
  readonly onError: (err: unknown) => void;
}

interface Request {
  readonly sentAt: number;
  readonly timer: ReturnType<typeof setTimeout>;
  fate: Reply["fate"];
}

/** ping sends and waits. It resolves when all were answered or lost, or signal was aborted; it closes the connection. */
export async function ping(run: Ping): Promise<void> {
  const pinger = new Pinger(run);
  const reading = pinger.read();
  try {
    await pinger.send();
  } finally {
    await run.conn.Close().catch(() => {}); // lost with its session: that was told already
    await reading;
  }
}

class Pinger {
  readonly #run: Ping;
  readonly #id = crypto.getRandomValues(new Uint16Array(1))[0] as number;
  // By sequence number on the wire, which begins again after 65535.
  readonly #requests = new Map<number, Request>();
  #isOver = false;
  #onChange: () => void = () => {};

  constructor(run: Ping) {
    this.#run = run;
    this.#isOver = run.signal.aborted;
    run.signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  async send(): Promise<void> {
    const { count, intervalMs } = this.#run;
    const start = performance.now();
    for (let i = 0; (count === 0 || i < count) && !this.#isOver; i++) {
      this.#sendOne((i + 1) & maxSeq);
      const isLast = count > 0 && i === count - 1;
      // By the clock, not from one to the next: a late one doesn't move those after it.
      await (isLast ? this.#settled() : this.#until(start + (i + 1) * intervalMs));
    }
    for (const { timer } of this.#requests.values()) {
      clearTimeout(timer);
    }
    this.#end();
  }

  #sendOne(seq: number): void {
    const { conn, version, dataBytes, timeoutMs, onSent, onLost, onError } = this.#run;
    clearTimeout(this.#requests.get(seq)?.timer);
    const request: Request = {
      sentAt: performance.now(),
      timer: setTimeout(() => this.#settle(request, "lost", () => onLost(seq)), timeoutMs),
      fate: "waiting",
    };
    this.#requests.set(seq, request);
    onSent(seq);
    conn.Write(echoRequest(version, { id: this.#id, seq }, dataBytes)).catch((err: unknown) => {
      if (!this.#isOver) {
        onError(err);
        this.#settle(request, "lost", () => onLost(seq));
        this.#endIfLost(err);
      }
    });
  }

  async read(): Promise<void> {
    const b = new Uint8Array(readBytes);
    for (let failures = 0; !this.#isOver && failures < maxFailuresInARow; ) {
      try {
        const n = await this.#run.conn.Read(b);
        failures = this.#received(b.subarray(0, n)) ? 0 : failures;
      } catch (err) {
        failures++;
        if (!this.#isOver) {
          this.#run.onError(err);
          this.#endIfLost(err);
        }
      }
    }
    this.#end();
  }

  // On loopback the socket hears the requests as well, and everywhere the replies to other programs of the machine.
  #received(packet: Uint8Array): boolean {
    const { version, conn, onReply } = this.#run;
    const ip =
      version === 4 ? parseIPv4(packet) : { ttl: null, protocol: protocolNumbers.icmpv6, payload: packet };
    const message = ip === null ? null : parseICMP(version, ip.payload);
    if (ip === null || message?.kind !== "echoReply" || message.id !== this.#id) {
      return false;
    }
    const { seq, length: bytes } = message;
    const request = this.#requests.get(seq);
    if (request === undefined) {
      return false;
    }
    const ms = performance.now() - request.sentAt;
    const from = conn.RemoteAddr()?.String() ?? "";
    const { fate } = request;
    this.#settle(request, "answered", () => {});
    onReply({ seq, from, bytes, ttl: ip.ttl, ms, fate });
    return true;
  }

  // settle changes what became of a request, once; a reply after that is late or a duplicate.
  #settle(request: Request, fate: "lost" | "answered", tell: () => void): void {
    clearTimeout(request.timer);
    if (request.fate === "waiting") {
      request.fate = fate;
      tell();
    } else if (fate === "answered") {
      request.fate = fate;
    }
    this.#onChange();
  }

  // settled resolves when no request waits any more.
  #settled(): Promise<void> {
    return this.#when(() => [...this.#requests.values()].every(({ fate }) => fate !== "waiting"));
  }

  #until(at: number): Promise<void> {
    // Timers may fire a little early by this clock: what counts is that it did.
    let isTime = false;
    const timer = setTimeout(
      () => {
        isTime = true;
        this.#onChange();
      },
      Math.max(0, at - performance.now()),
    );
    return this.#when(() => isTime).finally(() => clearTimeout(timer));
  }

  // when resolves when is() holds or the run is over.
  #when(is: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = () => {
        if (this.#isOver || is()) {
          this.#onChange = () => {};
          resolve();
        }
      };
      this.#onChange();
    });
  }

  #endIfLost(err: unknown): void {
    if (isLost(err)) {
      this.#end();
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#onChange();
  }
}
