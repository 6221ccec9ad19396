import { brand, type GoError, withCount } from "./errorvalue.js";
import { EOF, type Writer } from "./io.js";

/**
 * Buffers is zero or more runs of bytes to write, made with `new Buffers(a, b)`. Reading and writing take away from its
 * front; the bytes themselves are never changed.
 */
export class Buffers extends Array<Uint8Array> {
  static {
    brand(Buffers, "Buffers");
  }

  // What map and the like make of it holds other things.
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /**
   * Read fills p from the front and returns the number of bytes. When nothing is left after it, it throws io.EOF; if
   * it read something on the way, that number is the `n` of an error equal to io.EOF.
   */
  Read(p: Uint8Array): number {
    let n = 0;
    for (let first = this[0]; first !== undefined && n < p.length; first = this[0]) {
      const part = first.subarray(0, p.length - n);
      p.set(part, n);
      n += part.length;
      this.#consume(part.length);
    }
    if (this.length === 0) {
      throw withCount(EOF, n);
    }
    return n;
  }

  /** WriteTo writes everything to w and resolves to the number of bytes; an error carries in `n` how many were written. */
  async WriteTo(w: Writer): Promise<number> {
    let n = 0;
    try {
      for (const b of [...this]) {
        n += await w.Write(b);
      }
    } catch (err) {
      n += (err as GoError | null)?.n ?? 0;
      throw err instanceof Error ? withCount(err, n) : err;
    } finally {
      this.#consume(n);
    }
    return n;
  }

  // Takes n bytes away from the front, and empty runs after them.
  #consume(n: number): void {
    let rest = n;
    for (let first = this[0]; first !== undefined; first = this[0]) {
      if (first.length > rest) {
        this[0] = first.subarray(rest);
        return;
      }
      rest -= first.length;
      this.shift();
    }
  }
}
