// A terminal over Telnet.

import type { Conn } from "gonet";
import type { Size } from "../ssh/options.js";
import { ConnReader } from "./connreader.js";
import type { Line } from "./line.js";
import { LocalLine } from "./localline.js";
import { Telnet } from "./telnet.js";

/** TelnetLine is the connection to a Telnet server. */
export class TelnetLine implements Line {
  readonly #conn: Conn;
  readonly #reader: ConnReader;
  readonly #telnet: Telnet;
  readonly #echo: (text: string) => void;
  readonly #line = new LocalLine();

  /** echo shows what is typed as long as the server does not. */
  constructor(conn: Conn, term: string, size: Size, echo: (text: string) => void) {
    this.#conn = conn;
    this.#reader = new ConnReader(conn);
    this.#telnet = new Telnet(term, size);
    this.#echo = echo;
  }

  get ended(): string {
    return this.#reader.ended;
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const piece = await this.#reader.read();
      if (piece === null) {
        return null;
      }
      const { data, answer } = this.#telnet.receive(piece);
      // A server that asks and does not read the answers waits for itself.
      await this.#send(answer).catch((err: unknown) => this.#reader.fail(err));
      if (data.length > 0) {
        return data;
      }
    }
  }

  async type(text: string): Promise<void> {
    if (this.#telnet.echoes) {
      await this.#send(this.#telnet.escape(text, "enter"));
      return;
    }
    const { echo, lines } = this.#line.type(text);
    this.#echo(echo);
    await this.#send(this.#telnet.escape(lines.map((line) => `${line}\r`).join(""), "line"));
  }

  async resize(size: Size): Promise<void> {
    await this.#send(this.#telnet.resize(size));
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) {
      await this.#conn.Write(bytes);
    }
  }
}
