// Recordings are sessions that were played for real, message by message: what the fuzzer begins with. They lie in
// recordings.txt; "npm run fuzz -- --record" plays them anew.
//
//     # name of the session
//     1> message in base64        from the client, over the session's first link
//     1< message in base64        from the gateway

import { type ControlFrame, decode, type Frame } from "../../wire/frame.js";

export interface Message {
  readonly link: number;
  readonly from: "client" | "gateway";
  readonly bytes: Uint8Array;
}

export interface Recording {
  readonly name: string;
  readonly messages: readonly Message[];
}

export function parseRecordings(text: string): Recording[] {
  const recordings: { name: string; messages: Message[] }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("# ")) recordings.push({ name: line.slice(2), messages: [] });
    const found = /^(\d+)([<>]) (\S+)$/.exec(line);
    if (found === null) continue;
    const [, link, way, base64] = found as unknown as [string, string, string, string];
    recordings.at(-1)?.messages.push({
      link: Number(link),
      from: way === ">" ? "client" : "gateway",
      bytes: new Uint8Array(Buffer.from(base64, "base64")),
    });
  }
  return recordings;
}

export function formatRecordings(recordings: readonly Recording[]): string {
  const lines = recordings.flatMap(({ name, messages }) => [
    `# ${name}`,
    ...messages.map(
      ({ link, from, bytes }) =>
        `${link}${from === "client" ? ">" : "<"} ${Buffer.from(bytes).toString("base64")}`,
    ),
  ]);
  return `${lines.join("\n")}\n`;
}

/** framesOf takes a message apart, with memory of its own. */
export function framesOf(message: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  decode(new Uint8Array(message), (frame) => frames.push(frame) > 0);
  return frames;
}

/** asked are the OPEN and CALL frames of a recording, in order: with them a client asks the same again. */
export function asked({ messages }: Recording): Extract<ControlFrame, readonly [16 | 26, ...unknown[]]>[] {
  return messages
    .filter((m) => m.from === "client")
    .flatMap((m) => framesOf(m.bytes))
    .filter((f) => f[0] === 16 || f[0] === 26);
}
