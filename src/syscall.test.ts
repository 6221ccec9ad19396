import { describe, expect, test } from "vitest";
import { Is } from "./errors.js";
import { ErrExist, ErrInvalid, ErrNotExist, ErrPermission } from "./os.js";
import { Errno, errno } from "./syscall.js";

describe("errno", () => {
  test.each([
    ["ECONNREFUSED", "connection refused", false, false],
    ["EAGAIN", "resource temporarily unavailable", true, true],
    ["ETIMEDOUT", "connection timed out", true, true],
    ["EINTR", "interrupted system call", false, true],
    ["EMFILE", "too many open files", false, true],
    ["ENFILE", "too many open files in system", false, true],
    ["ECONNRESET", "connection reset by peer", false, false],
    ["ERFKILL", "operation not possible due to RF-kill", false, false],
  ])("%s prints %s", (code, text, timeout, temporary) => {
    const e = errno(code);
    expect([e.code, e.Error(), e.message, e.Timeout(), e.Temporary()]).toEqual([
      code,
      text,
      text,
      timeout,
      temporary,
    ]);
    expect(errno(code)).toBe(e);
    expect(e).toBeInstanceOf(Errno);
  });

  test("two names of one number are one error", () => {
    expect(errno("EWOULDBLOCK")).toBe(errno("EAGAIN"));
    expect(errno("EDEADLOCK")).toBe(errno("EDEADLK"));
    expect(errno("ENOTSUP")).toBe(errno("EOPNOTSUPP"));
    expect(errno("EWOULDBLOCK").code).toBe("EAGAIN");
  });

  test("a name of another system is an error all the same, and equal to itself", () => {
    const e = errno("EFTYPE");
    expect(e.message).toBe("errno EFTYPE");
    expect(errno("EFTYPE")).not.toBe(e);
    expect(Is(e, errno("EFTYPE"))).toBe(true);
    expect(Is(e, errno("EAUTH"))).toBe(false);
  });

  test.each([
    "",
    "E",
    "refused",
    "econnrefused",
    "E CONN",
    "E\n",
    "constructor",
    "toString",
    `E${"X".repeat(31)}`,
  ])("%j is no name", (code) => {
    expect(() => errno(code)).toThrow(RangeError);
  });

  test("is the errors of package os where Go's is", () => {
    const all = [ErrPermission, ErrExist, ErrNotExist, ErrInvalid];
    const found = (code: string): boolean[] => all.map((v) => Is(errno(code), v));
    expect(found("EACCES")).toEqual([true, false, false, false]);
    expect(found("EPERM")).toEqual([true, false, false, false]);
    expect(found("EEXIST")).toEqual([false, true, false, false]);
    expect(found("ENOTEMPTY")).toEqual([false, true, false, false]);
    expect(found("ENOENT")).toEqual([false, false, true, false]);
    expect(found("EINVAL")).toEqual([false, false, false, false]);
  });
});
