// A connection, as the SSH library wants its stream.

import type { Stream } from "@microsoft/dev-tunnels-ssh/streams.js";
import { Buffer } from "./buffer.js";
import type { Conn } from "./conn.js";

const readBytes = 64 * 1024;

/** ConnStream reads and writes a connection. The library reads a few bytes at a time, so what is read ahead is kept. */
export class ConnStream implements Stream {
  readonly #conn: Conn;
  readonly #memory = Buffer.alloc(readBytes);
  #ahead = this.#memory.subarray(0, 0);
  #isDisposed = false;
  /** error is why reading or writing failed first; the library keeps only its text. */
  error: unknown = null;
  // Nobody needs to hear of the end from here: reading tells.
  readonly closed = () => ({ dispose: () => {} });

  constructor(conn: Conn) {
    this.#conn = conn;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  async read(count: number): Promise<Buffer> {
    if (this.#ahead.length === 0) {
      const n = await this.#tried(this.#conn.Read(this.#memory));
      this.#ahead = this.#memory.subarray(0, n);
    }
    const bytes = this.#ahead.subarray(0, count);
    this.#ahead = this.#ahead.subarray(bytes.length);
    return bytes;
  }

  async write(data: Buffer): Promise<void> {
    await this.#tried(this.#conn.Write(data));
  }

  async close(): Promise<void> {
    this.dispose();
  }

  dispose(): void {
    if (!this.#isDisposed) {
      this.#isDisposed = true;
      this.#conn.Close().catch(() => {}); // it is closed already, or its end is known
    }
  }

  async #tried<V>(call: Promise<V>): Promise<V> {
    try {
      return await call;
    } catch (err) {
      this.error ??= err;
      throw err instanceof Error ? err : new Error(String(err));
    }
  }
}
