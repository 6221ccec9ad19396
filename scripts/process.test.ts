import { expect, test } from "vitest";
import { Failure, must, run, seconds, signalled } from "./process.mjs";

const node = process.execPath;
const farLimitMs = 30_000;

// A program that starts another one; both hold our end of the pipe open and wait for ever.
const family = `
  require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
  console.log("started");
  setInterval(() => {}, 1000);`;

test("run collects output and gives the exit code", async () => {
  const script = "console.log('out'); console.error('err'); process.exitCode = 3";
  const { code, output, signal, late } = await run(node, ["-e", script], {
    out: "kept",
    limitMs: farLimitMs,
  });
  expect({ code, signal, late }).toEqual({ code: 3, signal: null, late: false });
  expect(output).toContain("out\n");
  expect(output).toContain("err\n");
});

test("run says so when there is no such program", async () => {
  const { code, output } = await run("/nowhere/program", [], { out: "kept", limitMs: farLimitMs });
  expect(code).toBe(127);
  expect(output).toContain("ENOENT");
});

test("run ends a program and all it started when the time is up", async () => {
  // It resolves once nobody holds the pipe any more, so a survivor would make this test time out.
  const { output, late } = await run(node, ["-e", family], { out: "kept", limitMs: 1_500 });
  expect({ output, late }).toEqual({ output: "started\n", late: true });
});

test("run passes a signal on to the program, once, and leaves no listener behind", async () => {
  const before = process.listenerCount("SIGHUP");
  // The program itself sends us the signal, twice: by then it is ready to hear it.
  const script = `
    let n = 0;
    process.on("SIGHUP", () => n++);
    process.kill(process.ppid, "SIGHUP");
    setTimeout(() => process.kill(process.ppid, "SIGHUP"), 100);
    setTimeout(() => { console.log("heard", n); process.exit(5); }, 500);`;
  const { code, output, signal } = await run(node, ["-e", script], { out: "kept", limitMs: farLimitMs });
  expect({ code, signal, output }).toEqual({ code: 5, signal: "SIGHUP", output: "heard 1\n" });
  expect(process.listenerCount("SIGHUP")).toBe(before);
});

test("must throws the sentence with the output of what failed", async () => {
  const failing = must("It broke.", node, ["-e", "console.log('why'); process.exit(1)"], {
    limitMs: farLimitMs,
  });
  await expect(failing).rejects.toMatchObject({
    name: "Failure",
    message: "It broke.",
    output: "why\n",
    exitCode: 1,
  });
  await expect(failing).rejects.toBeInstanceOf(Failure);
});

test("must says that it stopped what took too long", async () => {
  const slow = must("It broke.", node, ["-e", "setInterval(() => {}, 1000)"], { limitMs: 300 });
  await expect(slow).rejects.toThrow("It broke. (It was stopped after 0.3 s.)");
});

test("durations and exit codes", () => {
  expect(seconds(1_234)).toBe("1.2 s");
  expect(signalled("SIGINT")).toBe(130);
  expect(signalled("SIGTERM")).toBe(143);
});
