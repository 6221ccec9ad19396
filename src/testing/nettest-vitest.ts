import { describe, test } from "vitest";
import type { Check, Made } from "./checking.js";
import { checks, type MakePipe } from "./nettest.js";
import { type MakePackets, packetChecks } from "./packettest.js";

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
  testEach(checks, name, mk, options);
}

/** testPacketConn makes one vitest test of each check of the packet suite. */
export function testPacketConn(name: string, mk: MakePackets, options: TestConnOptions = {}): void {
  testEach(packetChecks, name, mk, options);
}

function testEach<M extends Made>(
  all: readonly Check<M>[],
  name: string,
  make: () => Promise<M>,
  { limitMs = defaultLimitMs, skip = {} }: TestConnOptions,
): void {
  describe(name, () => {
    for (const check of all) {
      const reason = skip[check.name];
      test.skipIf(reason !== undefined)(
        reason === undefined ? check.name : `${check.name} (${reason})`,
        () => check.run(make, limitMs),
        limitsPerCheck * limitMs,
      );
    }
  });
}
