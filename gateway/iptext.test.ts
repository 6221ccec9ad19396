import { isIP } from "node:net";
import { describe, expect, test } from "vitest";
import { ParseIP, parseIPZone } from "../src/ip.js";
import { parseIP } from "./iptext.js";

const texts = [
  ..."0.0.0.0 127.0.0.1 255.255.255.255 01.2.3.4 1.2.3 1.2.3.4.5 1.2.3.256 127.1 0x7f.0.0.1 2130706433".split(
    " ",
  ),
  ...":: ::1 1:: 1::2 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1:2:3:4::5:6:7:8 ::ffff:1.2.3.4".split(
    " ",
  ),
  ...":::  1:::2 ::1:: 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 12345:: g:: : 1: :1 1.2.3.4:: ::1.2.3.4:5 ::1.2.3".split(
    " ",
  ),
  ...[
    "",
    " ",
    "1",
    "::1 ",
    "１２７.0.0.1",
    "1.2.3.4\0",
    "2001:DB8::A",
    "::01.2.3.4",
    "00001::",
    "0001::",
    "1:2:3:4:5:6:1.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
  ],
];

describe("parseIP", () => {
  test.each(texts)("agrees with the page about %j", (text) => {
    const ip = ParseIP(text);
    const read = parseIP(text);
    expect(read === null ? null : [...(read[1] as Uint8Array)]).toEqual(ip === null ? null : [...ip]);
  });

  test.each([
    "fe80::1%lo",
    "fe80::1%",
    "fe80::1%a%b",
    "%lo",
    "::%",
    "127.0.0.1%lo",
    "fe80::1%é",
    "%",
    "::1%%",
  ])("agrees about %j", (text) => {
    const [ip, zone] = parseIPZone(text);
    const read = parseIP(text);
    expect(read && [[...(read[1] as Uint8Array)], read[3]]).toEqual(ip && [[...ip], zone]);
  });

  test("takes nothing that Node's own parser refuses, zones aside", () => {
    for (const text of texts)
      if (parseIP(text) !== null) expect([text, isIP(text)]).toEqual([text, text.includes(":") ? 6 : 4]);
  });
});
