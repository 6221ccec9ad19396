// Descriptors that another program made and passed: donor.py.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { again, type Fd, readable, Socket } from "../index.js";
import { accept, keep, until } from "./loopback.js";

const program = fileURLToPath(new URL("donor.py", import.meta.url));
const roomForFds = 64;
const longestKind = 64;

// noDonor is the reason why there can be no donor here, or "".
export const noDonor =
  process.platform !== "linux"
    ? "descriptors are donated over an abstract address, which only Linux has"
    : spawnSync("python3", ["-c", "import socket; socket.send_fds"]).status !== 0
      ? "Python 3.9 is not installed"
      : "";

// donate gives the descriptors of so many kinds, each an array. The caller closes them.
export async function donate(...kinds: string[]): Promise<Fd[][]> {
  const listener = keep(Socket.open(1, "seqpacket"));
  listener.bind([1, new Uint8Array(0)]);
  listener.listen(1);
  const name = Buffer.from(listener.localAddr()![1]).toString("hex");
  const donor = spawn("python3", [program, name, ...kinds], { stdio: ["ignore", "inherit", "inherit"] });
  const exited = once(donor, "exit");
  const from = await Promise.race([accept(listener), exited]);
  if (!(from instanceof Socket)) throw new Error("the donor could not connect");
  const given: Fd[][] = [];
  const b = new Uint8Array(longestKind);
  while (given.length < kinds.length) {
    const got = from.recvMsg(b, 0, b.length, roomForFds);
    if (got === again) {
      await until(from, readable);
      continue;
    }
    expect(new TextDecoder().decode(b.subarray(0, got.n)), "the donor's next gift").toBe(kinds[given.length]);
    given.push([...got.fds]);
  }
  listener.close();
  from.close();
  await exited;
  return given;
}
