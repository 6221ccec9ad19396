import { describe, expect, test } from "vitest";
import { cutOOB, dropRights } from "./rights.js";
import {
  CmsgSpace,
  errno,
  ParseSocketControlMessage,
  ParseUnixRights,
  SCM_RIGHTS,
  SOL_SOCKET,
  UnixRights,
} from "./syscall.js";
import type { Session } from "./wire/session.js";

const solIP = 0;
const ipTTL = 2;

// closing is a session of which only the files that it is told to close are seen.
function closing(): { session: Session; closed: number[] } {
  const closed: number[] = [];
  const session = {
    call: async (op: string, [number]: number[]) => {
      expect(op).toBe("closeFile");
      closed.push(number as number);
      return [];
    },
  };
  return { session: session as unknown as Session, closed };
}

// control makes a control message of another kind than rights.
function control(level: number, type: number, data: readonly number[]): Uint8Array {
  const b = new Uint8Array(CmsgSpace(data.length));
  const view = new DataView(b.buffer);
  view.setUint32(0, 16 + data.length, true);
  view.setInt32(8, level, true);
  view.setInt32(12, type, true);
  b.set(data, 16);
  return b;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe("control messages", () => {
  test("are laid out as on linux/amd64", () => {
    expect([...UnixRights(5)]).toEqual([
      20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect(UnixRights()).toHaveLength(16);
    expect(UnixRights(1, 2, 3)).toHaveLength(32);
  });

  test("are found one after the other", () => {
    const b = concat(UnixRights(3, 4), control(solIP, ipTTL, [64, 0, 0, 0]), UnixRights(0x7fffffff));
    const found = ParseSocketControlMessage(b);
    expect(found.map(({ Header }) => Header)).toEqual([
      { Len: 24, Level: SOL_SOCKET, Type: SCM_RIGHTS },
      { Len: 20, Level: solIP, Type: ipTTL },
      { Len: 20, Level: SOL_SOCKET, Type: SCM_RIGHTS },
    ]);
    expect(found.map(({ Data }) => Data.length)).toEqual([8, 4, 4]);
    const [first, second, third] = found as [never, never, never];
    expect(ParseUnixRights(first)).toEqual([3, 4]);
    expect(ParseUnixRights(third)).toEqual([0x7fffffff]);
    expect(() => ParseUnixRights(second)).toThrow(errno("EINVAL"));
    // What is too short for a header is left out.
    expect(ParseSocketControlMessage(concat(UnixRights(1), new Uint8Array(15)))).toHaveLength(1);
    expect(ParseSocketControlMessage(new Uint8Array(0))).toEqual([]);
  });

  test("in the middle of other memory", () => {
    const b = concat(new Uint8Array(3), UnixRights(9));
    const [m] = ParseSocketControlMessage(b.subarray(3));
    expect(ParseUnixRights(m as never)).toEqual([9]);
  });

  test.each([
    ["shorter than its header", [15, 0, 0, 0, 0, 0, 0, 0]],
    ["longer than there is", [25, 0, 0, 0, 0, 0, 0, 0]],
    ["longer than 32 bits", [24, 0, 0, 0, 1, 0, 0, 0]],
  ])("one that is %s is EINVAL", (_, length) => {
    const b = UnixRights(1);
    b.set(length);
    expect(() => ParseSocketControlMessage(b)).toThrow(errno("EINVAL"));
  });
});

describe("ancillary data that was received", () => {
  test("is copied if it fits", () => {
    const { session, closed } = closing();
    const into = new Uint8Array(64).fill(0xee);
    expect(cutOOB(session, UnixRights(5, 6), into)).toEqual({ n: 24, isCut: false });
    expect(into.subarray(0, 24)).toEqual(UnixRights(5, 6));
    expect(into[24]).toBe(0xee);
    expect(cutOOB(session, new Uint8Array(0), new Uint8Array(0))).toEqual({ n: 0, isCut: false });
    expect(closed).toEqual([]);
  });

  // What Linux (6.18) gives for five descriptors and that much room.
  test.each([
    [0, 0, []],
    [15, 0, []],
    [19, 0, []],
    [20, 20, [10]],
    [23, 23, [10]],
    [24, 24, [10, 11]],
    [28, 28, [10, 11, 12]],
    [32, 32, [10, 11, 12, 13]],
    [31, 31, [10, 11, 12]],
    [35, 32, [10, 11, 12, 13]],
  ])("of files, with room for %i bytes, %i are used", (room, n, kept) => {
    const { session, closed } = closing();
    const all = [10, 11, 12, 13, 14];
    const into = new Uint8Array(room);
    expect(cutOOB(session, UnixRights(...all), into)).toEqual({ n, isCut: true });
    const [m] = ParseSocketControlMessage(into.subarray(0, n));
    expect(m === undefined ? [] : ParseUnixRights(m)).toEqual(kept);
    expect(closed).toEqual(all.slice(kept.length));
  });

  test("of other messages, the bytes that fit", () => {
    const { session } = closing();
    const into = new Uint8Array(18);
    expect(cutOOB(session, control(solIP, ipTTL, [1, 2, 3, 4]), into)).toEqual({ n: 18, isCut: true });
    const [m] = ParseSocketControlMessage(into);
    expect([...(m?.Data ?? [])]).toEqual([1, 2]);
  });

  test("nobody asked for: its files are closed, whatever else is in it", () => {
    const { session, closed } = closing();
    dropRights(session, concat(control(solIP, ipTTL, [1, 0, 0, 0]), UnixRights(7, -1, 8)));
    expect(closed).toEqual([7, 8]); // -1: the gateway had no room for it
    dropRights(session, Uint8Array.of(1, 2, 3));
    dropRights(session, new Uint8Array(24).fill(0xff));
    expect(closed).toEqual([7, 8]);
  });
});
