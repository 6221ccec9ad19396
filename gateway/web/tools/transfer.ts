// As many bytes as will pass: to a target, from it, or both ways; or, without a target, through a connection whose two ends
// are both in the page, so that every byte goes up to the gateway and comes down again.

import * as net from "gonet";
import { parseTarget } from "../parts/target.js";

/** Direction is where bytes go, seen from the page. */
export type Direction = "down" | "up" | "both";

/** Counts is how many bytes have passed. */
export interface Counts {
  up: number;
  down: number;
}

/** TransferOptions say what is to pass. */
export interface TransferOptions {
  /** target is "host:port", or "" for the page itself. */
  readonly target: string;
  readonly direction: Direction;
  readonly durationMs: number;
  readonly signal: AbortSignal;
  /** onStart is called when the connection is there; counts go on changing. */
  readonly onStart: (counts: Counts, about: string) => void;
}

// As much as a frame of the gateway carries, and what a write hands over at a time.
const readBytes = 256 * 1024;
const writeBytes = 64 * 1024;

/** transfer moves bytes for so long, or until signal or the other end ends it. It gives how it ended, or fails with Go's error. */
export async function transfer(options: TransferOptions): Promise<"time" | "stopped" | "ended"> {
  const { target, direction, durationMs, signal, onStart } = options;
  const counts: Counts = { up: 0, down: 0 };
  const ends = target === "" ? await throughLoopback(signal) : await toTarget(target, signal);
  const { writer, reader, about, listener } = ends;
  const conns = new Set([writer, reader]);
  let how: "time" | "stopped" | "ended" | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const finished = new Promise<void>((finish) => {
    const end = (because: typeof how): void => {
      how ??= because;
      finish();
    };
    timer = setTimeout(() => end("time"), durationMs);
    signal.addEventListener("abort", () => end("stopped"), { once: true });
    if (signal.aborted) {
      end("stopped");
    }
  });
  try {
    onStart(counts, about);
    const isLoop = writer !== reader;
    const isWriting = isLoop || direction !== "down";
    // What the other end sends is taken in any case: it might not read on while we do not.
    const reading = read(reader, counts).then(() => {
      how ??= "ended";
    });
    const writing = isWriting ? write(writer, counts, () => how !== null) : new Promise<void>(() => {});
    await Promise.race([
      finished,
      failure(reading, finished),
      failure(writing, finished),
      ended(reading, direction),
    ]);
    return how ?? "ended";
  } finally {
    clearTimeout(timer);
    how ??= "ended";
    await Promise.allSettled([...conns].map((conn) => conn.Close()));
    await listener?.Close().catch(() => {}); // nobody else can have come
  }
}

// failure is a failure of work, and nothing else; once it is finished, errors are those of closing.
async function failure(work: Promise<void>, finished: Promise<void>): Promise<void> {
  await work;
  return finished;
}

// The end of the other direction ends the whole only if that direction is what was wanted.
function ended(reading: Promise<void>, direction: Direction): Promise<void> {
  return direction === "up" ? new Promise(() => {}) : reading;
}

async function write(conn: net.TCPConn, counts: Counts, isOver: () => boolean): Promise<void> {
  // No zeros: something on the way may compress.
  const b = new Uint8Array(writeBytes);
  crypto.getRandomValues(b);
  while (!isOver()) {
    counts.up += await conn.Write(b);
  }
}

async function read(conn: net.TCPConn, counts: Counts): Promise<void> {
  const b = new Uint8Array(readBytes);
  try {
    for (;;) {
      counts.down += await conn.Read(b);
    }
  } catch (err) {
    if (!net.errors.Is(err, net.io.EOF)) {
      throw err;
    }
  }
}

interface Ends {
  readonly writer: net.TCPConn;
  readonly reader: net.TCPConn;
  readonly about: string;
  readonly listener?: net.TCPListener;
}

async function toTarget(target: string, signal: AbortSignal): Promise<Ends> {
  const { network, address } = parseTarget(target, "tcp");
  const conn = await net.Dial(network, address, signal);
  return { writer: conn, reader: conn, about: conn.RemoteAddr().String() };
}

async function throughLoopback(signal: AbortSignal): Promise<Ends> {
  const listener = await net.Listen("tcp", "127.0.0.1:0", signal);
  const address = listener.Addr().String();
  try {
    const dialing = net.Dial("tcp", address, signal);
    const writer = await dialing;
    // Somebody else on the gateway's machine may have been quicker.
    for (;;) {
      const reader = await listener.AcceptTCP(signal);
      if (reader.RemoteAddr().String() === writer.LocalAddr().String()) {
        return { writer, reader, about: `the page itself, over ${address}`, listener };
      }
      await reader.Close();
    }
  } catch (err) {
    await listener.Close().catch(() => {}); // what went wrong before counts
    throw err;
  }
}
