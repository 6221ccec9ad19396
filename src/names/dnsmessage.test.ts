import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeQuestion, MalformedError, Message, maxPacketBytes, recordType } from "./dnsmessage.js";

const question = { id: 0x1234, name: "a.test.", type: recordType.A };

// A message in hexadecimal: id 1234, response, recursion available, one question for a.test. A, then the answers.
const asked = "01610474657374 00 0001 0001";
function message(answers: string, count: number, flags = "8180"): Message {
  return new Message(
    bytes(`1234 ${flags} 0001 ${count.toString(16).padStart(4, "0")} 0000 0000 ${asked} ${answers}`),
  );
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

// answers gives a message whose question was read.
function answers(hex: string, count = 1): Message {
  const m = message(hex, count);
  expect(m.answersTo(question)).toBe(true);
  return m;
}

const owner = "c00c"; // the name of the question
const a = `${owner} 0001 0001 00000000 0004 c0000201`;

describe("encodeQuestion", () => {
  test("writes header, question and EDNS(0)", () => {
    const option = `00 0029 ${maxPacketBytes.toString(16).padStart(4, "0")} 00000000 0000`;
    expect(encodeQuestion(question)).toEqual(bytes(`1234 0100 0001 0000 0000 0001 ${asked} ${option}`));
  });

  test("writes the root", () => {
    expect(encodeQuestion({ ...question, name: "." })?.slice(12, 15)).toEqual(bytes("00 0001"));
  });

  test.each(["a.test", "a..test.", ".a.", `${"a".repeat(64)}.`, `${"a.".repeat(128)}`, ""])(
    "refuses %j",
    (name) => {
      expect(encodeQuestion({ ...question, name })).toBe(null);
    },
  );

  test("takes the longest label", () => {
    expect(encodeQuestion({ ...question, name: `${"a".repeat(63)}.` })?.[12]).toBe(63);
  });
});

describe("Message", () => {
  test("reads the header", () => {
    expect(message("", 3, "8683").header).toEqual({
      id: 0x1234,
      isResponse: true,
      isAuthoritative: true,
      isTruncated: true,
      canRecurse: true,
      code: 3,
      questions: 1,
      answers: 3,
    });
    expect(message("", 0, "0000").header).toMatchObject({ isResponse: false, canRecurse: false, code: 0 });
  });

  test.each([
    ["another id", { id: 0x1235 }],
    ["another name", { name: "b.test." }],
    ["a longer name", { name: "a.test.test." }],
    ["another type", { type: recordType.AAAA }],
  ])("does not answer a question with %s", (_, other) => {
    expect(message("", 0).answersTo({ ...question, ...other })).toBe(false);
  });

  test("answers a question whose letters the server wrote in another case", () => {
    expect(message("", 0).answersTo({ ...question, name: "A.TeSt." })).toBe(true);
  });

  test("does not answer if it is a question itself", () => {
    expect(message("", 0, "0100").answersTo(question)).toBe(false);
  });

  test.each([
    ["A", a, (m: Message) => m.address(), bytes("c0000201")],
    [
      "AAAA",
      `${owner} 001c 0001 00000000 0010 20010db8000000000000000000000001`,
      (m: Message) => m.address(),
      bytes("20010db8000000000000000000000001"),
    ],
    ["NS", `${owner} 0002 0001 00000000 0004 016e c00e`, (m: Message) => m.host(), "n.test."],
    ["MX", `${owner} 000f 0001 00000000 0006 000a 016d c00e`, (m: Message) => m.mx(), [10, "m.test."]],
    ["MX of the root", `${owner} 000f 0001 00000000 0003 0000 00`, (m: Message) => m.mx(), [0, "."]],
    [
      "SRV",
      `${owner} 0021 0001 00000000 0009 0001 0002 0050 017300`,
      (m: Message) => m.srv(),
      ["s.", 80, 1, 2],
    ],
    ["TXT", `${owner} 0010 0001 00000000 0007 026162 00 0263c3`, (m: Message) => m.txt(), bytes("616263c3")],
    ["TXT without a string", `${owner} 0010 0001 00000000 0000`, (m: Message) => m.txt(), bytes("")],
    [
      "a label with a dot, a zero and a byte over 127",
      `${owner} 0002 0001 00000000 0005 03612e00 00`,
      (m: Message) => m.host(),
      "a.\0.",
    ],
  ])("reads %s", (_, hex, take, want) => {
    const m = answers(hex);
    expect(m.next()?.name).toBe("a.test.");
    expect(take(m)).toEqual(want);
    expect(m.next()).toBe(null);
  });

  test("gives what it reads memory of its own", () => {
    const all = bytes(`1234 8180 0001 0001 0000 0000 ${asked} ${a}`);
    const m = new Message(all);
    m.answersTo(question);
    const address = m.address();
    all.fill(0);
    expect(address).toEqual(bytes("c0000201"));
  });

  test("skips records", () => {
    const m = answers(`${owner} 0005 0001 00000000 0002 c00c ${a}`, 2);
    expect(m.next()?.type).toBe(recordType.CNAME);
    m.skip();
    expect(m.address()).toEqual(bytes("c0000201"));
  });

  test.each([
    ["a header that is cut", () => new Message(bytes("1234 8180 0001 0000 0000 00"))],
    ["no question", () => new Message(bytes("1234 8180 0000 0000 0000 0000")).answersTo(question)],
    [
      "a question that is cut",
      () => new Message(bytes("1234 8180 0001 0000 0000 0000 0161")).answersTo(question),
    ],
    ["an answer that is not there", () => answers("").next()],
    ["a name that points to itself", () => answers("c018 0001").next()],
    ["two names that point to each other", () => answers("c01a c018 0001").next()],
    ["a name that points behind the end", () => answers("c0ff 0001").next()],
    ["a pointer that is cut", () => answers("c0").next()],
    ["a label of a reserved kind", () => answers("40 0001").next()],
    ["a name of 256 bytes", () => answers(`${`3f${"61".repeat(63)}`.repeat(4)}00`).next()],
    ["a header of a record that is cut", () => answers(`${owner} 0001 0001 000000`).next()],
    ["an address that is cut", () => answers(`${owner} 0001 0001 00000000 0004 c000`).address()],
    ["data that is cut, when skipped", () => answers(`${owner} 0001 0001 00000000 0004 c000`).skip()],
    ["a compressed name in SRV", () => answers(`${owner} 0021 0001 00000000 0008 000100020050 c00c`).srv()],
    [
      "a string longer than its record",
      () => answers(`${owner} 0010 0001 00000000 0002 0561 00000000`).txt(),
    ],
    ["a string longer than the message", () => answers(`${owner} 0010 0001 00000000 0006 0561`).txt()],
    ["more taken than there is", () => answers("", 0).address()],
  ])("is malformed with %s", (_, read) => {
    expect(read).toThrow(MalformedError);
  });

  test("ends or is malformed, whatever the bytes", () => {
    const takes = [
      (m: Message) => m.skip(),
      (m: Message) => m.address(),
      (m: Message) => m.host(),
      (m: Message) => m.mx(),
      (m: Message) => m.srv(),
      (m: Message) => m.txt(),
    ];
    const any = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: takes.length - 1 }));
    fc.assert(
      fc.property(any, ([rest, i]) => {
        const head = bytes(`1234 8180 0001 ffff 0000 0000 ${asked}`);
        const m = new Message(Uint8Array.from([...head, ...rest]));
        m.answersTo(question);
        // An answer takes eleven bytes or more, so there are never more than this.
        for (let n = 0; n <= rest.length / 11; n++) {
          try {
            if (m.next() === null) return;
            takes[i]?.(m);
          } catch (err) {
            expect(err).toBeInstanceOf(MalformedError);
            return;
          }
        }
        expect.unreachable("more answers than bytes for them");
      }),
    );
  });
});
