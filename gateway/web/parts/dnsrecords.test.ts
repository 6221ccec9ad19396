import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeQuestions, firstLabel, labelsOf, MalformedError, parseResponse } from "./dnsrecords.js";

const header = (answers: number, flags = 0x8400): number[] => [
  0,
  0,
  flags >> 8,
  0,
  0,
  0,
  0,
  answers,
  0,
  0,
  0,
  0,
];
const label = (text: string | number[]): number[] => {
  const bytes = typeof text === "string" ? [...new TextEncoder().encode(text)] : text;
  return [bytes.length, ...bytes];
};
const name = (...labels: (string | number[])[]): number[] => [...labels.flatMap(label), 0];
const record = (owner: number[], type: number, data: number[], length = data.length): number[] => [
  ...owner,
  0,
  type,
  0x80, // the flag of multicast DNS that others are to forget
  1,
  0,
  0,
  0,
  120,
  length >> 8,
  length & 0xff,
  ...data,
];
const parse = (answers: number, ...bytes: number[][]) =>
  parseResponse(Uint8Array.from([...header(answers), ...bytes.flat()]));

test("reads the records of a service", () => {
  const owner = name("My. Printer\\", "_ipp", "_tcp", "local");
  expect(
    parse(
      5,
      record(name("_ipp", "_tcp", "local"), 12, owner),
      record(owner, 33, [0, 0, 0, 0, 2, 119, ...name("printer", "local")]),
      record(owner, 16, [...label("txtvers=1"), 0, ...label([0xff])]),
      record(name("printer", "local"), 1, [192, 0, 2, 7]),
      record(name("printer", "local"), 47, [1, 2, 3]),
    ),
  ).toEqual([
    { name: "_ipp._tcp.local", ttl: 120, type: "PTR", target: "My\\. Printer\\\\._ipp._tcp.local" },
    { name: "My\\. Printer\\\\._ipp._tcp.local", ttl: 120, type: "SRV", port: 631, target: "printer.local" },
    {
      name: "My\\. Printer\\\\._ipp._tcp.local",
      ttl: 120,
      type: "TXT",
      strings: [new TextEncoder().encode("txtvers=1"), Uint8Array.of(0xff)],
    },
    { name: "printer.local", ttl: 120, type: "A", address: Uint8Array.of(192, 0, 2, 7) },
  ]);
});

test("follows a pointer to a name that was there before", () => {
  const first = record(name("a", "local"), 12, [1, 0x62, 0xc0, 14]);
  expect(parse(2, first, record([0xc0, 12], 12, [0xc0, 12]))).toEqual([
    { name: "a.local", ttl: 120, type: "PTR", target: "b.local" },
    { name: "a.local", ttl: 120, type: "PTR", target: "a.local" },
  ]);
});

test("a question is no response", () => {
  expect(parseResponse(encodeQuestions([{ name: "a.local", type: "A" }]))).toBeNull();
});

describe("refuses", () => {
  const owner = name("a");
  test.each<[string, number, number[]]>([
    ["less than a header", 0, []],
    ["a record that is not there", 1, []],
    ["a name that breaks off", 1, [3, 0x61]],
    ["a pointer to itself", 1, record([0xc0, 12], 12, [0])],
    ["a pointer forwards", 1, record([0xc0, 40], 12, [0])],
    ["two pointers that point at each other", 1, [0xc0, 14, 0xc0, 12, 0, 0]],
    ["a label of 64 bytes", 1, record([64, ...new Array(64).fill(0x61), 0], 12, [0])],
    ["a name of 256 bytes", 1, record([...new Array(4).fill(label("x".repeat(63))).flat(), 0], 12, [0])],
    ["an address of three bytes", 1, record(owner, 1, [1, 2, 3])],
    ["an address of five bytes", 1, record(owner, 1, [1, 2, 3, 4, 5])],
    ["data longer than the message", 1, record(owner, 16, [1, 0x61], 9)],
    [
      "a string longer than its record",
      2,
      [...record(owner, 16, [9, 0x61]), ...record(owner, 1, [1, 2, 3, 4])],
    ],
    ["a name longer than its record", 1, record(owner, 12, [1, 0x61, 0], 1)],
    ["a name shorter than its record", 1, record(owner, 12, [0, 0])],
    ["a port that breaks off", 1, record(owner, 33, [0, 0, 0])],
  ])("%s", (what, answers, bytes) => {
    const message = what === "less than a header" ? new Uint8Array([0, 0, 0x84]) : null;
    expect(() => (message === null ? parse(answers, bytes) : parseResponse(message))).toThrow(MalformedError);
  });
});

test("whatever the bytes are, it ends, with records or with MalformedError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(40), (bytes, answers) => {
      try {
        parseResponse(Uint8Array.from([...header(answers), ...bytes]));
      } catch (err) {
        expect(err).toBeInstanceOf(MalformedError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a name that was read can be asked for: no byte of a label changes", () => {
  const labels = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(labels, (parts) => {
      const bytes = parts.map((part) => [...part]);
      const [read] = parse(1, record(name("o"), 12, name(...bytes))) ?? [];
      expect(read?.type === "PTR" && labelsOf(read.target)).toEqual(bytes);
      const [question] = [encodeQuestions([{ name: (read as { target: string }).target, type: "A" }])];
      expect([...question].slice(12, -4)).toEqual(name(...bytes));
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["My\\. Printer\\\\._ipp._tcp.local", "My. Printer\\", "_ipp._tcp.local"],
  ["a", "a", ""],
  ["", "", ""],
])("the first label of %s", (of, first, rest) => {
  expect(firstLabel(of)).toEqual([first, rest]);
});

test.each(["", "a..b", "x".repeat(64), `${"x.".repeat(127)}x`])(
  "asks for no name that has no encoding",
  (bad) => {
    expect(() => encodeQuestions([{ name: bad, type: "A" }])).toThrow(MalformedError);
  },
);
