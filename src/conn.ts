// conn has what all connections share. Each method asks the descriptor and puts operation and addresses
// around its error.

import type { Descriptor } from "./descriptor.js";
import { same } from "./errorvalue.js";
import { chunks, EOF } from "./io.js";
import { type Addr, type Conn, OpError, type Time } from "./net.js";
import { File } from "./osfile.js";
import { detailOf } from "./pieces.js";

const streamChunkBytes = 64 * 1024;

/** opError puts an operation around err; what is known beyond Go's text becomes its `cause`. */
export function opError(fields: ConstructorParameters<typeof OpError>[0] & { readonly Err: Error }): OpError {
  const err = new OpError(fields);
  const detail = detailOf(fields.Err);
  if (detail !== undefined) {
    Object.defineProperty(err, "cause", { value: detail, configurable: true });
  }
  const { n } = fields.Err as { n?: number };
  if (n !== undefined) {
    err.n = n;
  }
  return err;
}

/**
 * toInt is value as a system call takes it, in 32 bits: like Go, it cuts off what is more. What is no whole number is a
 * RangeError.
 */
export function toInt(value: number): number {
  if (!Number.isInteger(value)) {
    throw new RangeError(`${value} is not a whole number`);
  }
  return value | 0;
}

/** connFD is a descriptor that can be read and written. */
export interface connFD extends Descriptor {
  Read(b: Uint8Array, signal?: AbortSignal): Promise<number>;
  Write(b: Uint8Array, signal?: AbortSignal): Promise<number>;
}

/** conn is the common part of TCPConn and the other connections. */
export class conn<F extends connFD = connFD> implements Conn {
  protected readonly fd: F;
  #readable: ReadableStream<Uint8Array> | null = null;
  #writable: WritableStream<Uint8Array> | null = null;

  constructor(fd: F) {
    this.fd = fd;
  }

  /**
   * Read fills b with what is there, at least one byte, and resolves to the number of bytes. At the end of the stream
   * it rejects with io.EOF itself. signal ends the wait; the connection stays usable.
   */
  async Read(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    try {
      return await this.fd.Read(b, signal);
    } catch (err) {
      throw same(err, EOF) ? err : this.failed("read", err);
    }
  }

  /**
   * Write writes all of b and resolves to b.length; b may be used again then. An error has in `n` how many bytes were
   * taken. signal ends the wait; what was taken arrives.
   */
  async Write(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    try {
      return await this.fd.Write(b, signal);
    } catch (err) {
      throw this.failed("write", err);
    }
  }

  /** Close closes the connection. What was written still arrives; calls that wait fail with ErrClosed. */
  async Close(): Promise<void> {
    await this.attempt("close", () => this.fd.Close());
  }

  /** LocalAddr returns the address of this end, which is at the gateway. */
  LocalAddr(): Addr {
    return this.fd.laddr;
  }

  /** RemoteAddr returns the address of the other end, or null if there is no fixed one. */
  RemoteAddr(): Addr | null {
    return this.fd.raddr;
  }

  /** SetDeadline sets both deadlines, for calls that wait already too; null takes them away. */
  SetDeadline(t: Time | null): void {
    this.setHere(() => this.fd.SetDeadline(t));
  }

  /** SetReadDeadline sets the deadline of Read. */
  SetReadDeadline(t: Time | null): void {
    this.setHere(() => this.fd.SetReadDeadline(t));
  }

  /** SetWriteDeadline sets the deadline of Write. */
  SetWriteDeadline(t: Time | null): void {
    this.setHere(() => this.fd.SetWriteDeadline(t));
  }

  /** SetReadBuffer sets the size of the kernel's receive buffer, in bytes. */
  SetReadBuffer(bytes: number): Promise<void> {
    return this.setAtGateway("readBuffer", bytes);
  }

  /** SetWriteBuffer sets the size of the kernel's send buffer, in bytes. */
  SetWriteBuffer(bytes: number): Promise<void> {
    return this.setAtGateway("writeBuffer", bytes);
  }

  /**
   * File duplicates the socket and gives the duplicate as a file: FileConn makes a connection of it, and its number can be
   * sent over a Unix socket. Closing one of the two leaves the other open.
   *
   * BUG: what has come in before, and was not read, stays with the connection: the gateway has taken it from the kernel
   * already. A file made before the other end sends anything has all of it, if the connection is closed then.
   */
  async File(): Promise<File> {
    try {
      const { session, number } = await this.fd.dup();
      return new File(async () => session, number, this.fd.name);
    } catch (err) {
      throw this.failed("file", err);
    }
  }

  /** readable is what comes in as a WHATWG stream, with back-pressure. Cancelling it closes the connection. */
  get readable(): ReadableStream<Uint8Array> {
    this.#readable ??= new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const b = new Uint8Array(streamChunkBytes);
          try {
            const n = await this.Read(b);
            controller.enqueue(b.subarray(0, n));
          } catch (err) {
            if (!same(err, EOF)) {
              throw err;
            }
            controller.close();
          }
        },
        cancel: () => this[Symbol.asyncDispose](),
      },
      { highWaterMark: 0 },
    );
    return this.#readable;
  }

  /** writable takes what goes out as a WHATWG stream, with back-pressure. Closing it ends our direction. */
  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= new WritableStream<Uint8Array>({
      write: async (chunk) => {
        await this.Write(chunk);
      },
      close: async () => this.attempt("close", () => this.fd.CloseWrite()),
      abort: () => this[Symbol.asyncDispose](),
    });
    return this.#writable;
  }

  /** Iterating gives what comes in, piece by piece, and ends at the end of the stream. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return chunks(this);
  }

  /** The end of an `await using` closes the connection, if that was not done. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.fd.closed) {
      await this.Close();
    }
  }

  protected failed(op: string, err: unknown): OpError {
    const { net, laddr, raddr } = this.fd;
    return opError({ Op: op, Net: net, Source: laddr, Addr: raddr, Err: err as Error });
  }

  // As failed, about another end than the connection's own.
  protected failedTo(op: string, addr: Addr | null, err: unknown): OpError {
    const { net, laddr } = this.fd;
    return opError({ Op: op, Net: net, Source: laddr, Addr: addr, Err: err as Error });
  }

  protected attempt<T>(op: string, act: () => T): T {
    try {
      return act();
    } catch (err) {
      throw this.failed(op, err);
    }
  }

  // As in Go, errors of setting deadlines and buffers name the local address only.
  private setHere(act: () => void): void {
    try {
      act();
    } catch (err) {
      throw this.notSet(err);
    }
  }

  private async setAtGateway(op: string, value: number): Promise<void> {
    const int = toInt(value);
    try {
      await this.fd.call("setsockopt", op, int);
    } catch (err) {
      throw this.notSet(err);
    }
  }

  private notSet(err: unknown): OpError {
    return opError({ Op: "set", Net: this.fd.net, Addr: this.fd.laddr, Err: err as Error });
  }
}
