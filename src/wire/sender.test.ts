// When frames leave: at the end of a task, or of a turn of the event loop.

import { describe, expect, test } from "vitest";
import { turns } from "../testing/rawpeer.js";
import { wirePair } from "../testing/wirepair.js";
import { dataPrefixBytes, decode, type Frame, frameType } from "./frame.js";
import type { Stream } from "./stream.js";

const answerBytes = 100;

// answers has each stream send so many bytes, each in a task of its own in the same turn of the event loop, and gives the
// messages that come of it.
async function answers(defer?: (run: () => void) => void): Promise<Frame[][]> {
  const { open, link } = wirePair({ gateway: defer === undefined ? {} : { defer } });
  const streams: Stream[] = [];
  for (let i = 0; i < 5; i++) streams.push((await open()).far);
  await turns(4);
  const messages: Frame[][] = [];
  link.b.onSend = (message) => {
    const frames: Frame[] = [];
    decode(message, (frame) => {
      frames.push(frame);
      return true;
    });
    messages.push(frames);
    return message;
  };
  for (const stream of streams) {
    let left = 1;
    stream.source = { pull: () => (left-- > 0 ? new Uint8Array(dataPrefixBytes + answerBytes) : null) };
    setImmediate(() => stream.ready()); // microtasks run between them
  }
  await turns(4);
  return messages;
}

describe("what several streams have to send", () => {
  test("leaves in a message for each task", async () => {
    expect(await answers()).toHaveLength(5);
  });

  test("shares one when sending waits for the end of the turn", async () => {
    const messages = await answers(setImmediate);
    expect(messages).toHaveLength(1);
    const [frames = []] = messages;
    expect(frames.map((frame) => frame[0])).toEqual(Array(5).fill(frameType.data));
  });
});
