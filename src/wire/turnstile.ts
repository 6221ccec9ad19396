// Turnstile lets a number of things be under way at once; the others wait for their turn, in order.

export class Turnstile {
  readonly #places: number;
  #inside = 0;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#places = places;
  }

  // enter calls go, now or when a place is free, and returns a function that takes a go that still waits
  // back: it reports whether it did. Each go that was called needs one leave.
  enter(go: () => void): () => boolean {
    if (this.#inside < this.#places) {
      this.#inside++;
      go();
      return () => false;
    }
    const entry = () => go(); // the same go may wait twice
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  }

  // leave gives a place free, to the one who waits longest.
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  // clear forgets everybody who waits.
  clear(): void {
    this.#waiting.clear();
  }
}
