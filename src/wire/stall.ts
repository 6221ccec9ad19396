// Stall notices a link that is full and takes nothing more: its other end is gone, or does not read. As long as anything
// leaves, however slowly, it is a slow link and no stall.

export interface StallOptions {
  readonly ms: number;
  // isFull says that there still is no room.
  isFull(): boolean;
  // left is a count that goes up whenever the link took something.
  left(): number;
  stalled(): void;
}

export class Stall {
  readonly #options: StallOptions;
  #timer: number | undefined;
  #left = 0;

  constructor(options: StallOptions) {
    this.#options = options;
  }

  // full notes that something waits for room in the link; free, that nothing does any more.
  full(): void {
    if (this.#timer !== undefined) return;
    this.#left = this.#options.left();
    this.#timer = setTimeout(() => this.#look(), this.#options.ms);
  }

  free(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#options.isFull()) return;
    if (this.#options.left() > this.#left) this.full();
    else this.#options.stalled();
  }
}
