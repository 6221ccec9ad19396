// What a terminal is connected to.

import type { Size } from "../ssh/options.js";

/** Line is the far end of a terminal, whatever it speaks. */
export interface Line {
  /** read gives what comes, piece by piece, and null at the end. The sender is held back until read is called again. */
  read(): Promise<Uint8Array | null>;
  /** type sends what was typed, as the terminal gives it. */
  type(text: string): Promise<void>;
  /** resize says that the terminal has another size. */
  resize(size: Size): Promise<void>;
  close(): Promise<void>;
  /** ended says in words how it ended, once read gave null. */
  readonly ended: string;
}
