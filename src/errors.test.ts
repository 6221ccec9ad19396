import { describe, expect, test } from "vitest";
import { As, Is, New, Unwrap } from "./errors.js";
import { brand, type GoError, sentinel, withCount } from "./errorvalue.js";
import { EOF, ErrClosedPipe } from "./io.js";
import {
  AddrError,
  DNSConfigError,
  DNSError,
  ErrClosed,
  errCanceled,
  errTimeout,
  InvalidAddrError,
  OpError,
  ParseError,
  UnknownNetworkError,
} from "./net.js";
import { ErrDeadlineExceeded, SyscallError } from "./os.js";
import { Errno, errno } from "./syscall.js";

const refused = new SyscallError({ Syscall: "connect", Err: errno("ECONNREFUSED") });
const dial = new OpError({ Op: "dial", Net: "tcp", Err: refused });

describe("Is", () => {
  test("finds the error itself and whatever it wraps", () => {
    for (const target of [dial, refused, errno("ECONNREFUSED")]) {
      expect(Is(dial, target)).toBe(true);
    }
    for (const target of [
      errno("ECONNRESET"),
      ErrClosed,
      New("dial"),
      new OpError({ Op: "dial", Net: "tcp", Err: refused }),
    ]) {
      expect(Is(dial, target)).toBe(false);
    }
  });

  test("takes nothing for nothing only", () => {
    expect([Is(null, null), Is(undefined, null), Is(dial, null), Is(null, EOF)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test("compares values where Go does, objects where Go does", () => {
    expect(Is(new UnknownNetworkError("x"), new UnknownNetworkError("x"))).toBe(true);
    expect(Is(new UnknownNetworkError("x"), new UnknownNetworkError("y"))).toBe(false);
    expect(Is(new InvalidAddrError("x"), new UnknownNetworkError("x"))).toBe(false);
    expect(Is(new Errno("EPIPE"), errno("EPIPE"))).toBe(true);
    expect(Is(new AddrError({ Err: "x" }), new AddrError({ Err: "x" }))).toBe(false);
    expect(Is(New("x"), New("x"))).toBe(false);
  });

  test("follows the cause of an error that is not ours, and ends in a circle of causes", () => {
    const outer = new Error("outer", { cause: dial });
    expect(Is(outer, errno("ECONNREFUSED"))).toBe(true);
    const a = new Error("a");
    const b = new Error("b", { cause: a });
    a.cause = b;
    expect(Is(b, EOF)).toBe(false);
    expect(As(b, OpError)).toBe(null);
  });

  test("asks the Is method of the error", () => {
    const odd = Object.assign(New("odd"), { Is: (target: unknown) => target === EOF });
    expect([Is(odd, EOF), Is(odd, ErrClosed)]).toEqual([true, false]);
  });

  test("is not misled by what is no error", () => {
    for (const v of ["EOF", 0, {}, [], () => EOF]) {
      expect(Is(v, EOF)).toBe(false);
    }
  });
});

describe("As", () => {
  test("finds the first of a class", () => {
    expect(As(dial, OpError)).toBe(dial);
    expect(As(dial, SyscallError)).toBe(refused);
    expect(As(dial, Errno)).toBe(errno("ECONNREFUSED"));
    expect(As(dial, DNSError)).toBe(null);
    expect(As(null, OpError)).toBe(null);
  });
});

describe("Unwrap", () => {
  test("takes one layer off", () => {
    expect(Unwrap(dial)).toBe(refused);
    expect(Unwrap(EOF)).toBe(null);
    expect(Unwrap("text")).toBe(null);
    expect(Unwrap(new DNSError({ Err: "x", Name: "y" }))).toBe(null);
  });
});

describe("shared values", () => {
  test("are frozen, and say nothing of where they were made", () => {
    for (const e of [EOF, ErrClosed, ErrDeadlineExceeded, errno("EPIPE")]) {
      expect(Object.isFrozen(e)).toBe(true);
      expect(e.stack).toBe(`${e.name}: ${e.message}`);
      expect(e).toBeInstanceOf(Error);
      expect(e.Error()).toBe(e.message);
    }
  });

  test("have Timeout and Temporary where Go's have them", () => {
    const answers = (e: GoError): unknown[] =>
      ["Timeout", "Temporary"].map((m) =>
        (e as unknown as Record<string, (() => boolean) | undefined>)[m]?.call(e),
      );
    expect(answers(EOF)).toEqual([undefined, undefined]);
    expect(answers(errCanceled)).toEqual([undefined, undefined]);
    expect(answers(ErrClosed)).toEqual([false, false]);
    expect(answers(ErrDeadlineExceeded)).toEqual([true, true]);
    expect(answers(errTimeout)).toEqual([true, true]);
  });

  test("with a count are fresh objects of the same value", () => {
    const counted = withCount(ErrClosedPipe, 3);
    expect(counted).not.toBe(ErrClosedPipe);
    expect(counted).toMatchObject({ n: 3, message: ErrClosedPipe.message });
    expect(Is(counted, ErrClosedPipe)).toBe(true);
    expect(Is(counted, EOF)).toBe(false);
    expect(ErrClosedPipe.n).toBeUndefined();
    expect(withCount(ErrClosedPipe, 0)).toBe(ErrClosedPipe);
    const again = withCount(errno("EPIPE"), 4);
    expect(again).toMatchObject({ n: 4, code: "EPIPE" });
    expect(Is(again, errno("EPIPE"))).toBe(true);
  });

  test("an error that is not shared carries its count itself", () => {
    const e = new OpError({ Op: "write", Err: EOF });
    expect(withCount(e, 0)).toBe(e);
    expect(e.n).toBe(0);
    expect(withCount(e, 5).n).toBe(5);
  });

  test("of another copy of the package are the same value", () => {
    const copy = sentinel("io.EOF", "EOF");
    expect(copy).not.toBe(EOF);
    expect(Is(copy, EOF)).toBe(true);
    expect(Is(new OpError({ Op: "read", Err: copy }), EOF)).toBe(true);
  });
});

describe("brand", () => {
  test("a class of that name in another copy of the package is recognised, and no other is", () => {
    const copies = {
      OpError,
      SyscallError,
      AddrError,
      ParseError,
      DNSError,
      DNSConfigError,
      UnknownNetworkError,
      InvalidAddrError,
      Errno,
    };
    for (const [name, ours] of Object.entries(copies)) {
      class Copy extends Error {
        static {
          brand(Copy, name);
        }
      }
      const e = new Copy("from elsewhere");
      expect(e instanceof ours).toBe(true);
      expect(e.name).toBe(name);
      for (const [other, c] of Object.entries(copies)) {
        expect(e instanceof c).toBe(other === name);
      }
      for (const v of [null, undefined, "text", 1, {}, new Error("plain")]) {
        expect((v as unknown) instanceof ours).toBe(false);
      }
    }
  });

  test("a class derived from one keeps the ordinary rule", () => {
    class Special extends OpError {}
    const special = new Special({ Op: "dial", Err: EOF });
    expect(special instanceof Special).toBe(true);
    expect(special instanceof OpError).toBe(true);
    expect(dial instanceof Special).toBe(false);
  });
});
