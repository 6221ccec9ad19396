// The lines about packets, and about what was opened, in the form of ../oracle.

import type { Addr, Conn, PacketConn } from "../../src/net.js";
import type { UDPAddr, UDPConn } from "../../src/node.js";
import { failure, settled } from "./format.js";
import type { Transcript } from "./scenario.js";

const shortestElided = 65;

/** dataOf writes bytes, or how many there are. */
export function dataOf(t: Transcript, b: Uint8Array): string {
  return b.length >= shortestElided ? `(${b.length} bytes)` : t.quoted(b);
}

/** suffix is an error behind a line. */
export function suffix(t: Transcript, err: unknown): string {
  return err === null ? "" : ` ${t.text(err)}`;
}

/** reads reads one packet, logs it, and gives the sender. */
export async function reads(t: Transcript, label: string, c: PacketConn, size: number): Promise<Addr | null> {
  const b = new Uint8Array(size);
  let from: Addr | null = null;
  const call = c.ReadFrom(b).then(([n, addr]) => {
    from = addr;
    return n;
  });
  const { n, err } = await settled(call);
  t.line(`${label}: n=${n} addr=${t.fullAddress(from)} data=${dataOf(t, b.subarray(0, n))}${suffix(t, err)}`);
  return from;
}

/** writes sends one packet and logs. */
export async function writes(
  t: Transcript,
  label: string,
  c: PacketConn,
  b: Uint8Array,
  to: Addr,
): Promise<void> {
  await t.count(label, c.WriteTo(b, to));
}

/** Received is what a ReadMsg method gives. */
export type Received = readonly [n: number, oobn: number, flags: number, addr: Addr | null];

/** received logs a message that comes into b. */
export async function received(
  t: Transcript,
  label: string,
  b: Uint8Array,
  call: Promise<Received>,
): Promise<Received | null> {
  let got: Received | null = null;
  const err = await failure(async () => {
    got = await call;
  });
  if (err !== null) {
    t.line(`${label}: ${t.text(err)}`);
    return null;
  }
  const [n, oobn, flags, from] = got as unknown as Received;
  const what = `n=${n} oobn=${oobn} flags=0x${flags.toString(16)} addr=${t.fullAddress(from)}`;
  t.line(`${label}: ${what} data=${dataOf(t, b.subarray(0, n))}`);
  return got;
}

/** sent logs a message that is sent. */
export async function sent(
  t: Transcript,
  label: string,
  call: Promise<[n: number, oobn: number]>,
): Promise<void> {
  let counts: readonly number[] = [];
  const err = await failure(async () => {
    counts = await call;
  });
  t.line(`${label}: ${err === null ? `n=${counts[0]} oobn=${counts[1]}` : t.text(err)}`);
}

/** receivesUDP is ReadMsgUDP with buffers of these sizes. */
export async function receivesUDP(
  t: Transcript,
  label: string,
  c: UDPConn,
  size: number,
  oobSize: number,
): Promise<void> {
  const b = new Uint8Array(size);
  await received(t, label, b, c.ReadMsgUDP(b, new Uint8Array(oobSize)));
}

/** sendsUDP is WriteMsgUDP. */
export async function sendsUDP(
  t: Transcript,
  label: string,
  c: UDPConn,
  b: Uint8Array,
  oob: Uint8Array | null,
  to: UDPAddr | null,
): Promise<void> {
  await sent(t, label, c.WriteMsgUDP(b, oob, to));
}

/** Open is what opened logs: with both addresses if it has them. */
type Open = Pick<Conn, "LocalAddr" | "Close"> & Partial<Pick<Conn, "RemoteAddr">>;

/** opened logs what make fails with, or the addresses of what it makes, which it gives. */
export async function opened<C extends Open>(
  t: Transcript,
  label: string,
  make: () => Promise<C>,
  made: (c: C) => void = () => {},
): Promise<C | null> {
  let c: C | null = null;
  const err = await failure(async () => {
    c = t.later(await make());
  });
  if (err !== null) {
    t.line(`${label}: ${t.text(err)}`);
    return null;
  }
  const open = c as unknown as C;
  made(open);
  const remote = t.fullAddress(open.RemoteAddr?.() ?? null);
  t.line(`${label}: local ${t.fullAddress(open.LocalAddr())} remote ${remote}`);
  return open;
}
