import fc from "fast-check";
import { Packr } from "msgpackr";
import { afterAll, describe, expect, test, vi } from "vitest";
import { frameTests, hex, toHex } from "../testing/wireframes.js";
import { testSeed } from "../testing/wirerandom.js";
import { closeCode, type FailureReason, maxReasonChars, WireError } from "./errors.js";
import {
  type ControlFrame,
  dataPrefixBytes,
  decode,
  encode,
  type Frame,
  describe as frameLine,
  frameType,
  maxControlBytes,
  maxID,
  maxMessageBytes,
  maxPayloadBytes,
  type PayloadType,
  protocolVersion,
  subprotocol,
  frameType as T,
  writePrefix,
} from "./frame.js";
import { defaultLimits } from "./limits.js";

const packr = new Packr({ useRecords: false });
const prototypeKeys = Reflect.ownKeys(Object.prototype).length;

// A decoder that made code out of bytes would show here.
const functionSpy = vi.spyOn(globalThis, "Function");

afterAll(() => {
  expect(Reflect.ownKeys(Object.prototype)).toHaveLength(prototypeKeys);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(functionSpy).not.toHaveBeenCalled();
  functionSpy.mockRestore();
});

function frames(message: Uint8Array): Frame[] {
  const all: Frame[] = [];
  decode(message, (frame) => {
    all.push(frame);
    return true;
  });
  return all;
}

// refusal is the reason for which message is refused, or null if it is legal.
function refusal(message: Uint8Array): FailureReason | null {
  try {
    frames(message);
    return null;
  } catch (err) {
    if (err instanceof WireError) return err.reason;
    throw err;
  }
}

function dataFrame(id: number, payload: Uint8Array, type: PayloadType = T.data): Uint8Array {
  const frame = new Uint8Array(dataPrefixBytes + payload.length);
  frame.set(payload, dataPrefixBytes);
  writePrefix(frame, type, id);
  return frame;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

describe("numbers", () => {
  test("frame types are those of the protocol", () => {
    expect(frameType).toEqual({
      hello: 1,
      welcome: 2,
      ack: 3,
      ping: 4,
      pong: 5,
      drain: 6,
      goodbye: 7,
      dgram: 8,
      open: 16,
      opened: 17,
      refused: 18,
      data: 19,
      credit: 20,
      fin: 21,
      reset: 22,
      close: 23,
      accepted: 24,
      cancel: 25,
      call: 26,
      return: 27,
      throw: 28,
      sent: 29,
      fault: 30,
      record: 31,
    });
  });

  test("close codes are those of the protocol", () => {
    expect(closeCode).toEqual({
      goodbye: 1000,
      goingAway: 1001,
      text: 1003,
      broken: 1006,
      limit: 1008,
      tooBig: 1009,
      protocol: 4400,
      token: 4401,
      forbidden: 4403,
      noSession: 4404,
      helloTimeout: 4408,
      superseded: 4409,
      wrongGateway: 4421,
      tooMuch: 4429,
      internal: 4500,
      draining: 4503,
    });
  });

  test("version and sizes are those of the protocol", () => {
    expect(protocolVersion).toBe(1);
    expect(subprotocol).toBe("gonet.v1");
    expect(dataPrefixBytes).toBe(12);
    expect(maxPayloadBytes).toBe(262_144);
    expect(maxControlBytes).toBe(16_384);
    expect(maxMessageBytes).toBe(278_528);
    expect(maxID).toBe(2 ** 32 - 1);
    expect(maxReasonChars).toBe(40);
  });

  test("limits are those of the protocol", () => {
    expect(defaultLimits).toMatchObject({
      streams: 1024,
      streamWindow: 262_144,
      sessionWindow: 16_777_216,
      replayBytes: 4_194_304,
      controlBytes: 262_144,
      linkBuffer: 524_288,
      helloMs: 10_000,
      pingMs: 15_000,
      deadMs: 45_000,
    });
  });
});

describe("control frames", () => {
  test.each(frameTests)("%j", (frame, bytes) => {
    expect(toHex(encode(frame))).toBe(bytes.replaceAll(" ", ""));
    expect(frames(hex(bytes))).toEqual([frame]);
  });

  test("the table has every type", () => {
    const types = new Set<number>(frameTests.map(([frame]) => frame[0]));
    expect(Object.values(frameType).filter((type) => !types.has(type))).toEqual([T.dgram, T.data, T.record]);
  });

  test("several in one message come in order, and each can stop the rest", () => {
    const message = join(...frameTests.map(([, bytes]) => hex(bytes)), dataFrame(1, hex("616263")));
    const all = frames(message);
    expect(all.slice(0, -1)).toEqual(frameTests.map(([frame]) => frame));
    expect(all.at(-1)).toEqual([T.data, 1, hex("616263")]);

    let seen = 0;
    decode(message, () => ++seen < 3);
    expect(seen).toBe(3);
  });

  test("frames before a broken one are handed over", () => {
    const seen: Frame[] = [];
    const message = hex("920401 920402 92");
    expect(() => decode(message, (f) => seen.push(f) > 0)).toThrow(WireError);
    expect(seen).toEqual([
      [T.ping, 1],
      [T.ping, 2],
    ]);
  });

  test("a decoded byte string has memory of its own and is a plain Uint8Array", () => {
    const message = new Uint8Array(hex("98 01 01 90 a173 c4020102 02 00 a0"));
    const [frame] = frames(message);
    const key = frame?.[4] as Uint8Array;
    expect(Object.getPrototypeOf(key)).toBe(Uint8Array.prototype);
    message.fill(0);
    expect(key).toEqual(hex("0102"));
    expect(key.buffer.byteLength).toBe(2);
  });

  test("an encoded frame has memory of its own", () => {
    const bytes = encode([T.ping, 1]);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
  });

  test("every int, uint and float form of a uint is the same", () => {
    for (const one of ["01", "cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001"])
      expect(frames(hex(`9204${one}`)), one).toEqual([[T.ping, 1]]);
    for (const one of ["d200000001", "d30000000000000001", "cb3ff0000000000000"])
      expect(frames(hex(`9204${one}`)), one).toEqual([[T.ping, 1]]);
    expect(frames(hex("9204cf001fffffffffffff"))).toEqual([[T.ping, Number.MAX_SAFE_INTEGER]]);
    expect(frames(hex("9204cb433fffffffffffff"))).toEqual([[T.ping, Number.MAX_SAFE_INTEGER]]);
  });

  test("array and text may use longer forms than needed", () => {
    expect(frames(hex("dc0002 04 01"))).toEqual([[T.ping, 1]]);
    expect(frames(hex("dd00000002 cc04 01"))).toEqual([[T.ping, 1]]);
    for (const empty of ["a0", "d900", "da0000", "db00000000"])
      expect(frames(hex(`9307cd1130${empty}`)), empty).toEqual([[T.goodbye, 4400, ""]]);
  });
});

describe("DATA and DGRAM", () => {
  test("their bytes", () => {
    expect(toHex(dataFrame(1, hex("ff")))).toBe("9313ce00000001c600000001ff");
    expect(toHex(dataFrame(0xdeadbeef, hex("")))).toBe("9313cedeadbeefc600000000");
    expect(toHex(dataFrame(2, hex("0102"), T.dgram))).toBe("9308ce00000002c6000000020102");
    expect(toHex(dataFrame(2, hex("0102"), T.record))).toBe("931fce00000002c6000000020102");
  });

  test("the payload is a view on the message", () => {
    const message = dataFrame(0xffff_ffff, hex("010203"));
    const [frame] = frames(message);
    expect(frame).toEqual([T.data, 0xffff_ffff, hex("010203")]);
    expect(frame?.[2]).toHaveProperty("buffer", message.buffer);
  });

  test("a message that is itself a view is read at its own offset", () => {
    const large = join(hex("ffffff"), dataFrame(3, hex("0a0b")), dataFrame(5, hex("0c")), hex("ffff"));
    const got = frames(large.subarray(3, large.length - 2));
    expect(got).toEqual([
      [T.data, 3, hex("0a0b")],
      [T.data, 5, hex("0c")],
    ]);
  });

  test("the largest payload is legal, one byte more is not", () => {
    const largest = dataFrame(1, new Uint8Array(maxPayloadBytes));
    expect(frames(largest)[0]?.[2]).toHaveLength(maxPayloadBytes);
    expect(refusal(dataFrame(1, new Uint8Array(maxPayloadBytes + 1)))).toBe("too large");
  });

  const otherForms: readonly (readonly [name: string, hex: string])[] = [
    ["id as fixint", "9313 01 c600000001 ff"],
    ["id as uint 8", "9313 cc01 c600000001 ff"],
    ["id as uint 64", "9313 cf0000000000000001 c600000001 ff"],
    ["bin 8", "9313 ce00000001 c401 ff"],
    ["bin 16", "9313 ce00000001 c50001 ff"],
    ["str 32", "9313 ce00000001 db00000001 61"],
    ["type as uint 8", "93 cc13 ce00000001 c600000001 ff"],
    ["array 16", "dc0003 13 ce00000001 c600000001 ff"],
    ["array 32", "dd00000003 13 ce00000001 c600000001 ff"],
    ["two items", "9213 ce00000001"],
    ["four items", "9413 ce00000001 c600000001 ff c0"],
    ["id 0", "9313 ce00000000 c600000001 ff"],
    ["DGRAM with id 0", "9308 ce00000000 c600000001 ff"],
    ["length past the end", "9313 ce00000001 c600000002 ff"],
    ["length 2^32 - 1", "9313 ce00000001 c6ffffffff ff"],
    ["prefix cut short", "9313 ce00000001 c60000"],
    ["nothing but the type", "9313"],
  ];
  test.each(otherForms)("another form is refused: %s", (_, bytes) => {
    expect(refusal(hex(bytes))).not.toBeNull();
  });
});

describe("refusals", () => {
  const fixed: readonly (readonly [name: string, hex: string, reason: FailureReason])[] = [
    ["empty message", "", "malformed"],
    ["empty array", "90", "unknown type"],
    ["not an array", "04", "malformed"],
    ["nil", "c0", "malformed"],
    ["text", "a3616263", "malformed"],
    ["0xc1", "9204c1", "malformed"],
    ["float 32", "9204ca3f800000", "malformed"],
    ["type 0", "920001", "unknown type"],
    ["type 10", "920a01", "unknown type"],
    ["type 15", "920f01", "unknown type"],
    ["type 32", "922001", "unknown type"],
    ["type -1", "92ff01", "unknown type"],
    ["type 1.5", "92cb3ff800000000000001", "unknown type"],
    ["type NaN", "92cb7ff800000000000001", "unknown type"],
    ["type as text", "92a13401", "unknown type"],
    ["type __proto__", "92a95f5f70726f746f5f5f01", "unknown type"],
    ["field missing", "9104", "bad field"],
    ["field too many", "93040101", "bad field"],
    ["fixmap", "920481a16101", "malformed"],
    ["map 16", "9204de0000", "malformed"],
    ["map 32", "9204df00000000", "malformed"],
    ["map with __proto__", "920481a95f5f70726f746f5f5f90", "malformed"],
    ["map with constructor", "920481ab636f6e7374727563746f7290", "malformed"],
    ["array 32 of 2^32 - 1", "ddffffffff", "malformed"],
    ["map 32 of 2^32 - 1", "dfffffffff", "malformed"],
    ["bin 32 of 2^32 - 1", "92c6ffffffff00", "malformed"],
    ["str 32 of 2^32 - 1", "92dbffffffff00", "malformed"],
    ["ext 32 of 2^32 - 1", "92c9ffffffff7800", "malformed"],
    ["uint 64 of 2^53", "9204cf0020000000000000", "malformed"],
    ["uint 64 of 2^63", "9204cf8000000000000000", "malformed"],
    ["int 64 below -2^53", "9204d38000000000000000", "malformed"],
    ["float 2^53", "9204cb4340000000000000", "bad field"],
    ["float infinity", "9204cb7ff0000000000000", "bad field"],
    ["float 1.5", "9204cb3ff8000000000000", "bad field"],
    ["a negative number", "9204ff", "bad field"],
    ["id 0", "921500", "bad id"],
    ["id 2^32", "9215cf0000000100000000", "bad id"],
    ["version 2 of other fields", "930102c0", "version"],
    ["version 0", "980100 90 c0 c0 01 00 a0", "version"],
    ["WELCOME of version 2", "920202", "version"],
    ["one byte after a frame", "920401 00", "malformed"],
    ["half a frame after a frame", "920401 9204", "malformed"],
    ["overlong UTF-8", "9307cd1130a2c080", "malformed"],
    ["UTF-8 surrogate", "9307cd1130a3eda080", "malformed"],
    ["UTF-8 over U+10FFFF", "9307cd1130a4f4908080", "malformed"],
    ["UTF-8 cut short", "9307cd1130a1c3", "malformed"],
    ["UTF-8 lone continuation", "9307cd1130a180", "malformed"],
  ];
  test.each(fixed)("%s", (_, bytes, reason) => {
    expect(refusal(hex(bytes))).toBe(reason);
  });

  test("every message of one byte", () => {
    for (let b = 0; b <= 0xff; b++) expect(refusal(new Uint8Array([b])), b.toString(16)).not.toBeNull();
  });

  test("every extension type, in every form, alone and inside a frame", () => {
    const forms = ["d4", "d5", "d6", "d7", "d8", "c701", "c80001", "c900000001"];
    for (const form of forms) {
      for (const type of ["42", "62", "65", "69", "70", "72", "73", "74", "78", "ff", "00"]) {
        const ext = form + type + "41".repeat(16);
        for (const bytes of [ext, `9204${ext}`, `9601${ext}`, `941001a16191${ext}`])
          expect(refusal(hex(bytes)), bytes).toBe("malformed");
      }
    }
  });

  test("nesting of 4 is legal, 5 is not, a million is refused as fast", () => {
    const nested = (n: number) => join(hex("95 1a 01 00 a16f"), hex("91".repeat(n - 1)), hex("c0"));
    // CALL's args are the second level.
    expect(refusal(join(hex("951a0100a16f"), hex("919191 c0")))).toBeNull();
    expect(refusal(join(hex("951a0100a16f"), hex("91919191 c0")))).toBe("malformed");
    expect(refusal(nested(10_000))).toBe("malformed");
    expect(refusal(new Uint8Array(maxMessageBytes).fill(0x91))).toBe("malformed");
    expect(refusal(new Uint8Array(1_000_000).fill(0x91))).toBe("too large");
  });

  test("64 items are legal, 65 are not", () => {
    const call = (items: number) =>
      join(hex("951a0100a16f dc"), hex(items.toString(16).padStart(4, "0")), hex("c0".repeat(items)));
    expect(refusal(call(64))).toBeNull();
    expect(refusal(call(65))).toBe("malformed");
  });

  test("a control frame of 16,384 bytes is legal, one more is not", () => {
    const goodbye = (size: number) => {
      const text = size - 8;
      return join(hex("9307cd1130da"), hex(text.toString(16).padStart(4, "0")), hex("61".repeat(text)));
    };
    expect(goodbye(maxControlBytes)).toHaveLength(maxControlBytes);
    expect(refusal(goodbye(maxControlBytes))).toBeNull();
    expect(refusal(goodbye(maxControlBytes + 1))).toBe("too large");
  });

  test("a message of 278,528 bytes is legal, one more is not", () => {
    const data = dataFrame(1, new Uint8Array(maxPayloadBytes));
    const pings = (bytes: number) => {
      const filled = new Uint8Array(bytes);
      const rest = bytes % 3; // a ping has 3 bytes, or 4 with its number as uint 8
      for (let i = 0, at = 0; at < bytes; i++) {
        const ping = i < rest ? hex("9204cc01") : hex("920401");
        filled.set(ping, at);
        at += ping.length;
      }
      return filled;
    };
    const full = join(data, pings(maxMessageBytes - data.length));
    expect(full).toHaveLength(maxMessageBytes);
    expect(refusal(full)).toBeNull();
    expect(refusal(join(data, pings(maxMessageBytes + 1 - data.length)))).toBe("too large");
  });

  test("the error never carries bytes of the peer", () => {
    const secret = "hunter2";
    const message = join(hex("9307cd1130a7"), Buffer.from(secret), hex("c1"));
    try {
      frames(message);
      expect.unreachable();
    } catch (err) {
      expect(String((err as Error).stack)).not.toContain(secret);
      expect((err as Error).message).toBe("gonet: protocol error: malformed");
    }
  });

  test("every prefix of every frame is refused", () => {
    const all = [...frameTests.map(([, bytes]) => hex(bytes)), dataFrame(7, hex("010203"))];
    for (const bytes of all) {
      for (let n = 0; n < bytes.length; n++)
        expect(refusal(bytes.subarray(0, n)), toHex(bytes)).not.toBeNull();
    }
  });

  test("every change of one byte of every frame is refused or another legal frame", () => {
    const all = [...frameTests.map(([, bytes]) => hex(bytes)), dataFrame(7, hex("010203"))];
    let refused = 0;
    let legal = 0;
    for (const bytes of all) {
      const changed = new Uint8Array(bytes);
      for (let i = 0; i < bytes.length; i++) {
        for (let b = 0; b <= 0xff; b++) {
          changed[i] = b;
          if (refusal(changed) === null) legal++;
          else refused++;
        }
        changed[i] = bytes[i] as number;
      }
    }
    expect(refused).toBeGreaterThan(legal / 10);
    expect(legal).toBeGreaterThan(all.length);
  });
});

describe("kinds of fields", () => {
  // The fields of docs/protocol.md, part 3.
  const fieldTests: { readonly [type: number]: string } = {
    [T.hello]: "version list text? bytes? uint uint text",
    [T.welcome]: "version list text bytes? uint uint uint list text",
    [T.ack]: "uint",
    [T.ping]: "uint",
    [T.pong]: "uint",
    [T.drain]: "uint",
    [T.goodbye]: "uint text",
    [T.open]: "id text list",
    [T.opened]: "id list",
    [T.refused]: "id pieces list? list?",
    [T.credit]: "id0 uint",
    [T.fin]: "id",
    [T.reset]: "id pieces",
    [T.close]: "id",
    [T.accepted]: "id id list",
    [T.cancel]: "id",
    [T.call]: "uint id0 text list",
    [T.return]: "uint list bool",
    [T.throw]: "uint pieces",
    [T.sent]: "id uint pieces?",
    [T.fault]: "id pieces",
  };
  const values: { readonly [name: string]: unknown } = {
    nil: null,
    true: true,
    false: false,
    zero: 0,
    one: 1,
    minus: -1,
    half: 1.5,
    nan: Number.NaN,
    infinity: Number.POSITIVE_INFINITY,
    "2^32": 2 ** 32,
    "2^53": 2 ** 53,
    empty: "",
    text: "x",
    bin: Buffer.from([1]),
    list: [],
    numbers: [1],
    texts: ["x"],
    nested: [["x"]],
  };
  const good: { readonly [kind: string]: string } = {
    version: "one",
    uint: "zero one 2^32",
    id: "one",
    id0: "zero one",
    bool: "true false",
    text: "empty text",
    "text?": "empty text nil",
    "bytes?": "bin nil",
    list: "list numbers texts nested",
    "list?": "list numbers texts nested nil",
    pieces: "texts",
    "pieces?": "texts nil",
  };
  const reasons = (kind: string, name: string): FailureReason => {
    if (kind === "version" && (name === "zero" || name === "2^32")) return "version";
    if (kind.startsWith("id") && (name === "zero" || name === "2^32")) return "bad id";
    return "bad field";
  };

  test.each(Object.entries(fieldTests))("type %s: %s", (type, fields) => {
    const kinds = fields.split(" ");
    const sample = kinds.map((kind) => values[(good[kind] as string).split(" ")[0] as string]);
    for (const [i, kind] of kinds.entries()) {
      for (const [name, value] of Object.entries(values)) {
        const frame = [Number(type), ...sample];
        frame[i + 1] = value;
        const want = (good[kind] as string).split(" ").includes(name) ? null : reasons(kind, name);
        expect(refusal(new Uint8Array(packr.pack(frame))), `field ${i + 1}, ${kind}: ${name}`).toBe(want);
      }
    }
  });
});

describe("encode", () => {
  test("a frame of 16,384 bytes, and RangeError past it", () => {
    const goodbye = (n: number): ControlFrame => [T.goodbye, 4400, "a".repeat(n)];
    const overhead = 8; // array, type, code in 3 bytes, text's head in 3
    expect(encode(goodbye(maxControlBytes - overhead))).toHaveLength(maxControlBytes);
    expect(() => encode(goodbye(maxControlBytes - overhead + 1))).toThrow(RangeError);
  });

  test("what the peer would refuse is a RangeError here", () => {
    const call = (args: unknown[]): ControlFrame => [T.call, 1, 0, "o", args];
    const items = (n: number) => new Array(n).fill(1);
    expect(frames(encode(call(items(64))))).toHaveLength(1);
    expect(() => encode(call(items(65)))).toThrow(RangeError);
    expect(() => encode(call([[[[1]]]]))).toThrow(RangeError);
    for (const odd of [new Map([[1, 2]]), { a: 1 }, new Date(0), 2n ** 63n])
      expect(() => encode(call([odd])), String(odd)).toThrow(RangeError);
  });

  test("a lone surrogate becomes U+FFFD", () => {
    const got = frames(
      encode([T.call, 1, 0, "\ud800", ["a\udc00b", ["\ud83d\ude00\ud83d"], new Uint8Array([1])]]),
    );
    expect(got).toEqual([[T.call, 1, 0, "\ufffd", ["a\ufffdb", ["\u{1f600}\ufffd"], new Uint8Array([1])]]]);
  });

  test("undefined is nil", () => {
    expect(frames(encode([T.call, 1, 0, "o", [undefined]]))).toEqual([[T.call, 1, 0, "o", [null]]]);
  });
});

describe("the line for logs", () => {
  test("shows lengths, never payloads or arguments", () => {
    expect(frameLine([T.data, 3, new Uint8Array(4096)])).toBe("data 3 4096B");
    expect(frameLine([T.open, 1, "dial", ["tcp", "secret"]])).toBe('open 1 "dial" [2]');
    expect(frameLine([T.goodbye, 4400, "x".repeat(100)])).toBe(`goodbye 4400 "${"x".repeat(40)}"`);
  });
});

// ---- properties ----

const uint = fc.oneof(fc.nat(), fc.maxSafeNat());
const id = fc.integer({ min: 1, max: maxID });
// msgpackr takes the mark at the beginning of a long text away; frame.ts says so.
const text = fc
  .string({ unit: "grapheme", maxLength: 300 })
  .filter(
    (s) =>
      !s.startsWith("\ufeff") && !/[\ud800-\udfff]/.test(s.replace(/[\ud800-\udbff][\udc00-\udfff]/g, "")),
  );
const bytes = fc.uint8Array({ maxLength: 100 });
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).map((n) => n + 0), // -0 is 0
  text,
  bytes,
);
const list = fc.array(
  fc.oneof(leaf, fc.array(fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })), { maxLength: 4 })),
  {
    maxLength: 8,
  },
);
const pieces = fc.tuple(text, fc.array(leaf, { maxLength: 4 })).map(([kind, rest]) => [kind, ...rest]);
const nil = fc.constant(null);
const payload = fc.uint8Array({ maxLength: 2000 });

const anyControl = fc.oneof(
  fc.tuple(
    fc.constant(T.hello),
    fc.constant(1),
    list,
    fc.oneof(nil, text),
    fc.oneof(nil, bytes),
    uint,
    uint,
    text,
  ),
  fc.tuple(
    fc.constant(T.welcome),
    fc.constant(1),
    list,
    text,
    fc.oneof(nil, bytes),
    uint,
    uint,
    uint,
    list,
    text,
  ),
  fc.tuple(fc.constantFrom(T.ack, T.ping, T.pong, T.drain), uint),
  fc.tuple(fc.constant(T.goodbye), uint, text),
  fc.tuple(fc.constant(T.sent), id, uint, fc.oneof(nil, pieces)),
  fc.tuple(fc.constant(T.open), id, text, list),
  fc.tuple(fc.constant(T.opened), id, list),
  fc.tuple(fc.constant(T.refused), id, pieces, fc.oneof(nil, list), fc.oneof(nil, list)),
  fc.tuple(fc.constant(T.credit), fc.oneof(fc.constant(0), id), uint),
  fc.tuple(fc.constantFrom(T.fin, T.close, T.cancel), id),
  fc.tuple(fc.constantFrom(T.reset, T.fault), id, pieces),
  fc.tuple(fc.constant(T.accepted), id, id, list),
  fc.tuple(fc.constant(T.call), uint, fc.oneof(fc.constant(0), id), text, list),
  fc.tuple(fc.constant(T.return), uint, list, fc.boolean()),
  fc.tuple(fc.constant(T.throw), uint, pieces),
) as unknown as fc.Arbitrary<ControlFrame>;

const anyFrame = fc.oneof(
  { weight: 3, arbitrary: anyControl as fc.Arbitrary<Frame> },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(T.data, T.dgram, T.record), id, payload) as fc.Arbitrary<Frame>,
  },
);

function bytesOf(frame: Frame): Uint8Array {
  const [type, id, payload] = frame;
  if ((type === T.data || type === T.dgram || type === T.record) && payload instanceof Uint8Array)
    return dataFrame(id, payload, type);
  return encode(frame as ControlFrame);
}

describe("properties", () => {
  test("W16: a frame comes back as it was", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        let encoded: Uint8Array;
        try {
          encoded = bytesOf(frame);
        } catch (err) {
          fc.pre(!(err instanceof RangeError)); // larger than a frame
          throw err;
        }
        expect(frames(encoded)).toEqual([frame]);
      }),
      { numRuns: 10_000, seed: testSeed("frames there and back") | 0 },
    );
  });

  test("frames joined to a message come back one by one", { timeout: 60_000 }, () => {
    const small = fc.array(anyFrame, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(small, (many) => {
        let encoded: Uint8Array[];
        try {
          encoded = many.map(bytesOf);
        } catch {
          return;
        }
        expect(frames(join(...encoded))).toEqual(many);
      }),
      { numRuns: 1000, seed: testSeed("frames joined") | 0 },
    );
  });
});
