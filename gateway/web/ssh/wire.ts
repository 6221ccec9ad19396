// The data types of SSH (RFC 4251, section 5) in bytes that may be hostile: nothing is read past the end, nothing is
// allocated by a length that was only claimed.

const bytesOfLength = 4;

/** FormatError says that bytes are not what they should be. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** Reader reads one value after the other. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // As it is, also if it comes as a Buffer, whose slice would not copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** left is how many bytes were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** take reads n bytes. They are not copied. */
  take(n: number): Uint8Array {
    if (n > this.left) {
      throw new FormatError(`it ends ${n - this.left} bytes too early`);
    }
    this.#at += n;
    return this.#bytes.subarray(this.#at - n, this.#at);
  }

  uint32(): number {
    this.take(bytesOfLength);
    return this.#view.getUint32(this.#at - bytesOfLength);
  }

  /** string reads a string of SSH, which is any bytes. */
  string(): Uint8Array {
    return this.take(this.uint32());
  }

  /** text reads a string that must be UTF-8. */
  text(): string {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(this.string());
    } catch (err) {
      throw err instanceof FormatError ? err : new FormatError("a text in it is not UTF-8");
    }
  }
}

/** join puts pieces behind each other. */
export function join(...pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** uint32 is n as SSH writes it. */
export function uint32(n: number): Uint8Array {
  const bytes = new Uint8Array(bytesOfLength);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
}

/** string is bytes, or the UTF-8 of a text, behind their length. */
export function string(s: Uint8Array | string): Uint8Array {
  const bytes = typeof s === "string" ? new TextEncoder().encode(s) : s;
  return join(uint32(bytes.length), bytes);
}

/** mpint is a number that is not negative, given by its bytes, the highest first. */
export function mpint(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((b) => b !== 0);
  if (first < 0) {
    return uint32(0);
  }
  const significant = bytes.subarray(first);
  const signBit = 0x80;
  return string(
    ((significant[0] as number) & signBit) === 0 ? significant : join(Uint8Array.of(0), significant),
  );
}

/** equal compares bytes. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** base64 is bytes in base64, with its padding. */
export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
