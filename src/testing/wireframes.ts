// One frame of each type and more, with its bytes written out by hand from the msgpack specification: what
// the tests of the wire have in common.

import { type ControlFrame, frameType as T } from "../wire/frame.js";

export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

export function toHex(b: Uint8Array): string {
  return Buffer.from(b.buffer, b.byteOffset, b.length).toString("hex");
}

const loopback = new Uint8Array([127, 0, 0, 1]);

export const frameTests: readonly (readonly [frame: ControlFrame, hex: string])[] = [
  [[T.hello, 1, ["resume"], null, null, 1, 0, "a"], "98 01 01 91a6726573756d65 c0 c0 01 00 a161"],
  [[T.hello, 1, [], "s", new Uint8Array([1, 2]), 2, 300, ""], "98 01 01 90 a173 c4020102 02 cd012c a0"],
  [
    [T.welcome, 1, [], "id", null, 1, 0, 120_000, [["streams", 1024]], "gw"],
    "9a 02 01 90 a26964 c0 01 00 ce0001d4c0 9192a773747265616d73cd0400 a26777",
  ],
  [[T.ack, 0], "92 03 00"],
  [[T.ack, 64], "92 03 40"],
  [[T.ack, 2 ** 32], "92 03 cb41f0000000000000"],
  [[T.ping, 7], "92 04 07"],
  [[T.pong, 7], "92 05 07"],
  [[T.drain, 30_000], "92 06 cd7530"],
  [[T.goodbye, 4400, "malformed"], "93 07 cd1130 a96d616c666f726d6564"],
  [
    [T.open, 1, "dial", ["tcp", [4, loopback, 80], null, []]],
    "94 10 01 a46469616c 94a37463709304c4047f00000150c090",
  ],
  [
    [
      T.opened,
      1,
      [
        [4, loopback, 4000],
        [4, loopback, 80],
      ],
    ],
    "93 11 01 92 9304c4047f000001cd0fa0 9304c4047f00000150",
  ],
  [
    [T.refused, 1, ["errno", "connect", "ECONNREFUSED"], null, [4, loopback, 80]],
    "95 12 01 93a56572726e6fa7636f6e6e656374ac45434f4e4e52454655534544 c0 9304c4047f00000150",
  ],
  [[T.credit, 0, 4_194_304], "93 14 00 ce00400000"],
  [[T.credit, 1, 262_144], "93 14 01 ce00040000"],
  [[T.fin, 1], "92 15 01"],
  [[T.reset, 1, ["errno", "", "ECONNRESET"]], "93 16 01 93a56572726e6fa0aa45434f4e4e5245534554"],
  [[T.close, 0xffff_ffff], "92 17 ceffffffff"],
  [[T.accepted, 1, 2, []], "94 18 01 02 90"],
  [[T.cancel, 1], "92 19 01"],
  [[T.call, 1, 0, "port", ["tcp", "http"]], "95 1a 01 00 a4706f7274 92a3746370a468747470"],
  [[T.return, 1, [80], false], "94 1b 01 9150 c2"],
  [[T.return, 1, [], true], "94 1b 01 90 c3"],
  [[T.throw, 1, ["network", "tcp5"]], "93 1c 01 92a76e6574776f726ba474637035"],
  [[T.sent, 3, 0, null], "94 1d 03 00 c0"],
  [[T.sent, 3, 20, ["errno", "sendto", "EPERM"]], "94 1d 03 14 93a56572726e6fa673656e64746fa5455045524d"],
  [[T.fault, 3, ["errno", "", "ECONNREFUSED"]], "93 1e 03 93a56572726e6fa0ac45434f4e4e52454655534544"],
];
