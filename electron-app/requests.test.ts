import { describe, expect, test } from "vitest";
import type { OpenAnswer, PortMessage } from "./channels.js";
import { answerOpen } from "./requests.js";

const port = { name: "the page's end" };
const answer = { port, generation: 3 } as const;
const isWindow = (id: number): boolean => id === 7;

/** DoubleFrame is a double of a frame that keeps what it was sent. */
class DoubleFrame {
  url = "app://gonet/#/tcp";
  origin = "app://gonet";
  parent: object | null = null;
  readonly sent: [string, PortMessage, object[]][] = [];

  constructor(changes: Partial<DoubleFrame> = {}) {
    Object.assign(this, changes);
  }

  postMessage(channel: string, message: PortMessage, transfer: object[]): void {
    this.sent.push([channel, message, transfer]);
  }
}

function ask(
  senderFrame: DoubleFrame | null,
  args: readonly unknown[] = ["t-1", null],
  opened: { port: object; generation: number } | Extract<OpenAnswer, { refused: string }> = answer,
  id = 7,
): Promise<OpenAnswer> {
  return answerOpen<object>({ sender: { id }, senderFrame }, args, { open: async () => opened }, isWindow);
}

test("the page of a window gets a port, and its ticket with it", async () => {
  const frame = new DoubleFrame();
  expect(await ask(frame)).toEqual({ generation: 3 });
  expect(frame.sent).toEqual([["gonet:port", { type: "gonet-port", ticket: "t-1" }, [port]]]);
});

test("a refusal of the host is passed on, without a port", async () => {
  const frame = new DoubleFrame();
  const refusal = { refused: "gone", message: "it ended" } as const;
  expect(await ask(frame, ["t-1", 2], refusal)).toEqual(refusal);
  expect(frame.sent).toEqual([]);
});

describe("E04: refused is", () => {
  test.each<[string, DoubleFrame | null]>([
    ["a frame of the same origin", new DoubleFrame({ parent: {} })],
    [
      "a frame of another origin",
      new DoubleFrame({ parent: {}, origin: "https://evil.test", url: "https://evil.test/" }),
    ],
    ["a page of another origin", new DoubleFrame({ origin: "https://evil.test", url: "https://evil.test/" })],
    ["another host of the scheme", new DoubleFrame({ origin: "app://other", url: "app://other/" })],
    ["about:blank, which has its opener's origin", new DoubleFrame({ url: "about:blank" })],
    ["a sandboxed page", new DoubleFrame({ origin: "null" })],
    ["another file of the app", new DoubleFrame({ url: "app://gonet/licenses.md" })],
    ["a frame that is gone", null],
  ])("%s", async (_, frame) => {
    await expect(ask(frame)).rejects.toThrow("refused");
    expect(frame?.sent ?? []).toEqual([]);
  });

  test("web contents that are none of our windows", async () => {
    await expect(ask(new DoubleFrame(), undefined, answer, 8)).rejects.toThrow("refused");
  });

  test("a page that went elsewhere while the port was made", async () => {
    const frame = new DoubleFrame();
    const asking = ask(frame);
    frame.url = "https://evil.test/";
    await expect(asking).rejects.toThrow("refused");
    expect(frame.sent).toEqual([]);
  });
});

test.each<[unknown[]]>([
  [[]],
  [["t-1"]],
  [["t-1", null, null]],
  [[1, null]],
  [["", null]],
  [["t 1", null]],
  [["t".repeat(65), null]],
  [["t-1", 0]],
  [["t-1", -1]],
  [["t-1", 1.5]],
  [["t-1", "1"]],
  [["t-1", undefined]],
  [["t-1", {}]],
  [[{ toString: () => "t-1" }, null]],
])("E03: %j is no request", async (args) => {
  await expect(ask(new DoubleFrame(), args)).rejects.toThrow("refused");
});
