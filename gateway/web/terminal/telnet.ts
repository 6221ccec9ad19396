// The protocol of Telnet (RFC 854, 855), for a terminal: the server may echo (857), suppress go-aheads (858), send eight bits
// (856), ask for the kind of terminal (1091) and its size (1073). Everything else is refused, the environment above all.
// It is strict: nothing that a server sends makes more than a short answer, and nothing of it is kept.

import type { Size } from "../ssh/options.js";

const iac = 255;
const [se, sb, will, wont, to, dont] = [240, 250, 251, 252, 253, 254] as const;
const [binary, echo, suppressGoAhead, terminalType, windowSize] = [0, 1, 3, 24, 31] as const;
const [is, send] = [0, 1];
const [carriageReturn, nul, lineFeed] = [13, 0, 10];

// What the server may do, and what we do if it asks.
const theirs: ReadonlySet<number> = new Set([binary, echo, suppressGoAhead]);
const ours: ReadonlySet<number> = new Set([binary, suppressGoAhead, terminalType, windowSize]);

/** maxParameterBytes is the most that is kept of one subnegotiation: those that are answered have one byte. */
export const maxParameterBytes = 64;

/** Received is what a piece of the stream held: data to show, and what has to be answered. */
export interface Received {
  readonly data: Uint8Array;
  readonly answer: Uint8Array;
}

type State = "data" | "cr" | "iac" | "option" | "parameters" | "parametersIac";

/** Telnet is one end of a connection: ours. */
export class Telnet {
  readonly #term: string;
  #size: Size;
  #state: State = "data";
  #command = 0;
  #parameters: number[] = [];
  readonly #theyDo = new Set<number>();
  readonly #weDo = new Set<number>();

  constructor(term: string, size: Size) {
    this.#term = term;
    this.#size = size;
  }

  /** echoes says that the other end shows what is typed. */
  get echoes(): boolean {
    return this.#theyDo.has(echo);
  }

  /** receive takes a piece of the stream, cut wherever. */
  receive(bytes: Uint8Array): Received {
    const data = new Uint8Array(bytes.length);
    let length = 0;
    const answer: number[] = [];
    for (const b of bytes) {
      if (this.#isData(b, answer)) {
        data[length++] = b;
      }
    }
    return { data: data.subarray(0, length), answer: Uint8Array.from(answer) };
  }

  // isData says whether a byte is to be shown; what it means otherwise is done.
  #isData(b: number, answer: number[]): boolean {
    switch (this.#state) {
      case "cr":
      case "data":
        if (b === iac) {
          this.#state = "iac";
          return false;
        }
        if (this.#state === "cr" && b === nul) {
          this.#state = "data";
          return false; // CR NUL is a bare CR, which was shown
        }
        this.#state = b === carriageReturn ? "cr" : "data";
        return true;
      case "iac":
        return this.#isEscaped(b);
      case "option":
        this.#state = "data";
        this.#negotiate(this.#command, b, answer);
        return false;
      case "parameters":
        if (b === iac) {
          this.#state = "parametersIac";
        } else {
          this.#keep(b);
        }
        return false;
      case "parametersIac":
        if (b === iac) {
          this.#keep(b);
          this.#state = "parameters";
        } else if (b === se) {
          this.#state = "data";
          this.#parameter(answer);
        } else {
          // Not allowed in here: the subnegotiation was never ended, so it is void, and this begins something new.
          return this.#isEscaped(b);
        }
        return false;
    }
  }

  #isEscaped(b: number): boolean {
    this.#state = "data";
    if (b === iac) {
      return true;
    }
    if (b === sb) {
      this.#parameters = [];
      this.#state = "parameters";
    } else if (b >= will && b <= dont) {
      this.#command = b;
      this.#state = "option";
    }
    return false; // the other commands ask nothing of a terminal
  }

  #keep(b: number): void {
    if (this.#parameters.length <= maxParameterBytes) {
      this.#parameters.push(b);
    }
  }

  // Only what changes is agreed to, so that two who agree do not do so for ever.
  #negotiate(command: number, option: number, answer: number[]): void {
    const [states, allowed, yes, no] =
      command === will || command === wont
        ? [this.#theyDo, theirs, to, dont]
        : [this.#weDo, ours, will, wont];
    const isAsked = command === will || command === to;
    if (isAsked && !allowed.has(option)) {
      answer.push(iac, no, option);
    } else if (isAsked && !states.has(option)) {
      states.add(option);
      answer.push(iac, yes, option);
      if (states === this.#weDo && option === windowSize) {
        answer.push(...this.#sizeMessage());
      }
    } else if (!isAsked && states.delete(option)) {
      answer.push(iac, no, option);
    }
  }

  #parameter(answer: number[]): void {
    const [option, what, ...rest] = this.#parameters;
    if (option === terminalType && what === send && rest.length === 0 && this.#weDo.has(terminalType)) {
      const name = Array.from(this.#term, (char) => char.charCodeAt(0));
      answer.push(iac, sb, terminalType, is, ...name, iac, se);
    }
  }

  /** resize is what to send when the terminal has another size; it may be nothing. */
  resize(size: Size): Uint8Array {
    this.#size = size;
    return Uint8Array.from(this.#weDo.has(windowSize) ? this.#sizeMessage() : []);
  }

  #sizeMessage(): number[] {
    const bitsPerByte = 8;
    const { columns, rows } = this.#size;
    const bytes = [columns >> bitsPerByte, columns & 0xff, rows >> bitsPerByte, rows & 0xff];
    return [iac, sb, windowSize, ...bytes.flatMap((b) => (b === iac ? [iac, iac] : [b])), iac, se];
  }

  /** escape is text as it is sent: the byte of commands doubled, and CR followed by what RFC 854 wants behind it. */
  escape(text: string, lineEnd: "enter" | "line"): Uint8Array {
    const behind = lineEnd === "enter" ? nul : lineFeed;
    const bytes: number[] = [];
    for (const b of new TextEncoder().encode(text)) {
      bytes.push(...(b === iac ? [iac, iac] : b === carriageReturn ? [carriageReturn, behind] : [b]));
    }
    return Uint8Array.from(bytes);
  }
}
