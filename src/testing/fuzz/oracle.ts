// What must hold, whatever is sent.

/** Fault is a bug that the fuzzer found. */
export class Fault extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.name = "Fault";
  }
}

const plainKeys = Reflect.ownKeys(Object.prototype).map(String).join();
const arrayKeys = Reflect.ownKeys(Array.prototype).map(String).join();

/** checkPrototypes sees that nothing was added to what every object has. */
export function checkPrototypes(): void {
  const isSame =
    Reflect.ownKeys(Object.prototype).map(String).join() === plainKeys &&
    Reflect.ownKeys(Array.prototype).map(String).join() === arrayKeys;
  if (!isSame) throw new Fault("Object.prototype or Array.prototype was changed");
}

/** checkCore sees that a decoded value is made of the core types alone. */
export function checkCore(v: unknown): void {
  if (v === null) return;
  switch (typeof v) {
    case "boolean":
    case "number":
    case "string":
      return;
    case "object":
      if (Array.isArray(v)) {
        if (Object.getPrototypeOf(v) !== Array.prototype) break;
        for (let i = 0; i < v.length; i++) checkCore(v[i]);
        return;
      }
      if (Object.getPrototypeOf(v) === Uint8Array.prototype) return;
  }
  throw new Fault(`decoded to something else: ${Object.prototype.toString.call(v)}`);
}

/** slowMs is what our code may take for one frame. */
export const slowMs = 5;

// A turn of a busy machine can take longer than that: it counts only if it does every time.
const repeats = 12;

/** isSlowEachTime says whether work takes too long however often it is tried. */
export function isSlowEachTime(work: () => void): boolean {
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    work();
    if (performance.now() - start <= slowMs) return false;
  }
  return true;
}
