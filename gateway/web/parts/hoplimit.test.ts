import { syscall } from "gonet";
import { expect, test } from "vitest";
import { hopLimit } from "./hoplimit.js";

test.each([
  [4, 0, 2],
  [6, 41, 52],
] as const)("the hop limit of IPv%d is one control message", (version, Level, Type) => {
  const b = hopLimit(version, 7);
  expect(b).toHaveLength(syscall.CmsgSpace(4));
  const [message, ...others] = syscall.ParseSocketControlMessage(b);
  expect(others).toEqual([]);
  expect(message?.Header).toEqual({ Len: syscall.CmsgLen(4), Level, Type });
  expect([...(message?.Data ?? [])]).toEqual([7, 0, 0, 0]);
});
