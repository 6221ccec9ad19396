#!/bin/bash
# record.sh: has Go answer every call of setups.json, as root, and writes answers.json. Where Go asks for A and AAAA at once, its
# answer may depend on which comes first: each call is made several times, and all answers are kept.
set -e
cd "$(dirname "$0")"
oracle=$(mktemp -d)
trap 'rm -rf "$oracle"' EXIT
CGO_ENABLED=0 go build -o "$oracle/oracle" oracle.go
node --input-type=module -e '
  import { execFileSync } from "node:child_process";
  import { writeFileSync } from "node:fs";
  import { readSetups } from "./setups.mjs";
  const rounds = 2;
  const answers = {};
  for (const [name, { mode, calls }] of readSetups("setups.json")) {
    const run = ["../netns-run.sh", mode, process.execPath, "place.mjs", name, process.argv[1]];
    const all = calls.map(() => new Set());
    for (let i = 0; i < rounds; i++) {
      const round = JSON.parse(execFileSync("bash", run, { encoding: "utf8" }));
      round.forEach((answer, j) => all[j].add(answer));
    }
    answers[name] = all.map((set) => [...set].sort());
  }
  writeFileSync("answers.json", `${JSON.stringify(answers, null, 1)}\n`);
' "$oracle/oracle"
