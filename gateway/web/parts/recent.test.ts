import { expect, test } from "vitest";
import { maxRecent, Recent } from "./recent.js";
import { isParams } from "./recentlinks.js";
import { isTarget } from "./target.js";

// storage holds one text, as a browser would.
function storage(text: string | null) {
  return {
    text,
    getItem() {
      return this.text;
    },
    setItem(_: string, text: string) {
      this.text = text;
    },
  };
}

const target = (address: string) => ({ network: "tcp" as const, address });

test("the newest is first, and each is there once", () => {
  const kept = storage(null);
  const recent = new Recent("k", kept, isTarget);
  for (const address of ["a:1", "b:2", "a:1"]) recent.add(target(address));
  expect(recent.items).toEqual([target("a:1"), target("b:2")]);
  expect(new Recent("k", kept, isTarget).items).toEqual(recent.items);
  recent.clear();
  expect(new Recent("k", kept, isTarget).items).toEqual([]);
});

test("so many are kept, and no more", () => {
  const recent = new Recent("k", null, isTarget);
  for (let port = 1; port <= maxRecent + 1; port++) recent.add(target(`a:${port}`));
  expect(recent.items).toHaveLength(maxRecent);
  expect(recent.items.at(-1)).toEqual(target("a:2"));
});

test.each([
  "",
  "{",
  "{}",
  "null",
  '"tcp"',
  '[1, null, "a:1", {}, [], {"network":"sctp","address":"a:1"}, {"network":"tcp","address":""}]',
  `[{"network":"tcp","address":"${"a".repeat(301)}"}]`,
])("what is stored as %s is left out", (text) => {
  expect(new Recent("k", storage(text), isTarget).items).toEqual([]);
});

test("a storage that refuses leaves the list as long as the page", () => {
  const refusing = {
    getItem: () => null,
    setItem: () => {
      throw new Error("full");
    },
  };
  const recent = new Recent("k", refusing, isTarget);
  recent.add(target("a:1"));
  expect(recent.items).toEqual([target("a:1")]);
});

test.each([
  [{ host: "a" }, true],
  [{ host: "a".repeat(1000) }, true],
  [{ host: "a".repeat(1001) }, false],
  [{}, false],
  [{ host: 1 }, false],
  [["a"], false],
  [null, false],
  ["a", false],
  [Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`p${i}`, ""])), true],
  [Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`p${i}`, ""])), false],
])("parameters of a route: %j", (v, is) => {
  expect(isParams(v)).toBe(is);
});
