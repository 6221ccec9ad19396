// Pump joins one kernel socket and one stream: kernel to stream, stream to kernel. Each direction waits for
// the slower side; without credit the kernel is not read, so its window closes and the far end slows down. What moves,
// bytes or packets, is the subclass's.

import { again, readable, type Socket, SysError, writable } from "../native/index.js";
import type { PayloadType } from "../src/wire/frame.js";
import type { Limits } from "../src/wire/limits.js";
import type { Source, Stream } from "../src/wire/stream.js";

// How long the client has to take what a broken connection brought before it broke.
const lastReadMs = 1000;

// What a client had closed before its session ended is still delivered, as after the end of a process. It may take this
// long, and hold this much of the gateway's memory, over all sessions.
const lastFlushMs = 5000;
const maxOrphanedBytes = 64 * 1024 * 1024;
let orphanedBytes = 0;

// When to ask a socket whose far end has finished sending whether it is still there. Nothing else would tell: the end of
// its data stays readable for ever, so it is not polled, and the reset comes as the answer to what was written.
const askAfterMs = [10, 40, 160, 640];

// PumpTimes are the limits of a session that are a pump's: how long a closed socket may take to deliver the rest, and how
// long nothing may come over one that the client has half closed.
export type PumpTimes = Pick<Limits, "flushMs" | "halfClosedMs">;

// due are the pumps that have something for the kernel, in the order in which their clients sent it: a socket is not closed
// before what was sent earlier over another one is written.
const due = new Set<Pump>();

function flushDue(): void {
  try {
    for (const pump of due) {
      due.delete(pump);
      pump.flush();
    }
  } finally {
    if (due.size > 0) queueMicrotask(flushDue); // one failed: the others must not wait for ever
  }
}

export abstract class Pump implements Source {
  readonly socket: Socket;
  pulled?: PayloadType;
  protected readonly stream: Stream;
  readonly #times: PumpTimes;
  // #offered: the kernel has something, and the session was told; it has not asked for it yet.
  #offered = false;
  #wantRead = true;
  #wantWrite = false;
  #readEnded = false;
  #writeEnded = false;
  #lingerZero = false;
  // #failure is the error of a write, until what the kernel still has to read was read.
  #failure: SysError | null = null;
  // #orphaned is how many bytes were left to deliver when the session ended.
  #orphaned = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastRead: NodeJS.Timeout | undefined;
  #asking: NodeJS.Timeout | undefined;
  #halfClosed: NodeJS.Timeout | undefined;

  constructor(socket: Socket, stream: Stream, times: PumpTimes) {
    this.socket = socket;
    this.stream = stream;
    this.#times = times;
    stream.source = this;
    stream.onReadable = () => {
      this.#flushLater();
      // What is closed is closed at once: an OPEN in the same message may need its place. What ends with its session is not:
      // onLost has yet to say that the rest is still to be delivered.
      if (stream.peerClosed && stream.state === "open") flushDue();
    };
    stream.onLost = () => this.#lost();
    socket.onReady = (events) => {
      if (events & readable) this.#kernelReadable();
      if (events & writable && !socket.closed) this.flush();
    };
    this.#arm();
  }

  // receive reads the kernel once: a frame as Source.pull gives it, 0 at the end, again if there is nothing.
  protected abstract receive(max: number): Uint8Array | 0 | typeof again;

  // transmit gives the kernel what the stream has received; false if it takes no more now.
  protected abstract transmit(): boolean;

  // ask throws the error that the socket has met, if it can tell without sending anything.
  protected ask(): void {}

  // receiveFailed and transmitFailed take the error of a system call. If a socket survives errors they tell the client
  // and return true.
  protected receiveFailed(_err: SysError): boolean {
    return false;
  }

  // setLinger is Go's SetLinger; with 0 seconds Close discards what was not sent and resets.
  setLinger(seconds: number): void {
    this.socket.setLinger(seconds);
    this.#lingerZero = seconds === 0;
  }

  // closeRead ends the kernel's receiving side; the pump meets its end of file.
  closeRead(): void {
    this.socket.shutdown("read");
    this.stream.ready();
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
    this.stream.ready();
  }

  // pull reads the kernel into one frame.
  pull(max: number): Uint8Array | null {
    this.#offered = false;
    if (this.#readEnded || this.socket.closed) return null;
    let frame: Uint8Array | 0 | typeof again;
    try {
      frame = this.receive(max);
    } catch (err) {
      if (err instanceof SysError && this.receiveFailed(err)) frame = again;
      else {
        this.#failed(this.#failure ?? err);
        return null;
      }
    }
    if (frame instanceof Uint8Array) {
      this.#halfClosed?.refresh();
      return frame;
    }
    if (this.#failure !== null) {
      this.#failed(this.#failure);
      return null;
    }
    if (frame === again) {
      if (!this.#wantRead) {
        this.#wantRead = true;
        this.#arm();
      }
      return null;
    }
    this.#readEnded = true;
    this.#wantRead = false;
    clearTimeout(this.#halfClosed);
    this.#arm();
    this.stream.fin();
    this.#askNow();
    return null;
  }

  // ---- stream to kernel ----

  // #flushLater writes once per turn: several frames of one message become one system call.
  #flushLater(): void {
    if (due.size === 0) queueMicrotask(flushDue);
    due.add(this);
  }

  // flush gives the kernel what it takes, and carries out the ends that come after it.
  flush(): void {
    const stream = this.stream;
    if (this.socket.closed) return;
    const isOver = this.#failure !== null || (stream.state !== "open" && this.#orphaned === 0);
    if (stream.peerClosed && isOver) return this.#finish();
    if (this.#failure !== null) return;
    try {
      if (!this.transmit()) {
        // The kernel would only throw it away.
        return stream.peerClosed && this.#lingerZero ? this.#finish() : this.#waitWritable();
      }
      if (this.#wantWrite) {
        this.#wantWrite = false;
        this.#arm();
      }
      if (stream.finReceived && !this.#writeEnded) {
        this.#writeEnded = true;
        this.socket.shutdown("write");
        if (!this.#readEnded) this.#halfClose();
      }
    } catch (err) {
      this.#writeFailed(err);
    }
    if (stream.peerClosed) this.#finish();
    else if (this.#readEnded) this.#askLater(0);
  }

  #waitWritable(): void {
    if (this.stream.peerClosed) {
      // Closed, and the far end takes nothing: it gets a while, then a reset.
      this.#wantRead = false;
      this.#timer ??= setTimeout(() => this.#abandon(), this.#times.flushMs).unref();
    }
    this.#wantWrite = this.waitsByPoll();
    this.#arm();
  }

  // #halfClose gives the far end a time in which something has to come: who has nothing more to send may not know that
  // nobody is there any more.
  #halfClose(): void {
    this.#halfClosed = setTimeout(() => {
      this.#failed(new SysError("", "ECONNRESET"));
    }, this.#times.halfClosedMs).unref();
  }

  // waitsByPoll says whether polling tells when the kernel takes more. A socket for which it does not arranges to be
  // flushed again itself.
  protected waitsByPoll(): boolean {
    return true;
  }

  #askLater(round: number): void {
    clearTimeout(this.#asking);
    const ms = askAfterMs[round];
    if (ms === undefined || this.stream.state !== "open") return;
    this.#asking = setTimeout(() => {
      this.#askNow();
      this.#askLater(round + 1);
    }, ms).unref();
  }

  #askNow(): void {
    if (this.socket.closed || this.stream.state !== "open") return;
    try {
      this.ask();
    } catch (err) {
      this.#failed(err);
    }
  }

  // ---- the end ----

  // #writeFailed has what the far end sent before it went away read first, as a kernel keeps it: a server that refuses
  // an upload answers, then resets.
  #writeFailed(err: unknown): void {
    if (!(err instanceof SysError)) throw err;
    if (this.#readEnded) return this.#failed(err);
    this.#failure = err;
    this.#wantRead = false;
    this.#wantWrite = false;
    this.#arm();
    this.#lastRead = setTimeout(() => this.#failed(err), lastReadMs).unref();
    this.stream.ready();
  }

  // #failed reports the socket's error. The descriptor stays until the client closes, as it would with Go.
  #failed(err: unknown): void {
    if (!(err instanceof SysError)) throw err;
    clearTimeout(this.#lastRead);
    clearTimeout(this.#asking);
    clearTimeout(this.#halfClosed);
    this.#readEnded = true;
    this.#wantRead = false;
    this.#wantWrite = false;
    this.#arm();
    this.stream.reset(["errno", "", err.errno]);
  }

  #finish(): void {
    this.#release();
    this.stream.close();
  }

  // #lost closes without a client, after what it had closed was delivered.
  #lost(): void {
    if (this.socket.closed) return;
    const { peerClosed, readableBytes } = this.stream;
    const isWhole = peerClosed && !this.#lingerZero && this.#failure === null;
    if (!isWhole || readableBytes === 0 || orphanedBytes + readableBytes > maxOrphanedBytes) {
      return this.#abandon();
    }
    this.#orphaned = readableBytes;
    orphanedBytes += readableBytes;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abandon(), lastFlushMs).unref();
    this.#flushLater();
  }

  // #abandon closes at once: with a reset if there are bytes that the kernel has not taken.
  #abandon(): void {
    if (this.socket.closed) return;
    if (this.stream.readableBytes > 0) this.socket.setLinger(0);
    this.#release();
    this.stream.close();
  }

  #release(): void {
    orphanedBytes -= this.#orphaned;
    this.#orphaned = 0;
    clearTimeout(this.#timer);
    clearTimeout(this.#lastRead);
    clearTimeout(this.#asking);
    clearTimeout(this.#halfClosed);
    this.released();
    this.socket.close();
  }

  // released lets a subclass give up what it holds besides the socket.
  protected released(): void {}

  #arm(): void {
    if (this.socket.closed) return;
    this.socket.wait((this.#wantRead ? readable : 0) | (this.#wantWrite ? writable : 0));
  }
}
