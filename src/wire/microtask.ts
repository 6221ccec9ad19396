const settled = Promise.resolve();

// By way of a promise it costs a third of what queueMicrotask costs in Node, and less than that in Chromium.
let microtask = (run: () => void): void => {
  settled.then(run);
};

// soon calls run, which must not throw, when the code that runs now has ended.
export function soon(run: () => void): void {
  microtask(run);
}

// testHookMicrotask has a simulation run what soon is given.
export function testHookMicrotask(simulated: (run: () => void) => void): void {
  microtask = simulated;
}
