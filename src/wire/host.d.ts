// The handful of host functions the protocol may use; both browsers and Node have them.
declare function setTimeout(callback: () => void, ms?: number): number;
declare function clearTimeout(timer: number | undefined): void;
declare function queueMicrotask(callback: () => void): void;
declare const performance: { now(): number };
