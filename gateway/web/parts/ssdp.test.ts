import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSSDP, searchMessage } from "./ssdp.js";

const parse = (text: string) => parseSSDP(new TextEncoder().encode(text));
const headerOf = (text: string) => Object.fromEntries(parse(text)?.header ?? []);

test("reads a response, whatever the case of its names", () => {
  const text =
    "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nLocation: http://192.0.2.1/a.xml\r\nst:upnp:rootdevice\r\nEXT:\r\n\r\n";
  expect(parse(text)?.kind).toBe("response");
  expect(headerOf(text)).toEqual({
    "CACHE-CONTROL": "max-age=1800",
    LOCATION: "http://192.0.2.1/a.xml",
    ST: "upnp:rootdevice",
    EXT: "",
  });
});

test("reads a notice", () => {
  expect(parse("NOTIFY * HTTP/1.1\nNTS: ssdp:byebye\n")?.kind).toBe("notify");
  expect(headerOf("NOTIFY * HTTP/1.1\nNTS: ssdp:byebye\n")).toEqual({ NTS: "ssdp:byebye" });
});

test.each([
  "",
  "GET / HTTP/1.1\r\n",
  "HTTP/1.1 404 Not Found\r\n",
  "HTTP/2 200\r\n",
  new TextDecoder().decode(searchMessage("g", 1)),
])("is none: %j", (text) => {
  expect(parse(text)).toBeNull();
});

test("the first value of a name holds, and no name is special", () => {
  const text =
    "HTTP/1.1 200 OK\r\nUSN: one\r\nUSN: two\r\n__proto__: x\r\nconstructor: y\r\nno colon\r\n: empty\r\na b: c\r\n";
  expect([...(parse(text)?.header ?? [])]).toEqual([
    ["USN", "one"],
    ["__PROTO__", "x"],
    ["CONSTRUCTOR", "y"],
  ]);
});

test("so many lines and so long values are read, and no more", () => {
  const lines = Array.from({ length: 65 }, (_, i) => `H${i}: ${"v".repeat(1025)}`).join("\r\n");
  const header = parse(`HTTP/1.1 200 OK\r\n${lines}`)?.header;
  expect(header?.size).toBe(64);
  expect(header?.get("H0")).toHaveLength(1024);
});

test("whatever the bytes are, it ends without an error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      parseSSDP(Uint8Array.from([...new TextEncoder().encode("HTTP/1.1 200 OK\r\n"), ...bytes]));
    }),
    { numRuns: 1000 },
  );
});
