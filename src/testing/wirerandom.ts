// Random numbers that a seed repeats, for tests that print theirs.

// Random is a generator of 32 bits (mulberry32).
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  // uint32 gives an integer from 0 to 2^32 - 1.
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  // below gives an integer from 0 to n - 1.
  below(n: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  bytes(n: number): Uint8Array {
    const b = new Uint8Array(n);
    for (let i = 0; i < n; i++) b[i] = this.uint32();
    return b;
  }
}

// testSeed is the seed of this run: GONET_SEED, or a new one. It is printed, so that a failure can be repeated.
export function testSeed(what: string): number {
  const seed = Number(process.env["GONET_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`${what}: GONET_SEED=${seed}`);
  return seed;
}
