// What a scenario is, and what it writes its transcript with.

import type { Net } from "../../src/gateway.js";
import type { Addr } from "../../src/net.js";
import type { io, TCPConn, TCPListener } from "../../src/node.js";
import type { Chaos } from "../../src/testing/chaos.js";
import { Format, failure, quote, settled } from "./format.js";

/** Scenario does its steps and writes what it sees. */
export type Scenario = (t: Transcript) => Promise<void>;

// Ports that the kernel gives out where scenarios run (see netns-run.sh).
const firstEphemeral = 40_000;
const lastEphemeral = 49_999;

/** past is a deadline that is long over. */
export const past = 1000;

/** inMs is the time ms from now. */
export function inMs(ms: number): number {
  return Date.now() + ms;
}

/** pass waits. Scenarios wait only where they show that nothing happens, or that it happens by itself. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** within is what work gives, or otherwise after ms. */
export async function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** utf8 is the bytes of s. */
export function utf8(s: string): Uint8Array {
  return new TextEncoder().encode(s);
}

/** sha256 is the digest of b in hexadecimal. */
export async function sha256(b: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", b as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** BadNetwork is a client of the same gateway, and what it goes through, which can break. */
export interface BadNetwork {
  readonly net: Net;
  readonly chaos: Chaos;
}

/** Transcript collects the lines of one scenario and closes what it opened. */
export class Transcript {
  readonly net: Net;
  /** badNetwork makes one. */
  readonly badNetwork: () => Promise<BadNetwork>;
  readonly lines: string[] = [];
  readonly #format: Format;
  readonly #hidden: [text: string, name: string][] = [];
  readonly #ports = new Map<number, string>();
  readonly #closing: (() => Promise<unknown>)[] = [];

  constructor(net: Net, badNetwork: () => Promise<BadNetwork>) {
    this.net = net;
    this.badNetwork = badNetwork;
    this.#format = new Format(net);
  }

  /** hide has name stand for text in all later lines. */
  hide(text: string, name: string): void {
    this.#hidden.push([text, name]);
  }

  /** quoted writes a string, or the text of bytes, in quotes. */
  quoted(s: string | Uint8Array): string {
    return quote(s);
  }

  /** addressBrief writes the kind and the text of an address. */
  addressBrief(a: Addr): string {
    return this.#format.address(a).replace(/^(\w+) \S+ ("[^"]*").*/, "$1 $2");
  }

  /** fullAddress writes an address, or nil. */
  fullAddress(a: Addr | null): string {
    return this.#format.address(a);
  }

  /** line adds a line; ports in it get their names. */
  line(s: string): void {
    const shown = this.#hidden.reduce((line, [text, name]) => line.replaceAll(text, name), s);
    this.lines.push(
      shown.replace(/:(\d+)\b/g, (all, digits: string) => {
        const port = Number(digits);
        const isEphemeral = port >= firstEphemeral && port <= lastEphemeral;
        const name = this.#ports.get(port) ?? (isEphemeral ? "eph" : undefined);
        return name === undefined ? all : `:<${name}>`;
      }),
    );
  }

  /** named gives the port of a its name in all later lines. */
  named(name: string, a: Addr): void {
    this.#ports.set(Number(a.String().replace(/.*:/, "")), name);
  }

  /** text writes an error in the form of a line. */
  text(err: unknown): string {
    return this.#format.error(err);
  }

  /** error does act and logs what it fails with, or ok. */
  async error(label: string, act: () => unknown): Promise<void> {
    this.line(`${label}: ${this.text(await failure(act))}`);
  }

  /** anyError is error without the types: Go itself comes to the same text in two ways. */
  async anyError(label: string, act: () => unknown): Promise<void> {
    const err = await failure(act);
    this.line(`${label}: ${err === null ? "ok" : `ERR * | ${this.#format.anyChain(err)}`}`);
  }

  /** read reads once with a buffer of size bytes and logs. */
  async read(label: string, c: io.Reader, size: number): Promise<void> {
    const b = new Uint8Array(size);
    const { n, err } = await settled(c.Read(b));
    this.line(`${label}: n=${n} data=${quote(b.subarray(0, n))}${this.#suffix(err)}`);
  }

  /** readAll reads to the end and logs. */
  async readAll(label: string, c: io.Reader): Promise<void> {
    const b = await this.net.io.ReadAll(c);
    this.line(`${label}: n=${b.length} data=${quote(b)}`);
  }

  /** write writes and logs. */
  async write(label: string, c: io.Writer, b: Uint8Array | string): Promise<void> {
    await this.count(label, c.Write(typeof b === "string" ? utf8(b) : b));
  }

  /** count logs the result of a call that gives a count. */
  async count(label: string, call: Promise<number>): Promise<void> {
    const { n, err } = await settled(call);
    this.line(`${label}: n=${n}${this.#suffix(err)}`);
  }

  /** countOrOk is count, with "ok" where there is no error. */
  async countOrOk(call: Promise<number>): Promise<string> {
    const { n, err } = await settled(call);
    return `n=${n} ${this.text(err)}`;
  }

  #suffix(err: unknown): string {
    return err === null ? "" : ` ${this.text(err)}`;
  }

  /** address logs an address. */
  address(label: string, a: Addr | null): void {
    this.line(`${label}: ${this.#format.address(a)}`);
  }

  /** since logs that the time from began on lies in [min, max) ms. */
  since(label: string, began: number, min: number, max: number): void {
    const ms = performance.now() - began;
    const fits = ms >= min && ms < max;
    this.line(`${label}: elapsed ${fits ? `in [${min},${max}) ms` : `OUT OF RANGE ${Math.round(ms)} ms`}`);
  }

  /** awaited logs the text that call gives within ms. */
  async awaited(label: string, ms: number, call: Promise<string>): Promise<void> {
    this.line(`${label}: ${await within(ms, call, `STILL BLOCKED after ${ms} ms`)}`);
  }

  /** later closes c when the scenario is over, if it is still open. */
  later<C extends { Close(): Promise<void> }>(c: C): C {
    this.#closing.push(() => failure(() => c.Close()));
    return c;
  }

  /** end closes what is still open. */
  async end(): Promise<void> {
    for (const close of this.#closing.reverse()) {
      await close();
    }
  }

  /** listen listens on a free port of loopback, which gets that name. */
  async listen(name: string): Promise<TCPListener> {
    const l = this.later(await this.net.Listen("tcp", "127.0.0.1:0"));
    this.named(name, l.Addr());
    return l;
  }

  /** pair is a connection on loopback: the client's end and the server's. The ports are cli and srv. */
  async pair(): Promise<[client: TCPConn, server: TCPConn]> {
    const l = await this.listen("srv");
    const [client, server] = await Promise.all([this.net.Dial("tcp", l.Addr().String()), l.AcceptTCP()]);
    this.named("cli", client.LocalAddr());
    await l.Close();
    return [this.later(client), this.later(server)];
  }

  /** dead is an address of loopback where nothing listens. */
  async dead(name: string): Promise<string> {
    const l = await this.net.Listen("tcp", "127.0.0.1:0");
    this.named(name, l.Addr());
    await l.Close();
    return l.Addr().String();
  }
}
