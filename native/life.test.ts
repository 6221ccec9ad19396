// How sockets end: closed, dropped, with their worker, with the process. The programs run in processes of their own,
// because descriptors are counted, garbage is collected by command, and an abort must not take the tests along.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { liveSockets, readable, Socket } from "./index.js";
import { closeAll, pair } from "./testing/loopback.js";

const stress = fileURLToPath(new URL("testing/stress.mjs", import.meta.url));
const limits = fileURLToPath(new URL("testing/limits.mjs", import.meta.url));

afterEach(closeAll);

function node(args: string[], before = "") {
  const { status, stdout, stderr } = spawnSync(
    "sh",
    ["-c", `${before} exec "$0" "$@"`, process.execPath, ...args],
    {
      encoding: "utf8",
    },
  );
  return { status, stdout, stderr };
}

const linux = process.platform === "linux";

test.runIf(linux).each([
  ["transfer", "64 MiB go both ways at once through one pair, intact"],
  ["reset", "a hundred resets while the other end polls"],
  ["churn", "10,000 polled sockets open and close without a descriptor left"],
  ["idleChurn", "10,000 idle sockets open and close without a descriptor left"],
  ["reuse", "the event of a closed descriptor never reaches its successor"],
  ["misuse", "odd arguments in every method of every state never abort"],
  ["drop", "dropped sockets are closed when they are collected"],
  ["collect", "closed sockets leave nothing in memory"],
  ["keep", "sockets that wait are kept, though nobody holds them"],
  ["thrown", "an exception in onReady is an uncaughtException, and polling goes on"],
  ["datagrams", "15,000 datagrams of every size come as they were sent, over every family"],
  ["passing", "30,000 passes of descriptors leave none behind"],
  ["truncated", "10,000 messages with too little room for what comes beside them leave none behind"],
  ["controls", "20,000 times hostile ancillary data passes no descriptor"],
  ["races", "arguments whose own code takes memory and descriptors away"],
  ["dropFds", "dropped descriptors are closed when they are collected"],
  ["worker", "a worker has a loop of its own"],
  ["terminate", "50 workers are terminated in the middle of polling"],
  ["exits", "a worker exits in a callback, and with sockets left open"],
])("%s: %s", (name) => {
  const { status, stdout, stderr } = node(["--expose-gc", stress, name]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain(`${name} ok`);
});

test("process.exit with polling sockets gives the code asked for", () => {
  expect(node([limits, "exit"]).status).toBe(7);
});

test("a process ends by itself when sockets are open but none waits", () => {
  expect(node([limits, "idle"])).toEqual({ status: 0, stdout: "open\n", stderr: "" });
});

test("without descriptors, open and accept are EMFILE, and go on once there are some", () => {
  const { status, stdout, stderr } = node([limits, "descriptors"], "ulimit -n 64;");
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "EMFILE EMFILE recovered\n", stderr: "" });
});

test("a write nobody will read is EPIPE, also where SIGPIPE would end the process", () => {
  expect(node([limits, "signal"])).toEqual({ status: 0, stdout: "EPIPE\n", stderr: "" });
  // The signal does end it.
  expect(node([limits, "signal", "control"])).toMatchObject({ status: null, stdout: "EPIPE\n" });
});

test("liveSockets counts open descriptors, and they are not inherited", async () => {
  const before = liveSockets();
  const [client, server] = await pair();
  server.wait(readable);
  expect(liveSockets()).toBe(before + 2);
  const own = new Set(readdirSync("/dev/fd"));
  expect(own.has(String(client.fd))).toBe(true);
  const { stdout } = spawnSync("ls", ["/dev/fd"], { encoding: "utf8" });
  for (const socket of [client, server]) {
    expect(stdout.split("\n")).not.toContain(String(socket.fd));
    socket.close();
  }
  expect(liveSockets()).toBe(before);
});

test("descriptors start nonblocking, so no call here can hang", () => {
  for (const [family, type] of [
    [4, "stream"],
    [6, "dgram"],
    [1, "seqpacket"],
  ] as const) {
    const socket = Socket.open(family, type);
    socket.bind(
      family === 4
        ? [4, new Uint8Array(4), 0]
        : family === 6
          ? [6, new Uint8Array(16), 0, ""]
          : [1, new Uint8Array(0)],
    );
    if (type === "dgram") expect(socket.read(new Uint8Array(1), 0, 1)).toBe(-1);
    else {
      socket.listen(1);
      expect(socket.accept()).toBeNull();
    }
    socket.close();
  }
});
