// Files of the gateway that this client holds: duplicates of its sockets, and what came over Unix sockets.

import { brand, same } from "./errorvalue.js";
import { goError } from "./goerror.js";
import { EOF } from "./io.js";
import { limitError } from "./limit.js";
import { ErrClosed, PathError } from "./os.js";
import { PiecesError } from "./wire/errors.js";
import type { Session } from "./wire/session.js";

// What fits one question or answer with room to spare.
const chunkBytes = 8192;

// How often a file that has nothing yet, or no room, is asked again.
const firstRetryMs = 1;
const lastRetryMs = 100;

/**
 * File is an open file of the gateway. `File()` of a connection or listener makes one, and os.NewFile makes one of a
 * number that came with a Unix message. It stays open until Close, or until the session with the gateway ends.
 *
 * What comes in at a socket is read by whoever asks first: a connection that is not closed reads ahead, so close it before
 * reading its file.
 *
 * Its errors are PathError around the error of the system call, around os.ErrClosed after Close, and io.EOF itself at the
 * end.
 */
export class File {
  static {
    brand(File, "File");
  }

  readonly #session: () => Promise<Session>;
  readonly #number: number;
  readonly #name: string;
  #closed = false;

  constructor(session: () => Promise<Session>, number: number, name: string) {
    this.#session = session;
    this.#number = number;
    this.#name = name;
  }

  /** Fd returns the number of the file at the gateway, which other sessions do not know; -1 after Close. */
  Fd(): number {
    return this.#closed ? -1 : this.#number;
  }

  /** Name returns the name that the file was given, for a socket "tcp:192.0.2.1:80->192.0.2.2:4711". */
  Name(): string {
    return this.#name;
  }

  /** session is the one that knows the file; for FileConn and its like. */
  session(): Promise<Session> {
    return this.#session();
  }

  /**
   * Read fills b from its start with what is there and resolves to the number of bytes; at the end it rejects with io.EOF.
   * If there is nothing yet (a socket, a pipe), it waits; signal gives up.
   */
  async Read(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    return this.#attempt("read", async () => {
      if (b.length === 0) {
        return 0;
      }
      const [bytes] = await this.#patiently(signal, "readFile", Math.min(b.length, chunkBytes));
      if (!(bytes instanceof Uint8Array) || bytes.length === 0) {
        throw EOF;
      }
      const n = Math.min(bytes.length, b.length);
      b.set(bytes.subarray(0, n));
      return n;
    });
  }

  /**
   * Write writes all of b and resolves to b.length; an error has in `n` how many bytes were written before it. If there is
   * no room yet, it waits; signal gives up.
   */
  async Write(b: Uint8Array, signal?: AbortSignal): Promise<number> {
    let n = 0;
    return this.#attempt(
      "write",
      async () => {
        while (n < b.length) {
          const [count] = await this.#patiently(signal, "writeFile", b.slice(n, n + chunkBytes));
          n += Number(count);
        }
        return n;
      },
      () => n,
    );
  }

  /** Close closes the file. A socket that other descriptors share stays open. */
  async Close(): Promise<void> {
    await this.#attempt("close", async () => {
      const done = this.#call("closeFile");
      this.#closed = true;
      await done;
    });
  }

  /** The end of an `await using` closes the file, if that was not done. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) {
      await this.Close();
    }
  }

  async #call(op: string, ...args: readonly unknown[]): Promise<readonly unknown[]> {
    if (this.#closed) {
      throw ErrClosed;
    }
    return (await this.#session()).call(op, [this.#number, ...args]);
  }

  // Asks again as long as the answer is EAGAIN: the gateway does not wait for files.
  async #patiently(
    signal: AbortSignal | undefined,
    op: string,
    ...args: readonly unknown[]
  ): Promise<readonly unknown[]> {
    for (let ms = firstRetryMs; ; ms = Math.min(2 * ms, lastRetryMs)) {
      if (signal?.aborted) {
        throw limitError(signal);
      }
      try {
        return await this.#call(op, ...args);
      } catch (err) {
        if (!(err instanceof PiecesError) || err.pieces[2] !== "EAGAIN") {
          throw err;
        }
      }
      await pause(ms, signal);
    }
  }

  async #attempt<T>(op: string, act: () => Promise<T>, count?: () => number): Promise<T> {
    try {
      return await act();
    } catch (err) {
      if (same(err, EOF)) {
        throw err;
      }
      const why = bare(goError(err, op));
      const failure = new PathError({ Op: op, Path: this.#name, Err: why });
      if (count !== undefined) {
        failure.n = count();
      }
      throw failure;
    }
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

// The call is in the PathError's Op already.
function bare(err: Error): Error {
  const { Syscall: call, Err: inner } = err as { Syscall?: unknown; Err?: unknown };
  return typeof call === "string" && inner instanceof Error ? inner : err;
}
