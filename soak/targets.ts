// The other ends, in a process of their own, made with Node's own sockets: they echo, take, give, reset, connect and
// answer questions about names, as they are told (orders.ts).

import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer, usage } from "../bench/child.mjs";
import { Socket as NativeSocket } from "../native/index.js";
import { data, nameServer } from "../src/testing/nameserver.js";
import { roomy } from "../src/testing/plainpeer.js";
import { hashOf, pieces } from "./data.js";
import { hostName, type Order, ready, type Taken, type Targets } from "./orders.js";

const loopback = "127.0.0.1";
const fillers = 4; // more than fit into a queue for one
const maxOrderBytes = 4096;

const taken = new Map<string, Taken>();
const asking = new Map<string, (what: Taken) => void>();

function serve(socket: Socket): void {
  socket.on("error", () => {}); // close follows
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\n");
    if (end < 0 && head.length < maxOrderBytes) return;
    socket.off("data", onData);
    socket.pause();
    const order = JSON.parse(head.subarray(0, end).toString()) as Order;
    if (end + 1 < head.length) socket.unshift(head.subarray(end + 1));
    void obey(socket, order).catch((err: Error) => socket.destroyed || socket.end(err.message));
  };
  socket.on("data", onData);
}

async function obey(socket: Socket, order: Order): Promise<void> {
  switch (order.do) {
    case "echo":
      socket.pipe(socket);
      return;
    case "sink":
      socket.end((await take(socket)).hash);
      return;
    case "source":
      socket.resume();
      await give(socket, order.seed, order.bytes);
      socket.end();
      return;
    case "both": {
      const [{ hash }] = await Promise.all([take(socket), give(socket, order.seed, order.bytes)]);
      socket.end(hash);
      return;
    }
    case "take": {
      if (order.endFirst) socket.end();
      else socket.write(ready);
      const what = await take(socket);
      socket.end();
      const ask = asking.get(order.id);
      asking.delete(order.id);
      if (ask === undefined) taken.set(order.id, what);
      else ask(what);
      return;
    }
    case "reset":
      await give(socket, order.seed, order.bytes);
      socket.once("data", () => socket.resetAndDestroy());
      socket.resume();
      return;
    case "ask": {
      const there = taken.get(order.id);
      taken.delete(order.id);
      const what = there ?? (await new Promise<Taken>((resolve) => asking.set(order.id, resolve)));
      socket.end(JSON.stringify(what));
      return;
    }
    case "call": {
      const calls = Array.from({ length: order.times }, (_, i) =>
        call(order.port, order.seed + i, order.bytes),
      );
      await Promise.all(calls);
      socket.end("ok");
      return;
    }
    case "multicast":
      await multicast(order);
      socket.end("ok");
  }
}

// take hashes what comes, up to the end or the error.
async function take(socket: Socket): Promise<Taken> {
  const hash = createHash("sha256");
  let bytes = 0;
  socket.on("data", (chunk) => {
    bytes += chunk.length;
    hash.update(chunk);
  });
  await new Promise<void>((resolve) => {
    socket.once("end", resolve);
    socket.once("close", () => resolve());
    socket.resume();
  });
  const failure = socket.errored as NodeJS.ErrnoException | null;
  return { bytes, hash: hash.digest("hex"), error: failure?.code ?? null };
}

// give ends without a word if the socket does.
async function give(socket: Socket, seed: number, bytes: number): Promise<void> {
  for (const piece of pieces(seed, bytes)) {
    if (socket.destroyed) return;
    if (!socket.write(piece)) await roomy(socket);
  }
}

async function call(port: number, seed: number, bytes: number): Promise<void> {
  const socket = connect({ host: loopback, port, allowHalfOpen: true });
  socket.on("error", () => {}); // take tells
  await once(socket, "connect");
  const taking = take(socket);
  await give(socket, seed, bytes);
  socket.end();
  const back = await taking;
  socket.destroy();
  if (back.error !== null) throw new Error(`the connection ended with ${back.error}`);
  if (back.hash !== hashOf(seed, bytes)) throw new Error(`other bytes came back, ${back.bytes} of ${bytes}`);
}

async function multicast({ group, port, text, times }: Extract<Order, { do: "multicast" }>): Promise<void> {
  const socket = createSocket("udp4");
  socket.bind(0, loopback);
  await once(socket, "listening");
  socket.setMulticastInterface(loopback);
  for (let i = 0; i < times; i++) {
    await new Promise<void>((resolve, reject) =>
      socket.send(text, port, group, (err) => (err ? reject(err) : resolve())),
    );
  }
  socket.close();
}

async function listening(
  server: Server,
  at: { port: number; host: string } | { path: string },
): Promise<Server> {
  server.listen({ ...at, backlog: 1024 });
  await once(server, "listening");
  return server;
}

const addressOf = (server: Server): string => `${loopback}:${(server.address() as AddressInfo).port}`;

// nobody is a port that is taken, by a connection, so that nobody else can listen there: who connects is refused.
async function nobody(tcp: string): Promise<string> {
  const socket = connect(Number(tcp.split(":")[1]), loopback);
  await once(socket, "connect");
  return `${loopback}:${socket.localPort}`;
}

// full is a listener that accepts nothing and whose queue is full: the kernel drops what else wants to connect.
async function full(): Promise<string> {
  const socket = NativeSocket.open(4, "stream");
  socket.bind([4, Uint8Array.of(127, 0, 0, 1), 0]);
  socket.listen(1);
  held.push(socket);
  const port = socket.localAddr()?.[2] as number;
  for (let i = 0; i < fillers; i++) held.push(connect(port, loopback).on("error", () => {}));
  await once(held[1] as Socket, "connect");
  return `${loopback}:${port}`;
}

// held keeps what must stay open.
const held: unknown[] = [];

async function start(): Promise<Targets> {
  const folder = mkdtempSync(join(tmpdir(), "gonet-soak-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const options = { allowHalfOpen: true, noDelay: true };
  const tcp = await listening(createServer(options, serve), { port: 0, host: loopback });
  const unix = join(folder, "targets.sock");
  await listening(createServer(options, serve), { path: unix });
  const udp = createSocket("udp4");
  udp.on("message", (message, from) => udp.send(message, from.port, from.address));
  udp.bind(0, loopback);
  await once(udp, "listening");
  const dns = await nameServer(({ name, type }) => {
    if (name !== `${hostName}.` && !name.endsWith(".in-addr.arpa.") && !name.startsWith("_soak."))
      return { code: 3 };
    const records: Partial<Record<typeof type, Uint8Array[]>> = {
      A: [data.A(loopback)],
      MX: [data.MX(20, "b.soak.test"), data.MX(10, "a.soak.test")],
      NS: [data.name("ns.soak.test")],
      SRV: [data.SRV(2, 0, 80, "late.soak.test"), data.SRV(1, 0, 81, "early.soak.test")],
      TXT: [data.TXT("one ", "two")],
      PTR: [data.name(hostName)],
    };
    return { records: records[type] ?? [] };
  });
  const at = addressOf(tcp);
  return {
    tcp: at,
    udp: `${loopback}:${udp.address().port}`,
    unix,
    dns: dns.address,
    nobody: await nobody(at),
    full: await full(),
  };
}

answer({ start, usage });
