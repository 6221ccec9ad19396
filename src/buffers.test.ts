import { expect, test } from "vitest";
import { Buffers } from "./buffers.js";
import { Is, New } from "./errors.js";
import { withCount } from "./errorvalue.js";
import { EOF } from "./io.js";

const make = (...runs: string[]): Buffers => new Buffers(...runs.map((s) => new TextEncoder().encode(s)));
const texts = (v: Buffers): string[] => v.map((b) => new TextDecoder().decode(b));

test("Read takes from the front, and says with the last bytes that they were the last", () => {
  const v = make("abc", "", "de");
  const p = new Uint8Array(4);
  expect(v.Read(p)).toBe(4);
  expect([new TextDecoder().decode(p), texts(v)]).toEqual(["abcd", ["e"]]);
  let err: unknown;
  try {
    v.Read(p);
  } catch (e) {
    err = e;
  }
  expect([Is(err, EOF), (err as { n: number }).n, p[0], v.length]).toEqual([true, 1, 0x65, 0]);
  expect(() => v.Read(p)).toThrow(EOF);
});

test("WriteTo writes each run and leaves nothing", async () => {
  const v = make("abc", "de");
  const got: string[] = [];
  const w = {
    async Write(b: Uint8Array): Promise<number> {
      got.push(new TextDecoder().decode(b));
      return b.length;
    },
  };
  expect([await v.WriteTo(w), got, v.length]).toEqual([5, ["abc", "de"], 0]);
});

test("WriteTo that fails leaves what was not written", async () => {
  const v = make("abc", "defg");
  let calls = 0;
  const w = {
    async Write(b: Uint8Array): Promise<number> {
      if (calls++ > 0) {
        throw withCount(New("full"), 2);
      }
      return b.length;
    },
  };
  await expect(v.WriteTo(w)).rejects.toMatchObject({ message: "full", n: 5 });
  expect(texts(v)).toEqual(["fg"]);
});
