// SystemFile is a configuration file of the machine, read again when it has changed.

import { readFile, stat } from "node:fs/promises";

const trustMs = 5000; // how long a file is not looked at again, as Go does it

export class SystemFile<T> {
  readonly path: string;
  readonly #parse: (text: string | null) => T;
  #value: Promise<T> | null = null;
  #version = "";
  #checked = Number.NEGATIVE_INFINITY;

  // parse is given null if the file cannot be read.
  constructor(path: string, parse: (text: string | null) => T) {
    this.path = path;
    this.#parse = parse;
  }

  // read gives the parsed file. It never rejects: a file that is not there is one with nothing in it.
  async read(): Promise<T> {
    const now = performance.now();
    if (this.#value !== null && now - this.#checked < trustMs) return this.#value;
    this.#checked = now;
    const version = await stat(this.path).then(
      (s) => `${s.mtimeMs} ${s.size} ${s.ino}`,
      () => "none",
    );
    if (this.#value === null || version !== this.#version) {
      this.#version = version;
      this.#value = readFile(this.path, "utf8")
        .catch(() => null)
        .then(this.#parse);
    }
    return this.#value;
  }
}

// fieldsOf splits a line at blanks. Other white space of Unicode is part of a word.
export function fieldsOf(line: string): string[] {
  return line.split(/[ \r\t\n]+/).filter((field) => field !== "");
}

// withoutComment cuts a line at its first "#".
export function withoutComment(line: string): string {
  return line.split("#", 1)[0] as string;
}

const tooBig = 0xffffff;

// leadingNumber is the number that text begins with, and how many digits it has; null if there is none, or it has
// 16777215 or more.
export function leadingNumber(text: string): { n: number; digits: number } | null {
  const digits = /^[0-9]*/.exec(text)?.[0] ?? "";
  const n = Number(digits);
  return digits === "" || n >= tooBig ? null : { n, digits: digits.length };
}

// lowerASCII makes A to Z small and leaves all else.
export function lowerASCII(s: string): string {
  return s.replace(/[A-Z]/g, (c) => c.toLowerCase());
}
