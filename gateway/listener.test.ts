import { afterEach, describe, expect, it } from "vitest";
import { liveSockets } from "../native/index.js";
import { failure } from "../src/testing/anatomy.js";
import { type Joined, overMemory } from "../src/testing/gateways.js";
import { plainDial } from "../src/testing/plainpeer.js";
import { Sessions } from "./sessions.js";

const shortMs = 50;
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, shortMs));

let at: Joined;
afterEach(async () => {
  await at.close();
  await expect.poll(liveSockets).toBe(0);
});

describe("a listener", () => {
  it("leaves connections in the kernel until somebody asks for them", async () => {
    at = await overMemory();
    const l = await at.net.Listen("tcp", "127.0.0.1:0");
    const dialled = await Promise.all([1, 2, 3].map(() => plainDial(l.Addr().String())));
    await quiet();
    expect(liveSockets()).toBe(1);
    const first = await l.Accept();
    await quiet();
    // One was asked for; one ahead only after one was taken.
    expect(liveSockets()).toBe(2);
    const second = await l.Accept();
    await expect.poll(liveSockets).toBe(4);
    for (const c of [first, second]) await c.Close();
    for (const socket of dialled) socket.destroy();
    await l.Close();
  });

  it("waits while the session may have no more streams, and goes on when one is closed", async () => {
    at = await overMemory({ limits: { streams: 3 } });
    const l = await at.net.Listen("tcp", "127.0.0.1:0");
    const dialled = await Promise.all([1, 2, 3].map(() => plainDial(l.Addr().String())));
    const first = await l.Accept();
    const second = await l.Accept();
    const third = l.Accept();
    await quiet();
    expect(liveSockets()).toBe(3);
    const refused = await failure(at.net.Dial("tcp", l.Addr().String()));
    expect(refused.message).toMatch(/^dial tcp .*: socket: too many open files$/);
    expect(refused.cause).toEqual({ code: "GONET_LIMIT", limit: "streams" });
    await first.Close();
    await (await third).Close();
    await second.Close();
    for (const socket of dialled) socket.destroy();
    await l.Close();
  });

  it("is one of so many", async () => {
    at = await overMemory({ limits: { listeners: 2 } });
    const listen = () => at.net.Listen("tcp", "127.0.0.1:0");
    const first = await listen();
    const second = await listen();
    const refused = await failure(listen());
    expect(refused.message).toBe("listen tcp 127.0.0.1:0: socket: too many open files");
    expect(refused.cause).toEqual({ code: "GONET_LIMIT", limit: "listeners" });
    await first.Close();
    await expect.poll(liveSockets).toBe(1);
    const third = await listen();
    // One that fails does not count.
    await third.Close();
    await expect.poll(liveSockets).toBe(1);
    await failure(at.net.Listen("tcp", second.Addr().String()));
    await (await listen()).Close();
    await second.Close();
  });

  it("takes connections in the order in which they came", async () => {
    at = await overMemory();
    const l = await at.net.Listen("tcp", "127.0.0.1:0");
    const ports: number[] = [];
    const dialled = [];
    for (let i = 0; i < 10; i++) {
      const socket = await plainDial(l.Addr().String());
      dialled.push(socket);
      ports.push(socket.localPort as number);
    }
    const got: number[] = [];
    for (let i = 0; i < 10; i++) {
      const c = await l.Accept();
      got.push(Number(c.RemoteAddr()?.String().split(":").at(-1)));
      await c.Close();
    }
    expect(got).toEqual(ports);
    for (const socket of dialled) socket.destroy();
    await l.Close();
  });

  it("ends with its session", async () => {
    at = await overMemory();
    const l = await at.net.Listen("tcp", "127.0.0.1:0");
    const address = l.Addr().String();
    await at.net.session.close();
    await expect.poll(liveSockets).toBe(0);
    await expect(plainDial(address)).rejects.toThrow("ECONNREFUSED");
  });
});

describe("Sessions", () => {
  it("closes with nobody there", async () => {
    at = await overMemory();
    await new Sessions().close();
  });
});
