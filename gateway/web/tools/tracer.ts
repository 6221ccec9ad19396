// Probes that may go over one hop, two hops, and so on; each router on the way tells of the one that ended at it.

import * as net from "gonet";
import { isLost } from "../parts/errors.js";
import { hopLimit } from "../parts/hoplimit.js";
import {
  type ErrorMessage,
  echoRequest,
  errorMessageText,
  isPortUnreachable,
  parseICMP,
} from "../parts/icmp.js";
import type { RawTarget } from "./rawip.js";

const readBytes = 64 * 1024;
const dataBytes = 32;

// The first of the ports that nobody uses, by the custom of traceroute(8).
const firstPort = 33_434;

// A socket that fails so often will not get better.
const maxFailures = 100;

/** methods are what probes are: echo requests, or datagrams to ports that nobody has. */
export const methods = ["ICMP", "UDP"] as const;

/** Method is one of them. */
export type Method = (typeof methods)[number];

/** Outcome is what came of a probe. */
export interface Outcome {
  readonly hop: number;
  /** n is which of the probes of the hop it is, from 0. */
  readonly n: number;
  /** from is who answered; null if nobody did in time. */
  readonly from: string | null;
  readonly ms: number;
  /** isEnd says that no further hop will be heard of. */
  readonly isEnd: boolean;
  /** said is what was said if it is not what is expected: "host unreachable". */
  readonly said: string;
}

/** Trace is a run. */
export interface Trace {
  readonly target: RawTarget;
  readonly method: Method;
  readonly maxHops: number;
  /** probes is how many there are for each hop. */
  readonly probes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** onHop is called before the probes of a hop are sent, onOutcome for each of them. */
  readonly onHop: (hop: number) => void;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** TraceEnd is how a trace ended: "reached", at something "unreachable", at the last hop that was allowed, or "stopped". */
export type TraceEnd = "reached" | "unreachable" | "far" | "stopped";

/** trace sends the probes of one hop after those of another, until the target has answered. */
export async function trace(run: Trace): Promise<TraceEnd> {
  const { target, method, signal } = run;
  const heard = (await net.ListenPacket(target.network, anyAddress(target), signal)) as net.IPConn;
  try {
    const prober = method === "ICMP" ? new EchoProber(target, heard) : await UDPProber.open(target, signal);
    try {
      return await new Tracer(run, heard, prober).go();
    } finally {
      await prober.close();
    }
  } finally {
    await heard.Close().catch(() => {}); // lost with its session: that was told already
  }
}

function anyAddress({ version }: RawTarget): string {
  return version === 4 ? "0.0.0.0" : "::";
}

// Prober sends probes by number and knows which one a message is about.
interface Prober {
  send(number: number, hops: number): Promise<unknown>;
  /** numberOf is the number of the probe that a message of ICMP answers, or -1. */
  numberOf(message: NonNullable<ReturnType<typeof parseICMP>>): number;
  close(): Promise<void>;
}

class EchoProber implements Prober {
  readonly #target: RawTarget;
  readonly #conn: net.IPConn;
  readonly #id = crypto.getRandomValues(new Uint16Array(1))[0] as number;

  constructor(target: RawTarget, conn: net.IPConn) {
    this.#target = target;
    this.#conn = conn;
  }

  send(seq: number, hops: number): Promise<unknown> {
    const { version, addr } = this.#target;
    const request = echoRequest(version, { id: this.#id, seq }, dataBytes);
    return this.#conn.WriteMsgIP(request, hopLimit(version, hops), addr);
  }

  numberOf(message: NonNullable<ReturnType<typeof parseICMP>>): number {
    const echo = message.kind === "echoReply" ? message : message.quoted;
    return echo.kind !== "udp" && echo.id === this.#id ? echo.seq : -1;
  }

  async close(): Promise<void> {}
}

class UDPProber implements Prober {
  readonly #target: RawTarget;
  readonly #conn: net.UDPConn;

  private constructor(target: RawTarget, conn: net.UDPConn) {
    this.#target = target;
    this.#conn = conn;
  }

  static async open(target: RawTarget, signal: AbortSignal): Promise<UDPProber> {
    return new UDPProber(target, await net.ListenUDP(target.version === 4 ? "udp4" : "udp6", null, signal));
  }

  send(number: number, hops: number): Promise<unknown> {
    const { version, addr } = this.#target;
    const to = new net.UDPAddr({ IP: addr.IP, Port: firstPort + number, Zone: addr.Zone });
    return this.#conn.WriteMsgUDP(new Uint8Array(dataBytes), hopLimit(version, hops), to);
  }

  numberOf(message: NonNullable<ReturnType<typeof parseICMP>>): number {
    const own = this.#conn.LocalAddr() as net.UDPAddr;
    return message.kind !== "echoReply" &&
      message.quoted.kind === "udp" &&
      message.quoted.sourcePort === own.Port
      ? message.quoted.port - firstPort
      : -1;
  }

  async close(): Promise<void> {
    await this.#conn.Close().catch(() => {}); // lost with its session: that was told already
  }
}

interface Waiting {
  readonly hop: number;
  readonly n: number;
  readonly sentAt: number;
}

class Tracer {
  readonly #run: Trace;
  readonly #conn: net.IPConn;
  readonly #prober: Prober;
  readonly #waiting = new Map<number, Waiting>();
  #end: TraceEnd | null = null;
  #failure: unknown = null;
  #wake: () => void = () => {};

  constructor(run: Trace, conn: net.IPConn, prober: Prober) {
    this.#run = run;
    this.#conn = conn;
    this.#prober = prober;
  }

  async go(): Promise<TraceEnd> {
    const { maxHops, signal, onHop } = this.#run;
    const stop = (): void => this.#over("stopped");
    signal.addEventListener("abort", stop, { once: true });
    const reading = new AbortController();
    const read = this.#read(reading.signal);
    try {
      for (let hop = 1; hop <= maxHops && this.#end === null && !signal.aborted; hop++) {
        onHop(hop);
        await this.#probe(hop);
      }
    } finally {
      signal.removeEventListener("abort", stop);
      reading.abort();
      await read;
    }
    if (this.#failure !== null) {
      throw this.#failure;
    }
    return this.#end ?? (signal.aborted ? "stopped" : "far");
  }

  // probe sends all probes of a hop and waits until each has its answer, or time is up.
  async #probe(hop: number): Promise<void> {
    const { probes, timeoutMs, onOutcome } = this.#run;
    for (let n = 0; n < probes; n++) {
      const number = (hop - 1) * probes + n;
      this.#waiting.set(number, { hop, n, sentAt: performance.now() });
      this.#prober.send(number, hop).catch((err: unknown) => this.#fail(err));
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        if (this.#waiting.size === 0 || this.#failure !== null || this.#end === "stopped") {
          clearTimeout(timer);
          resolve();
        }
      };
      this.#wake();
    });
    if (this.#end === "stopped" || this.#failure !== null) {
      return;
    }
    for (const { n, sentAt } of this.#waiting.values()) {
      onOutcome({ hop, n, from: null, ms: performance.now() - sentAt, isEnd: false, said: "" });
    }
    this.#waiting.clear();
  }

  async #read(signal: AbortSignal): Promise<void> {
    const b = new Uint8Array(readBytes);
    for (let failures = 0; !signal.aborted && failures < maxFailures; ) {
      try {
        const [n, from] = await this.#conn.ReadFromIP(b, signal);
        this.#received(b.subarray(0, n), from?.String() ?? "");
      } catch (err) {
        failures++;
        if (!signal.aborted && (isLost(err) || failures === maxFailures)) {
          this.#fail(err);
          return;
        }
      }
    }
  }

  #received(b: Uint8Array, from: string): void {
    const { version } = this.#run.target;
    const message = parseICMP(version, b);
    const number = message === null ? -1 : this.#prober.numberOf(message);
    const waiting = this.#waiting.get(number);
    if (message === null || waiting === undefined) {
      return; // about somebody else's packet, or too late
    }
    this.#waiting.delete(number);
    const isThere = message.kind === "echoReply" || isPortUnreachable(version, message);
    const isEnd = isThere || message.kind === "unreachable";
    const { hop, n, sentAt } = waiting;
    const said = isEnd && !isThere ? errorMessageText(version, message as ErrorMessage) : "";
    this.#run.onOutcome({ hop, n, from, ms: performance.now() - sentAt, isEnd, said });
    if (isEnd && this.#end !== "reached") {
      this.#end = isThere ? "reached" : "unreachable";
    }
    this.#wake();
  }

  #over(end: TraceEnd): void {
    this.#end = end;
    this.#wake();
  }

  #fail(err: unknown): void {
    this.#failure ??= err;
    this.#wake();
  }
}
