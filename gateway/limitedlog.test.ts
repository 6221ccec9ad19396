import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { limitedLog } from "./limitedlog.js";
import { newLog } from "./log.js";

const burst = 200;

interface Line {
  readonly msg: string;
  readonly suppressed?: number;
  readonly n?: number;
}

let lines: Line[];
let log: ReturnType<typeof newLog>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  lines = [];
  log = limitedLog(newLog({ level: "info", sink: { write: (line) => lines.push(JSON.parse(line)) } }));
});
afterEach(() => {
  vi.useRealTimers();
});

describe("R11: a flood of lines", () => {
  test("a million of a kind are few, and the next one says how many were left out", () => {
    const flood = 1_000_000;
    for (let n = 0; n < flood; n++) log.info({ n }, "refused");
    expect(lines.length).toBe(burst);
    expect(lines.every(({ suppressed }) => suppressed === undefined)).toBe(true);
    vi.advanceTimersByTime(1000);
    log.info({ n: flood }, "refused");
    expect(lines.at(-1)).toMatchObject({ msg: "refused", n: flood, suppressed: flood - burst });
    log.info({}, "refused");
    expect(lines.at(-1)?.suppressed).toBeUndefined();
  });

  test("the last of them are told, though no other line comes", () => {
    for (let n = 0; n < burst + 5; n++) log.info({ n }, "refused");
    vi.advanceTimersByTime(4_999);
    expect(lines.length).toBe(burst);
    vi.advanceTimersByTime(1);
    expect(lines.at(-1)).toMatchObject({ msg: "refused", suppressed: 5 });
  });

  test("other kinds, and errors of our own, are written all the same", () => {
    for (let n = 0; n < burst + 5; n++) log.info({ n }, "refused");
    log.info({}, "session");
    expect(lines.at(-1)?.msg).toBe("session");
    for (let n = 0; n < burst + 5; n++) log.error({ n }, "operation failed");
    expect(lines.filter(({ msg }) => msg === "operation failed").length).toBe(burst + 5);
  });
});
