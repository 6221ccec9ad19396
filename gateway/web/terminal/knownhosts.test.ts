import { expect, test } from "vitest";
import { KnownHosts, maxKnownHosts } from "./knownhosts.js";

const key = (n: number) => ({ type: "ssh-ed25519", fingerprint: `SHA256:${n}` });

/** storage is what a browser has. */
function storage(initial: string | null = null) {
  let kept = initial;
  return {
    getItem: () => kept,
    setItem: (_: string, value: string) => {
      kept = value;
    },
  };
}

test("a host is known by its address, whatever the case, also to another page", () => {
  const shared = storage();
  new KnownHosts(shared).set("Example.com:22", key(1));
  expect(new KnownHosts(shared).get("example.COM:22")).toMatchObject(key(1));
  expect(new KnownHosts(shared).get("example.com:23")).toBeNull();
});

test("a key takes the place of the one before", () => {
  const hosts = new KnownHosts(storage());
  hosts.set("h:22", key(1));
  hosts.set("h:22", key(2));
  expect(hosts.get("h:22")).toMatchObject(key(2));
});

test("without a storage, or with one that is full, hosts are known as long as the page lasts", () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error("full");
    },
  };
  for (const kept of [null, full]) {
    const hosts = new KnownHosts(kept);
    hosts.set("h:22", key(1));
    expect(hosts.get("h:22")).toMatchObject(key(1));
  }
});

test.each([
  "",
  "{",
  "[]",
  "7",
  '{"h:22":7}',
  '{"h:22":{"type":"","fingerprint":"x","since":1}}',
  '{"h:22":null}',
])("what is stored may be anything: %j", (stored) => {
  expect(new KnownHosts(storage(stored)).get("h:22")).toBeNull();
});

test("names of the language's own objects are no hosts", () => {
  expect(new KnownHosts(storage("{}")).get("constructor")).toBeNull();
  expect(new KnownHosts(storage("{}")).get("__proto__")).toBeNull();
});

test("at the limit all are known; past it the one that was trusted first is forgotten", () => {
  const entries = Array.from({ length: maxKnownHosts }, (_, i) => [`h${i}:22`, { ...key(i), since: i }]);
  const hosts = new KnownHosts(storage(JSON.stringify(Object.fromEntries(entries))));
  expect(hosts.get("h0:22")).not.toBeNull();
  hosts.set("new:22", key(1));
  expect(hosts.get("h0:22")).toBeNull();
  expect(hosts.get("h1:22")).not.toBeNull();
  expect(hosts.get("new:22")).toMatchObject(key(1));
});
