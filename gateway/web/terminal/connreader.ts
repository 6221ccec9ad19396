// Reading a connection to its end, and saying how it ended.

import * as net from "gonet";
import { errorText } from "../parts/errors.js";

const readBytes = 64 * 1024;

/** ConnReader reads into memory that it uses again: a piece is good until the next call. */
export class ConnReader {
  readonly #conn: net.Conn;
  readonly #memory = new Uint8Array(readBytes);
  #ended = "";
  #isClosed = false;

  constructor(conn: net.Conn) {
    this.#conn = conn;
  }

  get ended(): string {
    return this.#ended;
  }

  async read(): Promise<Uint8Array | null> {
    try {
      return this.#memory.subarray(0, await this.#conn.Read(this.#memory));
    } catch (err) {
      this.fail(err);
      return null;
    }
  }

  /** fail remembers why the connection ended, unless that is known. */
  fail(err: unknown): void {
    this.#ended ||= this.#isClosed
      ? "closed"
      : net.errors.Is(err, net.io.EOF)
        ? "closed by the other end"
        : errorText(err).text;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#conn.Close().catch((err: unknown) => this.fail(err));
  }
}
