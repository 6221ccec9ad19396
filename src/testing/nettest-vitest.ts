import { describe, test } from "vitest";
import { checks, type MakePipe } from "./nettest.js";

/** TestConnOptions say what is different about one kind of connection. */
export interface TestConnOptions {
  /** limitMs is how long one check may take; a minute if left out. */
  readonly limitMs?: number;
  /** skip names checks that cannot run here, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

// The limits of the check itself come first: their message says what was waited for.
const defaultLimitMs = 60_000;
const limitsPerCheck = 4;

/** testConn makes one vitest test of each check of the connection suite. */
export function testConn(name: string, mk: MakePipe, options: TestConnOptions = {}): void {
  const limitMs = options.limitMs ?? defaultLimitMs;
  describe(name, () => {
    for (const check of checks) {
      const reason = options.skip?.[check.name];
      test.skipIf(reason !== undefined)(
        reason === undefined ? check.name : `${check.name} (${reason})`,
        () => check.run(mk, limitMs),
        limitsPerCheck * limitMs,
      );
    }
  });
}
