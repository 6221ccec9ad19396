// N01: a session whose link is cut after every byte of it, in each direction; what both ends see is what they see without.

import { afterEach, expect, test, vi } from "vitest";
import { SimClock } from "../testing/simclock.js";
import { SimLink, type SimLinkOptions } from "../testing/simlink.js";
import { PiecesError, RefusedError, SessionError } from "./errors.js";
import { Greeting } from "./greeting.js";
import { Session } from "./session.js";
import type { Stream } from "./stream.js";

const lastByte = 4096;
const latencyMs = 5;
const dayMs = 86_400_000;

afterEach(() => {
  vi.unstubAllGlobals();
});

// Notes are what one end saw: of each thing by itself, in order, whatever pieces it came in.
class Notes {
  readonly #of = new Map<string, string[]>();

  add(about: string, what: string): void {
    const notes = this.#of.get(about) ?? [];
    const last = notes.at(-1);
    // Bytes are bytes, however they were cut.
    if (last?.startsWith("bytes ") && what.startsWith("bytes "))
      notes[notes.length - 1] = last + what.slice(6);
    else notes.push(what);
    this.#of.set(about, notes);
  }

  get text(): string {
    return [...this.#of]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([about, notes]) => `${about}: ${notes.join(", ")}`)
      .join("\n");
  }
}

// drain notes what a stream brings until its end, and closes it when the other side did.
function drain(stream: Stream, notes: Notes, about: string, atEnd: () => void = () => {}): void {
  let isOver = false;
  const over = (how: string) => {
    if (isOver) return;
    isOver = true;
    notes.add(about, how);
    atEnd();
  };
  stream.onReadable = () => {
    for (let chunk = stream.peek(); chunk !== null; chunk = stream.peek()) {
      notes.add(about, `bytes ${String.fromCharCode(...chunk)}`);
      stream.drop(chunk.length);
    }
    if (stream.finReceived) over("end");
    else if (stream.state === "failed") over("reset");
    if (!stream.peerClosed || (stream.state !== "open" && stream.state !== "failed")) return;
    over("closed");
    stream.close();
  };
  stream.onReadable();
}

// send has a stream send text and end it.
function send(stream: Stream, text: string, atEnd: () => void = () => {}): void {
  let at = 0;
  stream.source = {
    pull(max) {
      const n = Math.min(max, 300, text.length - at);
      if (n === 0) {
        if (!stream.finSent) {
          stream.fin();
          atEnd();
        }
        return null;
      }
      const frame = new Uint8Array(12 + n);
      for (let i = 0; i < n; i++) frame[12 + i] = text.charCodeAt(at + i);
      at += n;
      return frame;
    },
  };
  stream.ready();
}

// talk sends text and notes what comes, and closes when both are at their end.
function talk(stream: Stream, notes: Notes, about: string, text: string): void {
  let ends = 0;
  const ended = () => ++ends === 2 && stream.close();
  drain(stream, notes, about, ended);
  send(stream, text, ended);
}

const long = (letter: string): string => letter.repeat(2400);

interface Outcome {
  client: string;
  gateway: string;
  resumes: number;
  state: string;
  sent: { client: number; gateway: number };
}

// play runs the session over a first link with these options, and over sound ones after it.
async function play(options: Partial<SimLinkOptions>): Promise<Outcome> {
  const clock = new SimClock();
  clock.install();
  const here = new Notes();
  const there = new Notes();
  let done = 0;

  const gateway = new Session({
    role: "gateway",
    id: "s",
    resumeKey: new Uint8Array(32),
    handler: {
      open(stream, op) {
        there.add("opens", op);
        stream.onClosed = () => there.add(op, "closed");
        switch (op) {
          case "refused":
            return stream.refused(["errno", "connect", "ECONNREFUSED"], null, null);
          case "listen": {
            stream.becomeListener(() => {});
            stream.opened([]);
            stream.onWritable = () => {
              const child = stream.accepted(["peer"]);
              drain(child, there, "accepted");
              send(child, long("h"));
            };
            return;
          }
          case "echo":
            stream.opened([]);
            drain(stream, there, op);
            return send(stream, long("g"));
          default:
            stream.opened([]);
            stream.reset(["errno", "", "ECONNRESET"]);
            stream.onReadable = () => stream.peerClosed && stream.close();
        }
      },
      call(_, op) {
        there.add("calls", op);
        if (op === "bad") throw new PiecesError(["text", "no"]);
        return Array.from({ length: 40 }, (_, i) => i); // several frames
      },
    },
  });
  let links = 0;
  let first: SimLink | null = null;
  const dial = () => {
    const link = new SimLink(clock, {
      latencyMs,
      lateMs: null,
      isStubborn: false,
      ...(links++ === 0 ? options : {}),
    });
    first ??= link;
    new Greeting(link.gateway, {
      helloMs: 10_000,
      onHello(greeting, line, said) {
        if (said.sessionID === null) return gateway.begin(line, said);
        const code = gateway.resume(line, said);
        if (code !== null) greeting.refuse(code, "no");
      },
      onOver() {},
    });
    client.attach(link.client);
  };
  const client = new Session({ role: "client", resume: true, onDetached: () => void clock.after(3, dial) });
  dial();

  const answered = (op: string) => (err: unknown) => {
    if (err instanceof SessionError) here.add(op, "lost");
    else if (err instanceof RefusedError) here.add(op, `refused ${err.pieces}`);
    else if (err instanceof PiecesError) here.add(op, `failed ${err.pieces}`);
    else throw err;
    done++;
  };
  const open = (op: string, onOpened: (stream: Stream) => void) => {
    client
      .open(op, [], (stream) => {
        here.add(op, "opened");
        onOpened(stream);
      })
      .answer.catch(answered(op));
  };
  open("echo", (stream) => {
    stream.onClosed = () => done++;
    talk(stream, here, "echo", long("c"));
  });
  open("refused", () => {});
  open("reset", (stream) => drain(stream, here, "reset", () => stream.close()));
  open("listen", (stream) => {
    stream.becomeListener((child) => {
      here.add("listen", "accepted");
      talk(child, here, "accepted", long("a"));
    });
    stream.grant(1);
  });
  for (const op of ["good", "bad"]) {
    client.call(op, []).then((result) => {
      here.add(op, String(result));
      done++;
    }, answered(op));
  }
  // Promises settle on the platform's own clock, so simulated and real time take turns.
  for (let i = 0; i < 20; i++) {
    clock.run(() => client.state === "over", clock.now + 60);
    await null;
    await null;
  }
  const outcome = {
    client: here.text,
    gateway: there.text,
    resumes: gateway.counts.resumes,
    state: `${client.state} ${gateway.state} ${client.size} ${gateway.size}`,
    sent: {
      client: (first as SimLink | null)?.client.sentBytes ?? 0,
      gateway: (first as SimLink | null)?.gateway.sentBytes ?? 0,
    },
  };
  client.close();
  clock.run(() => clock.pending === 0, clock.now + dayMs);
  vi.unstubAllGlobals();
  expect(clock.pending).toBe(0);
  expect(done).toBeGreaterThanOrEqual(3);
  return outcome;
}

test.each(["client", "gateway"] as const)(
  "N01: cut after every byte that the %s sends",
  { timeout: 120_000 },
  async (end) => {
    const whole = await play({});
    expect(whole.state).toBe("attached attached 1 1"); // the listener
    expect(whole.client).toMatch(/accepted: bytes h{2400}, end/);
    expect(whole.gateway).toMatch(/accepted: bytes a{2400}, end/);
    expect(whole.sent[end]).toBeGreaterThan(lastByte);
    let resumed = 0;
    for (let bytes = 0; bytes <= lastByte; bytes++) {
      const outcome = await play({ cutAt: { end, bytes } });
      if (outcome.resumes === 0) {
        // The first handshake was cut. There was no session yet, and nothing was begun.
        expect(outcome.client).toBe(
          "bad: lost\necho: lost\ngood: lost\nlisten: lost\nrefused: lost\nreset: lost",
        );
        expect(outcome.gateway).toBe("");
        continue;
      }
      resumed++;
      const { client, gateway, state } = outcome;
      expect({ bytes, client, gateway, state }).toEqual({
        bytes,
        client: whole.client,
        gateway: whole.gateway,
        state: whole.state,
      });
    }
    expect(resumed).toBeGreaterThan(lastByte * 0.85);
  },
);
