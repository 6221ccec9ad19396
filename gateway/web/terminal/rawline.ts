// A terminal on a bare TCP connection.

import type { Conn } from "gonet";
import { ConnReader } from "./connreader.js";
import type { Line } from "./line.js";
import { LocalLine } from "./localline.js";

/** lineEnds are what Enter can send. */
export const lineEnds = [
  ["\r\n", "CR LF"],
  ["\n", "LF"],
  ["\r", "CR"],
] as const;

/** LineEnd is what Enter sends. */
export type LineEnd = (typeof lineEnds)[number][0];

/** RawOptions say how typing is treated. */
export interface RawOptions {
  readonly lineEnd: LineEnd;
  /** echo shows what is typed, which then is sent line by line; null sends every key at once and leaves showing to the peer. */
  readonly echo: ((text: string) => void) | null;
}

/** RawLine sends what is typed and shows what comes. */
export class RawLine implements Line {
  readonly #conn: Conn;
  readonly #reader: ConnReader;
  readonly #options: RawOptions;
  readonly #line = new LocalLine();

  constructor(conn: Conn, options: RawOptions) {
    this.#conn = conn;
    this.#reader = new ConnReader(conn);
    this.#options = options;
  }

  get ended(): string {
    return this.#reader.ended;
  }

  read(): Promise<Uint8Array | null> {
    return this.#reader.read();
  }

  async type(text: string): Promise<void> {
    const { lineEnd, echo } = this.#options;
    if (echo === null) {
      await this.#send(text.replaceAll("\r", lineEnd));
      return;
    }
    const typed = this.#line.type(text);
    echo(typed.echo);
    if (typed.lines.length > 0) {
      await this.#send(typed.lines.map((line) => line + lineEnd).join(""));
    }
  }

  async resize(): Promise<void> {}

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #send(text: string): Promise<void> {
    await this.#conn.Write(new TextEncoder().encode(text));
  }
}
