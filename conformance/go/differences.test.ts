import { expect, test } from "vitest";
import { answerDifferences, transcriptDifferences } from "./differences.js";

const transcripts = { a: { lines: ["one", "two"], optional: [1] }, b: { lines: [], optional: null } };

test("transcripts that are the same have no difference, nor do quirks", () => {
  expect(transcriptDifferences(transcripts, transcripts)).toEqual([]);
  const other = { a: { lines: ["one", "2"], optional: [1] }, b: { lines: [] } };
  expect(transcriptDifferences(transcripts, other)).toEqual([]);
});

test("a line, a quirk, a scenario too few or too many are differences", () => {
  const line = { ...transcripts, a: { lines: ["1", "two"], optional: [1] } };
  expect(transcriptDifferences(transcripts, line)).toEqual(["a\nwant one\n got 1"]);
  const quirk = { ...transcripts, a: { lines: ["one", "two"], optional: [] } };
  expect(transcriptDifferences(transcripts, quirk)).toEqual(["a: quirks\nwant 1\n got "]);
  const longer = { ...transcripts, b: { lines: ["three"] } };
  expect(transcriptDifferences(transcripts, longer)).toEqual(["b\nwant nothing\n got three"]);
  expect(transcriptDifferences(transcripts, { a: transcripts.a })).toEqual(["b: Go has no such one"]);
  expect(transcriptDifferences({ a: transcripts.a }, transcripts)).toEqual(["b: not recorded"]);
});

test("an answer must be one of those recorded, for every call", () => {
  const recorded = { a: [["x", "y"], ["z"]] };
  expect(answerDifferences(recorded, { a: [["y"], ["z"]] })).toEqual([]);
  expect(answerDifferences(recorded, { a: [["x", "w"], ["z"]] })).toEqual([
    "a, call 1\nwant x\n  or y\n got w",
  ]);
  expect(answerDifferences(recorded, { a: [["x"]] })).toEqual(["a: 1 calls, 2 recorded"]);
  expect(answerDifferences(recorded, { b: [] })).toEqual(["a: Go has no such one", "b: not recorded"]);
});
