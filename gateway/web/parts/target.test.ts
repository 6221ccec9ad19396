import { expect, test } from "vitest";
import { maxRecent, Recent } from "./recent.js";
import { isNetwork, parseTarget, type Target } from "./target.js";

test.each([
  ["localhost:80", "tcp", "localhost:80"],
  ["  localhost:80\n", "tcp", "localhost:80"],
  ["tcp4://localhost:80", "tcp4", "localhost:80"],
  ["tcp6://[::1]:80/", "tcp6", "[::1]:80"],
  ["localhost 80", "tcp", "localhost:80"],
  ["::1 22", "tcp", "[::1]:22"],
  ["[::1] 22", "tcp", "[::1]:22"],
  // What is wrong stays as it is: Dial says what it is.
  ["localhost", "tcp", "localhost"],
  ["http://localhost", "tcp", "http://localhost"],
  ["udp://localhost:53", "tcp", "udp://localhost:53"],
  ["a b c", "tcp", "a b c"],
  ["", "tcp", ""],
])("parseTarget(%j)", (text, network, address) => {
  expect(parseTarget(text, "tcp")).toEqual({ network, address });
});

test("parseTarget keeps the network that was chosen if the text names none", () => {
  expect(parseTarget("a:1", "tcp6").network).toBe("tcp6");
});

test("isNetwork", () => {
  expect(["tcp", "tcp4", "tcp6"].every(isNetwork)).toBe(true);
  expect(["", "udp", "toString", undefined, 4].some(isNetwork)).toBe(false);
});

/** Store is a storage in memory that can be broken. */
class Store {
  value: string | null = null;
  isBroken = false;

  getItem(): string | null {
    return this.value;
  }

  setItem(_: string, value: string): void {
    if (this.isBroken) {
      throw new DOMException("full", "QuotaExceededError");
    }
    this.value = value;
  }
}

const target = (address: string): Target => ({ network: "tcp", address });

test("Recent keeps the newest first, each once, and not more than it may", () => {
  const store = new Store();
  const recent = new Recent("key", store);
  for (let i = 0; i < 2 * maxRecent; i++) {
    recent.add(target(`host:${i}`));
  }
  recent.add(target(`host:${2 * maxRecent - 2}`));
  expect(recent.targets).toHaveLength(maxRecent);
  expect(recent.targets.slice(0, 3).map((t) => t.address)).toEqual(["host:22", "host:23", "host:21"]);
  expect(new Recent("key", store).targets).toEqual(recent.targets);
  recent.clear();
  expect(new Recent("key", store).targets).toEqual([]);
});

test.each(["", "nonsense", "null", "{}", '[1,null,{"network":"udp","address":"a"},{"network":"tcp"}]'])(
  "Recent takes nothing from a storage that has %j",
  (stored) => {
    const store = new Store();
    store.value = stored;
    expect(new Recent("key", store).targets).toEqual([]);
  },
);

test("Recent lasts as long as the page if nothing can be stored", () => {
  const store = new Store();
  store.isBroken = true;
  for (const recent of [new Recent("key", store), new Recent("key", null)]) {
    recent.add(target("a:1"));
    expect(recent.targets).toEqual([target("a:1")]);
  }
});
