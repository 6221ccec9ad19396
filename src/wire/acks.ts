// Acks counts what was received and decides when to acknowledge it (docs/protocol.md, part 9).

const ackAfterFrames = 64;
const ackAfterData = 256 * 1024; // half of what a link that does not tell what waits may have under way
const ackAfterBytes = 64 * 1024; // of other frames, a quarter of what a gateway keeps of them
const ackAfterMs = 100;

export class Acks {
  readonly #due: () => void;
  #frames = 0; // numbered frames, bytes of data and other bytes since the last ACK
  #data = 0;
  #bytes = 0;
  #timer: number | undefined;
  // isDue says that an ACK is to be sent now.
  isDue = false;

  // due is called when isDue has become true.
  constructor(due: () => void) {
    this.#due = due;
  }

  // pending says that there is something to acknowledge.
  get pending(): boolean {
    return this.#frames > 0;
  }

  // count notes what a message brought.
  count(frames: number, data: number, bytes: number): void {
    this.#frames += frames;
    this.#data += data;
    this.#bytes += bytes;
    if (this.#frames >= ackAfterFrames || this.#data >= ackAfterData || this.#bytes >= ackAfterBytes) {
      this.isDue = true;
      this.#due();
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.isDue = true;
        this.#due();
      }, ackAfterMs);
    }
  }

  // reset begins to count anew: everything is acknowledged, or there is nobody to tell.
  reset(): void {
    this.isDue = false;
    this.#frames = 0;
    this.#data = 0;
    this.#bytes = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
