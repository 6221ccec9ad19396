// Gestures tell whether somebody has just pressed a key or a button in a window. A page cannot make these events up: they
// are what the system sent to the window.

// What a click leads to comes at once; a second is generous.
const freshMs = 1_000;

const gestures: ReadonlySet<string> = new Set([
  "mouseDown",
  "mouseUp",
  "rawKeyDown",
  "keyDown",
  "touchEnd",
  "gestureTap",
]);

export class Gestures {
  #at = Number.NEGATIVE_INFINITY;

  /** saw takes note of an input event of that type. */
  saw(type: string): void {
    if (gestures.has(type)) this.#at = performance.now();
  }

  /** use says whether there was one just now. Each is good for one thing. */
  use(): boolean {
    const isFresh = performance.now() - this.#at < freshMs;
    this.#at = Number.NEGATIVE_INFINITY;
    return isFresh;
  }
}
