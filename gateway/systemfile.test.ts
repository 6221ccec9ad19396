import { mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fieldsOf, leadingNumber, SystemFile } from "./systemfile.js";

describe("SystemFile", () => {
  let folder: string;
  let path: string;
  let now = 0;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gonet-"));
    path = join(folder, "file");
    vi.spyOn(performance, "now").mockImplementation(() => now);
  });

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  test("is read again when it has changed, but not looked at all the time", async () => {
    writeFileSync(path, "one");
    const parse = vi.fn((text: string | null) => text);
    const file = new SystemFile(path, parse);
    expect(await Promise.all([file.read(), file.read()])).toEqual(["one", "one"]);
    expect(parse).toHaveBeenCalledTimes(1);
    writeFileSync(path, "three");
    now += 4999;
    expect(await file.read()).toBe("one");
    now += 1;
    expect(await file.read()).toBe("three");
    now += 5000;
    expect(await file.read()).toBe("three");
    expect(parse).toHaveBeenCalledTimes(2);
  });

  test("sees a change that keeps the size", async () => {
    writeFileSync(path, "one");
    const file = new SystemFile(path, (text) => text);
    await file.read();
    writeFileSync(path, "two");
    utimesSync(path, 1, 1);
    now += 5000;
    expect(await file.read()).toBe("two");
  });

  test("that is not there, or goes, is null", async () => {
    const file = new SystemFile(path, (text) => text);
    expect(await file.read()).toBe(null);
    writeFileSync(path, "here");
    now += 5000;
    expect(await file.read()).toBe("here");
    unlinkSync(path);
    now += 5000;
    expect(await file.read()).toBe(null);
  });
});

describe("leadingNumber", () => {
  test.each([
    ["80/tcp", { n: 80, digits: 2 }],
    ["007", { n: 7, digits: 3 }],
    ["", null],
    ["x1", null],
    ["-1", null],
    ["16777214", { n: 16777214, digits: 8 }],
    ["16777215", null],
  ])("of %j is %o", (text, want) => {
    expect(leadingNumber(text)).toEqual(want);
  });
});

describe("fieldsOf", () => {
  test("splits at blanks of ASCII only", () => {
    expect(fieldsOf(" a\tb  c\u00a0d\ve\r")).toEqual(["a", "b", "c\u00a0d\ve"]);
  });
});
