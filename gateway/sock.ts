// Sock joins one kernel socket and one stream with two pumps: kernel to stream, stream to kernel. Each
// waits for the slower side; without credit the kernel is not read, so its window closes and the far
// end slows down.

import { again, readable, type Socket, SysError, writable } from "../native/index.js";
import { dataPrefixBytes } from "../src/wire/frame.js";
import type { Source, Stream } from "../src/wire/stream.js";
import type { Slab } from "./slab.js";

export class Sock implements Source {
  readonly socket: Socket;
  readonly #stream: Stream;
  readonly #slab: Slab;
  readonly #flushMs: number;
  // #offered: the kernel has something, and the session was told; it has not asked for it yet.
  #offered = false;
  #wantRead = true;
  #wantWrite = false;
  #readEnded = false;
  #writeEnded = false;
  #flushDue = false;
  #lingerZero = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, stream: Stream, slab: Slab, flushMs: number) {
    this.socket = socket;
    this.#stream = stream;
    this.#slab = slab;
    this.#flushMs = flushMs;
    stream.source = this;
    stream.onReadable = () => this.#flushLater();
    stream.onLost = () => this.#lost();
    socket.onReady = (events) => {
      if (events & readable) this.#kernelReadable();
      if (events & writable && !socket.closed) this.#flush();
    };
    this.#arm();
  }

  // setLinger is Go's SetLinger; with 0 seconds Close discards what was not sent and resets.
  setLinger(seconds: number): void {
    this.socket.setLinger(seconds);
    this.#lingerZero = seconds === 0;
  }

  // closeRead ends the kernel's receiving side; the pump meets its end of file.
  closeRead(): void {
    this.socket.shutdown("read");
    this.#stream.ready();
  }

  // ---- kernel to stream ----

  // The first event in a row offers the stream for its turn to send. If the kernel reports again before
  // that turn came (no credit, link full), polling stops until pull is called.
  #kernelReadable(): void {
    if (this.#offered) {
      this.#wantRead = false;
      this.#arm();
      return;
    }
    this.#offered = true;
    this.#stream.ready();
  }

  // pull reads the kernel into one frame.
  pull(max: number): Uint8Array | null {
    this.#offered = false;
    if (this.#readEnded || this.socket.closed) return null;
    const room = this.#slab.room();
    let n: number;
    try {
      n = this.socket.read(room, dataPrefixBytes, Math.min(max, room.length - dataPrefixBytes));
    } catch (err) {
      this.#failed(err);
      return null;
    }
    if (n > 0) return this.#slab.take(room, n);
    if (n === again) {
      if (!this.#wantRead) {
        this.#wantRead = true;
        this.#arm();
      }
      return null;
    }
    this.#readEnded = true;
    this.#wantRead = false;
    this.#arm();
    this.#stream.fin();
    return null;
  }

  // ---- stream to kernel ----

  // #flushLater writes once per turn: several frames of one message become one system call.
  #flushLater(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    queueMicrotask(() => {
      this.#flushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const stream = this.#stream;
    if (this.socket.closed) return;
    if (stream.peerClosed && (this.#lingerZero || stream.state !== "open")) return this.#finish();
    try {
      for (let chunk = stream.peek(); chunk !== null; chunk = stream.peek()) {
        const n = this.socket.write(chunk, 0, chunk.length);
        if (n === again) return this.#waitWritable();
        stream.drop(n);
      }
      if (this.#wantWrite) {
        this.#wantWrite = false;
        this.#arm();
      }
      if (stream.finReceived && !this.#writeEnded) {
        this.#writeEnded = true;
        this.socket.shutdown("write");
      }
    } catch (err) {
      this.#failed(err);
    }
    if (stream.peerClosed) this.#finish();
  }

  #waitWritable(): void {
    this.#wantWrite = true;
    if (this.#stream.peerClosed) {
      // Closed, and the far end takes nothing: it gets a while, then a reset.
      this.#wantRead = false;
      this.#timer ??= setTimeout(() => this.#lost(), this.#flushMs).unref();
    }
    this.#arm();
  }

  // ---- the end ----

  // #failed reports the socket's error. The descriptor stays until the client closes, as it would with Go.
  #failed(err: unknown): void {
    if (!(err instanceof SysError)) throw err;
    this.#readEnded = true;
    this.#wantRead = false;
    this.#wantWrite = false;
    this.#arm();
    this.#stream.reset(["errno", "", err.errno]);
  }

  #finish(): void {
    this.#release();
    this.#stream.close();
  }

  // #lost closes without a client: with a reset if it left bytes that the kernel has not taken.
  #lost(): void {
    if (this.socket.closed) return;
    if (this.#stream.readableBytes > 0) this.socket.setLinger(0);
    this.#release();
    this.#stream.close();
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.socket.close();
  }

  #arm(): void {
    if (this.socket.closed) return;
    this.socket.wait((this.#wantRead ? readable : 0) | (this.#wantWrite ? writable : 0));
  }
}
