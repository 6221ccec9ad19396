// What recorded expectations say otherwise than the ones that Go has just made anew, one text for each difference.

import { differences, type Expected } from "../compare.js";

/** Transcripts are those of a program's scenarios, by their names. */
export type Transcripts = Readonly<Record<string, Expected>>;

/** Answers are lists of what each call of a setup may answer, by the names of the setups. */
export type Answers = Readonly<Record<string, readonly (readonly string[])[]>>;

// eitherOnly tells the names that only one of the two has.
function eitherOnly(recorded: object, rebuilt: object): string[] {
  return [
    ...Object.keys(recorded).flatMap((name) => (name in rebuilt ? [] : [`${name}: Go has no such one`])),
    ...Object.keys(rebuilt).flatMap((name) => (name in recorded ? [] : [`${name}: not recorded`])),
  ];
}

/** transcriptDifferences compares by the rules that gonet is held to, and wants the same lines to be quirks. */
export function transcriptDifferences(recorded: Transcripts, rebuilt: Transcripts): string[] {
  const found = eitherOnly(recorded, rebuilt);
  for (const [name, want] of Object.entries(recorded)) {
    const got = rebuilt[name];
    if (got === undefined) continue;
    found.push(...differences(want, got.lines).map((text) => `${name}\n${text}`));
    const [wantQuirks, gotQuirks] = [want, got].map(({ optional }) => (optional ?? []).join(" "));
    if (wantQuirks !== gotQuirks) found.push(`${name}: quirks\nwant ${wantQuirks}\n got ${gotQuirks}`);
  }
  return found;
}

/**
 * answerDifferences wants what Go answers now to be recorded. An answer may be recorded and not come now: where Go asks for
 * two things at once, it depends on which comes first.
 */
export function answerDifferences(recorded: Answers, rebuilt: Answers): string[] {
  const found = eitherOnly(recorded, rebuilt);
  for (const [name, want] of Object.entries(recorded)) {
    const got = rebuilt[name];
    if (got === undefined) continue;
    if (got.length !== want.length) found.push(`${name}: ${got.length} calls, ${want.length} recorded`);
    for (const [i, answers] of got.entries()) {
      for (const answer of answers) {
        if (want[i]?.includes(answer) !== true) {
          found.push(`${name}, call ${i + 1}\nwant ${want[i]?.join("\n  or ")}\n got ${answer}`);
        }
      }
    }
  }
  return found;
}
