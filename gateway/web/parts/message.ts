// What is typed, as the bytes that are sent.

import { parseHex } from "./hexinput.js";

/** lineEndings are what text can be ended with. */
export const lineEndings = { crlf: "\r\n", lf: "\n", none: "" } as const;

/** LineEnding is the name of one. */
export type LineEnding = keyof typeof lineEndings;

/**
 * messageBytes is typed text as bytes. As text, each line break in it becomes the line ending, and one is added at the
 * end; with "none" line breaks stay as they are and nothing is added. As hex, it throws HexError.
 */
export function messageBytes(typed: string, form: "text" | "hex", ending: LineEnding): Uint8Array {
  if (form === "hex") {
    return parseHex(typed);
  }
  const lines = typed.replace(/\r\n?/g, "\n");
  const text = ending === "none" ? lines : lines.replaceAll("\n", lineEndings[ending]) + lineEndings[ending];
  return new TextEncoder().encode(text);
}

/** maxRemembered is how many messages can be called back with the arrow keys. */
export const maxRemembered = 100;

/** Remembered is what was sent, to be called back. */
export class Remembered {
  readonly #sent: string[] = [];
  #at = 0;
  #draft = "";

  /** add remembers typed, unless it is empty or the same as the last. */
  add(typed: string): void {
    if (typed !== "" && typed !== this.#sent.at(-1)) {
      this.#sent.push(typed);
      this.#sent.splice(0, this.#sent.length - maxRemembered);
    }
    this.#at = this.#sent.length;
    this.#draft = "";
  }

  /** older is what was sent before what is shown now; null if there is nothing older. */
  older(now: string): string | null {
    if (this.#at === 0) {
      return null;
    }
    if (this.#at === this.#sent.length) {
      this.#draft = now;
    }
    this.#at--;
    return this.#sent[this.#at] ?? null;
  }

  /** newer is the way back, in the end to what was being typed. */
  newer(): string | null {
    if (this.#at === this.#sent.length) {
      return null;
    }
    this.#at++;
    return this.#sent[this.#at] ?? this.#draft;
  }
}
