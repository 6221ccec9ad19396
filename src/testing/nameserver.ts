// A name server for tests, in this process, on a free port of loopback. What it answers is the test's to say.

import { createSocket, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { recordType } from "../names/dnsmessage.js";

const headerBytes = 12;
const lengthBytes = 2;
const flags = { response: 0x8180, truncated: 0x200 } as const;

/** Asked is a question that came. */
export interface Asked {
  readonly name: string;
  readonly type: keyof typeof recordType;
  readonly network: "udp" | "tcp";
}

/** Said is what to answer: the data of records of the type asked for, and a code; null is silence. */
export type Said = {
  readonly records?: readonly Uint8Array[];
  readonly code?: number;
  readonly isTruncated?: boolean;
} | null;

/** NameServer is a running server. */
export interface NameServer {
  /** address is "127.0.0.1:port". */
  readonly address: string;
  /** asked are all questions so far. */
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** nameServer starts one. say is asked for each answer, and may take its time. */
export async function nameServer(say: (asked: Asked) => Said | Promise<Said>): Promise<NameServer> {
  const asked: Asked[] = [];
  let isOver = false;
  const reply = async (question: Buffer, network: "udp" | "tcp"): Promise<Buffer | null> => {
    const read = readQuestion(question, network);
    asked.push(read);
    const said = await say(read);
    return said === null ? null : answer(question, read, said);
  };
  const [udp, tcp] = await bound();
  udp.on("message", (question, from) => {
    void reply(question, "udp").then((b) => b && !isOver && udp.send(b, from.port, from.address));
  });
  tcp.on("connection", (c) => {
    c.on("error", () => {}); // a client that goes away is not the test's concern
    let got = Buffer.alloc(0);
    c.on("data", (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < lengthBytes || got.length < lengthBytes + got.readUInt16BE(0)) {
        return;
      }
      void reply(got.subarray(lengthBytes), "tcp").then((b) => b && c.end(Buffer.concat([u16(b.length), b])));
    });
  });
  return {
    address: `127.0.0.1:${udp.address().port}`,
    asked,
    async close() {
      isOver = true; // what is still thought about is not answered any more
      udp.close();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

// bound takes a port that is free for both.
async function bound(): Promise<[Socket, Server]> {
  for (;;) {
    const tcp = createServer();
    await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
    const udp = createSocket("udp4");
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once("error", () => resolve(false));
      udp.bind((tcp.address() as AddressInfo).port, "127.0.0.1", () => resolve(true));
    });
    if (isFree) {
      return [udp, tcp];
    }
    tcp.close();
  }
}

function readQuestion(b: Buffer, network: "udp" | "tcp"): Asked {
  let name = "";
  let at = headerBytes;
  for (; b[at] !== 0; at += (b[at] as number) + 1) {
    name += `${b.subarray(at + 1, at + 1 + (b[at] as number)).toString("latin1")}.`;
  }
  const wanted = b.readUInt16BE(at + 1);
  const type = (Object.keys(recordType) as (keyof typeof recordType)[]).find((t) => recordType[t] === wanted);
  return { name, type: type ?? "A", network };
}

function answer(
  question: Buffer,
  asked: Asked,
  { records = [], code = 0, isTruncated = false }: NonNullable<Said>,
): Buffer {
  const end = headerBytes + asked.name.length + 1 + 4;
  const bits = flags.response | (isTruncated ? flags.truncated : 0) | code;
  const header = [question.subarray(0, 2), u16(bits), u16(1), u16(records.length), u16(0), u16(0)];
  const owner = u16(0xc000 | headerBytes);
  const written = records.map((data) =>
    Buffer.concat([owner, u16(recordType[asked.type]), u16(1), Buffer.alloc(4), u16(data.length), data]),
  );
  return Buffer.concat([...header, question.subarray(headerBytes, end), ...written]);
}

function u16(n: number): Buffer {
  return Buffer.from([n >> 8, n & 0xff]);
}

/** data writes the data of records. */
export const data = {
  A: (text: string): Uint8Array => Uint8Array.from(text.split("."), Number),
  name: (text: string): Uint8Array =>
    Buffer.concat([
      ...text
        .split(".")
        .filter(Boolean)
        .map((l) => Buffer.from([l.length, ...Buffer.from(l)])),
      Buffer.from([0]),
    ]),
  MX: (preference: number, host: string): Uint8Array => Buffer.concat([u16(preference), data.name(host)]),
  SRV: (priority: number, weight: number, port: number, host: string): Uint8Array =>
    Buffer.concat([u16(priority), u16(weight), u16(port), data.name(host)]),
  TXT: (...parts: (string | Uint8Array)[]): Uint8Array =>
    Buffer.concat(
      parts.map((part) =>
        Buffer.concat([Buffer.from([Buffer.byteLength(part)]), Buffer.from(part as string)]),
      ),
    ),
};
