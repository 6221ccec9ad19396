import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, type Program } from "../gateway/testing/child.js";
import type { Observations } from "./testing/dialprogram.js";
import { gatewayProgram } from "./testing/gatewayprocess.js";
import { inNamespace, whyNoNamespace } from "./testing/namespace.js";

const limitMs = 30_000;
const reason = whyNoNamespace();

describe.skipIf(reason !== "")(`dials in a network that swallows packets${reason && ` (${reason})`}`, () => {
  const programs: Program[] = [];
  let seen: Observations;

  beforeAll(async () => {
    const gateway = await gatewayProgram();
    const program = await bundle("../../src/testing/dialprogram.ts");
    programs.push(gateway, program);
    seen = (await inNamespace(program.path, [gateway.path], {
      hosts: ["2001:db8:77::77 both.test", "127.0.0.1 both.test", "198.51.100.77 swallowed.test"],
      timeoutMs: limitMs,
    })) as Observations;
  }, limitMs);

  afterAll(() => {
    for (const program of programs) program.remove();
  });

  const took = (name: string): number => seen.dials[name]?.ms ?? Number.NaN;
  const arrived = (name: string): string | undefined => seen.dials[name]?.arrived;

  it("tries the other family after 300 ms", () => {
    expect(arrived("families race")).toBe("127.0.0.1:40001");
    expect(took("families race")).toBeGreaterThan(290);
    expect(took("families race")).toBeLessThan(1500);
  });

  it("or sooner, if FallbackDelay says so", () => {
    expect(arrived("families race soon")).toBe("127.0.0.1:40001");
    expect(took("families race soon")).toBeLessThan(290);
  });

  it("or not at all: then each address gets its share of the time", () => {
    expect(arrived("families in turn")).toBe("127.0.0.1:40001");
    expect(took("families in turn")).toBeGreaterThan(2000);
    expect(took("families in turn")).toBeLessThan(3500);
  });

  it("tries the addresses of one family in turn", () => {
    expect(arrived("addresses in turn")).toBe("127.0.0.2:40002");
    expect(took("addresses in turn")).toBeLessThan(290);
  });

  it("fails with the error of the first address", () => {
    expect(arrived("all refuse")).toBe("dial tcp 127.0.0.1:40003: connect: connection refused");
    expect(arrived("all swallow")).toBe("dial tcp [2001:db8:77::7]:80: i/o timeout");
    expect(took("all swallow")).toBeGreaterThan(290);
    expect(took("all swallow")).toBeLessThan(1000);
  });

  it("leaves no socket behind, whatever ends it", () => {
    const { before = 0, ...counts } = seen.descriptors;
    expect(counts).toEqual({
      "address: while they hang": before + 8,
      "address: given up": before,
      "name: while they hang": before + 8,
      "name: given up": before,
      "timed out": before,
      "of another session": before + 9, // its WebSocket is the ninth
      "that was cut": before,
    });
  });
});
