// A socket of datagrams and what goes over it: the transcript, the input, and where it goes.

import * as net from "gonet";
import { button, el, field } from "../dom.js";
import { Composer } from "./composer.js";
import { errorText, isLost } from "./errors.js";
import { Facts } from "./facts.js";
import { formatBytes, formatCount, formatTime } from "./format.js";
import { addressInput } from "./inputs.js";
import { keepPage } from "./keep.js";
import type { Announce } from "./live.js";
import { type Tone, Transcript } from "./transcript.js";
import { TranscriptPane } from "./transcriptpane.js";
import { visibleText } from "./visible.js";

// As long as a datagram of UDP can be, and longer than one of a Unix socket usually is.
const readBytes = 256 * 1024;

// Counts that change more often than this can't be read.
const showEveryMs = 100;

// A socket that fails so often without one datagram in between will not get better.
const maxFailuresInARow = 100;

/** DatagramSocket is one, connected or not. */
export interface DatagramSocket {
  readonly local: string;
  /** remote is what it is connected to, or null if each datagram says where it goes. */
  readonly remote: string | null;
  /** send sends b, to the address to if the socket is not connected, and gives that address as it was understood. */
  send(b: Uint8Array, to: string): Promise<string>;
  /** receive takes one datagram and says how long it is and who sent it. */
  receive(b: Uint8Array): Promise<readonly [n: number, peer: string]>;
  close(): Promise<void>;
}

/** DatagramsOptions are what tools differ in. */
export interface DatagramsOptions {
  readonly announce: Announce;
  /** empty is shown before anything was sent. */
  readonly empty: HTMLElement;
  /** toPlaceholder shows what an address to send to looks like. */
  readonly toPlaceholder: string;
  /** onChange is called soon after the state or a count changed. */
  readonly onChange: () => void;
}

/** Datagrams is a socket on the screen. Several may follow each other in one. */
export class Datagrams {
  readonly element: HTMLElement;
  readonly #options: DatagramsOptions;
  readonly #transcript = new Transcript();
  readonly #pane: TranscriptPane;
  readonly #composer: Composer;
  readonly #facts = new Facts();
  readonly #to: HTMLInputElement;
  readonly #toField: HTMLElement;
  readonly #close: HTMLButtonElement;
  #socket: DatagramSocket | null = null;
  // shown is the socket that is there or was last.
  #shown: DatagramSocket | null = null;
  #since = 0;
  #counts = noCounts();
  #isScheduled = false;
  #notBefore = 0;
  #release: () => void = () => {};

  constructor(options: DatagramsOptions) {
    this.#options = options;
    this.#pane = new TranscriptPane(this.#transcript, options.announce, options.empty);
    this.#transcript.onChange = () => {
      this.#pane.view.schedule();
      this.#schedule();
    };
    this.#composer = new Composer((bytes) => void this.send(bytes), {
      ending: "none",
      takesEmpty: true,
      placeholder: "Type a datagram",
    });
    this.#close = button("Close", () => void this.close(), { title: "Close the socket" });
    this.#pane.actions.append(this.#close);
    this.#to = addressInput(options.toPlaceholder);
    this.#toField = el("div", { class: "send-to" }, field("Send to", this.#to, "inline"));
    this.element = el(
      "section",
      { class: "conversation", "aria-label": "Socket" },
      this.#facts.element,
      this.#pane.element,
      this.#toField,
      this.#composer.element,
    );
    this.#show();
  }

  /** isOpen says whether there is a socket. */
  get isOpen(): boolean {
    return this.#socket !== null;
  }

  /** state is for the look of it. */
  get state(): "none" | "open" | "closed" {
    return this.#socket !== null ? "open" : this.#shown !== null ? "closed" : "none";
  }

  /** attach takes a socket over and reads from it until it is closed. There must be none that is open. */
  attach(socket: DatagramSocket, what: string): void {
    this.#socket = socket;
    this.#shown = socket;
    this.#counts = noCounts();
    this.#since = Date.now();
    this.#release = keepPage();
    this.#pane.name = `udp-${socket.remote ?? socket.local}`;
    this.say("info", what);
    this.#schedule();
    void this.#read(socket);
  }

  /** say adds a line to the transcript and says it aloud. */
  say(tone: Tone, text: string, detail = ""): void {
    this.#transcript.note(tone, text, Date.now(), detail);
    this.#options.announce(text, tone === "error" ? "assertive" : "polite");
  }

  /** fail shows an error. */
  fail(err: unknown): void {
    const { text, detail } = errorText(err);
    this.say("error", text, detail);
  }

  /** focus puts the cursor where the next thing is typed. */
  focus(): void {
    if (this.#toField.hidden || this.#to.value !== "") {
      this.#composer.focus();
    } else {
      this.#to.focus();
    }
  }

  /** send sends bytes as one datagram. */
  async send(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket === null) {
      return;
    }
    try {
      const to = await socket.send(bytes, this.#to.value.trim());
      this.#counts.sent++;
      this.#counts.sentBytes += bytes.length;
      this.#transcript.datagram("out", bytes, Date.now(), visibleText(to));
      if (net.session.status.state !== "attached") {
        this.say("info", "the gateway was not reachable: this one went nowhere");
      }
    } catch (err) {
      if (this.#socket === socket) {
        this.fail(err);
        this.#checkLost(err);
      }
    }
  }

  /** close closes the socket, if there is one. */
  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) {
      return;
    }
    this.#socket = null; // so that calls that wait say nothing: it was asked for
    this.#release();
    this.say("info", "closed");
    this.#schedule();
    await socket.close().catch((err: unknown) => this.fail(err));
  }

  // An error of a read is most often news about a datagram that was sent: the socket goes on.
  async #read(socket: DatagramSocket): Promise<void> {
    const b = new Uint8Array(readBytes);
    for (let failures = 0; this.#socket === socket; ) {
      try {
        const [n, peer] = await socket.receive(b);
        failures = 0;
        this.#received(socket, b.subarray(0, n), visibleText(peer));
      } catch (err) {
        failures++;
        if (this.#socket !== socket) {
          return;
        }
        this.fail(err);
        this.#checkLost(err);
        if (failures >= maxFailuresInARow) {
          void this.close();
        }
      }
    }
  }

  #received(socket: DatagramSocket, bytes: Uint8Array, peer: string): void {
    if (this.#socket !== socket) {
      return;
    }
    this.#counts.received++;
    this.#counts.receivedBytes += bytes.length;
    this.#transcript.datagram("in", bytes, Date.now(), peer);
    if (this.#to.value === "") {
      this.#to.value = peer;
    }
  }

  // With its session a socket is gone.
  #checkLost(err: unknown): void {
    if (isLost(err)) {
      void this.close();
    }
  }

  #schedule(): void {
    if (this.#isScheduled) {
      return;
    }
    this.#isScheduled = true;
    setTimeout(
      () => {
        this.#isScheduled = false;
        this.#notBefore = performance.now() + showEveryMs;
        this.#show();
        this.#options.onChange();
      },
      Math.max(0, this.#notBefore - performance.now()),
    );
  }

  #show(): void {
    const socket = this.#shown;
    this.#close.disabled = !this.isOpen;
    this.#composer.setEnabled(this.isOpen);
    this.#toField.hidden = socket === null || socket.remote !== null;
    this.element.dataset["state"] = this.state;
    this.#options.empty.hidden = this.#transcript.entries.length > 0;
    const { sent, sentBytes, received, receivedBytes } = this.#counts;
    this.#facts.set("State", stateText[this.state]);
    this.#facts.set("Local", socket?.local ?? null);
    this.#facts.set("Remote", socket === null ? null : (socket.remote ?? "any"));
    this.#facts.set("Since", socket === null ? null : formatTime(this.#since));
    this.#facts.set("Received", socket && countText(received, receivedBytes));
    this.#facts.set("Sent", socket && countText(sent, sentBytes));
  }
}

const stateText = { none: "not open", open: "open", closed: "closed" } as const;

function noCounts() {
  return { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 };
}

function countText(n: number, bytes: number): string {
  return `${formatCount(n)} (${formatBytes(bytes)})`;
}
