// One connection of bytes and what is said on it: the transcript, the input, and the ways to end it.

import * as net from "gonet";
import { button, el } from "../dom.js";
import { Composer } from "./composer.js";
import { errorText } from "./errors.js";
import { Facts } from "./facts.js";
import { formatBytes, formatTime } from "./format.js";
import { keepPage } from "./keep.js";
import type { Announce } from "./live.js";
import { type Tone, Transcript, type TranscriptLimits } from "./transcript.js";
import { TranscriptPane } from "./transcriptpane.js";
import { visibleText } from "./visible.js";

// As much as one frame of the gateway carries.
const readBytes = 256 * 1024;

// Counts that change more often than this can't be read.
const showEveryMs = 100;

/**
 * ConversationState says what the connection can still do.
 *
 *     none ─► open ─┬─► halfClosed (we have sent everything) ─┬─► closed ─► open (the next connection)
 *                   └─► ended (the other end has)            ─┘
 */
export type ConversationState = "none" | "open" | "halfClosed" | "ended" | "closed";

/** StreamConn is a connection whose directions end one by one. */
export type StreamConn = net.Conn & { CloseWrite(): Promise<void> };

/** ConversationOptions are what tools differ in. */
export interface ConversationOptions {
  readonly announce: Announce;
  /** empty is shown before anything was said. */
  readonly empty: HTMLElement;
  readonly limits?: Partial<TranscriptLimits>;
  /** onChange is called soon after the state or a count changed. */
  readonly onChange?: () => void;
  /** onData is awaited before more is read, so that it can hold the sender back. */
  readonly onData?: (conversation: Conversation, bytes: Uint8Array) => Promise<void>;
  /** onEnd is called when the other end has sent everything and our direction is still open. */
  readonly onEnd?: (conversation: Conversation) => void;
}

/** Conversation is a connection on the screen. Several may follow each other in one. */
export class Conversation {
  readonly element: HTMLElement;
  readonly #options: ConversationOptions;
  readonly #transcript: Transcript;
  readonly #pane: TranscriptPane;
  readonly #composer: Composer;
  readonly #facts = new Facts();
  readonly #halfClose: HTMLButtonElement;
  readonly #close: HTMLButtonElement;
  #state: ConversationState = "none";
  #conn: StreamConn | null = null;
  // shown is the connection that is there or was last.
  #shown: StreamConn | null = null;
  #since = 0;
  #received = 0;
  #sent = 0;
  #waiting = 0;
  #isScheduled = false;
  #notBefore = 0;
  #release: () => void = () => {};

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#transcript = new Transcript(options.limits);
    this.#pane = new TranscriptPane(this.#transcript, options.announce, options.empty);
    this.#transcript.onChange = () => {
      this.#pane.view.schedule();
      this.#schedule();
    };
    this.#composer = new Composer((bytes) => void this.send(bytes));
    this.#halfClose = button("Half close", () => void this.halfClose(), {
      title: "End our direction (CloseWrite); the other end can still send",
    });
    this.#close = button("Close", () => void this.close(), { title: "Close the connection" });
    this.#pane.actions.append(this.#halfClose, this.#close);
    this.element = el(
      "section",
      { class: "conversation", "aria-label": "Connection" },
      this.#facts.element,
      this.#pane.element,
      this.#composer.element,
    );
    this.#show();
  }

  /** state is what the connection can still do. */
  get state(): ConversationState {
    return this.#state;
  }

  /** isOpen says whether there is a connection that is not closed. */
  get isOpen(): boolean {
    return this.#conn !== null;
  }

  /** canSend says whether our direction is open. */
  get canSend(): boolean {
    return this.#state === "open" || this.#state === "ended";
  }

  /** received and sent are counts of bytes, those of the connection that is there or was last. */
  get received(): number {
    return this.#received;
  }

  get sent(): number {
    return this.#sent;
  }

  /** attach takes a connection over and reads from it to its end. There must be none that is open. */
  attach(conn: StreamConn, what: string): void {
    this.#conn = conn;
    this.#received = 0;
    this.#sent = 0;
    this.#waiting = 0;
    this.#since = Date.now();
    this.#release = keepPage();
    this.#transcript.restart();
    this.#pane.name = addressText(conn.RemoteAddr());
    this.#enter("open");
    this.say("info", what);
    void this.#read(conn);
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
    this.#composer.focus();
  }

  /** send writes bytes. They are in the transcript once the session has taken them. */
  async send(bytes: Uint8Array): Promise<void> {
    const conn = this.#conn;
    if (conn === null) {
      return;
    }
    this.#waiting += bytes.length;
    this.#schedule();
    try {
      await conn.Write(bytes);
      this.#wrote(conn, bytes);
    } catch (err) {
      const { n = 0 } = err as { n?: number };
      this.#wrote(conn, bytes.subarray(0, n));
      this.#ended(conn, err);
    } finally {
      this.#waiting -= this.#conn === conn ? bytes.length : 0;
      this.#schedule();
    }
  }

  #wrote(conn: StreamConn, bytes: Uint8Array): void {
    if (this.#conn === conn && bytes.length > 0) {
      this.#sent += bytes.length;
      this.#transcript.append("out", bytes, Date.now());
    }
  }

  /** halfClose ends our direction. */
  async halfClose(): Promise<void> {
    const conn = this.#conn;
    if (conn === null || this.#state === "halfClosed") {
      return;
    }
    try {
      await conn.CloseWrite();
    } catch (err) {
      this.fail(err);
      return;
    }
    this.say("info", "half closed: nothing more is sent");
    if (this.#state === "ended") {
      await this.close();
    } else {
      this.#enter("halfClosed");
    }
  }

  /** close closes the connection, if there is one. */
  async close(): Promise<void> {
    const conn = this.#conn;
    if (conn === null) {
      return;
    }
    this.#conn = null; // so that calls that wait say nothing: it was asked for
    this.#enter("closed");
    this.say("info", "closed");
    await conn.Close().catch((err: unknown) => this.fail(err));
  }

  async #read(conn: StreamConn): Promise<void> {
    const b = new Uint8Array(readBytes);
    try {
      for (;;) {
        const n = await conn.Read(b);
        if (this.#conn !== conn) {
          return;
        }
        const bytes = b.subarray(0, n);
        this.#received += n;
        this.#transcript.append("in", bytes, Date.now());
        await this.#options.onData?.(this, bytes);
      }
    } catch (err) {
      this.#ended(conn, err);
    }
  }

  // ended is told about an error of Read or Write. After EOF the other direction goes on, after others nothing does.
  #ended(conn: StreamConn, err: unknown): void {
    if (this.#conn !== conn) {
      return;
    }
    if (!net.errors.Is(err, net.io.EOF)) {
      this.fail(err);
      void this.close();
      return;
    }
    this.say("end", net.io.EOF.message, "the other end has sent everything");
    if (this.#state === "halfClosed") {
      void this.close();
    } else {
      this.#enter("ended");
      this.#options.onEnd?.(this);
    }
  }

  #enter(state: ConversationState): void {
    this.#state = state;
    if (state === "closed") {
      this.#release();
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) {
      return;
    }
    this.#isScheduled = true;
    // Not a frame: the titles on a hidden page are kept up to date too.
    setTimeout(
      () => {
        this.#isScheduled = false;
        this.#notBefore = performance.now() + showEveryMs;
        this.#show();
        this.#options.onChange?.();
      },
      Math.max(0, this.#notBefore - performance.now()),
    );
  }

  #show(): void {
    this.#halfClose.disabled = !this.canSend;
    this.#close.disabled = !this.isOpen;
    this.#composer.setEnabled(this.canSend);
    this.element.dataset["state"] = this.#state;
    this.#options.empty.hidden = this.#transcript.entries.length > 0;
    this.#shown = this.#conn ?? this.#shown;
    const conn = this.#shown;
    const counts = conn === null ? null : this;
    this.#facts.set("State", stateText[this.#state]);
    this.#facts.set("Local", conn && addressText(conn.LocalAddr()));
    this.#facts.set("Remote", conn && addressText(conn.RemoteAddr()));
    this.#facts.set("Since", conn === null ? null : formatTime(this.#since));
    this.#facts.set("Received", counts && formatBytes(counts.#received));
    this.#facts.set("Sent", counts && formatBytes(counts.#sent));
    this.#facts.set("Not yet taken", this.#waiting === 0 ? null : formatBytes(this.#waiting));
  }
}

// A Unix socket may have no address, or one that anybody chose.
function addressText(addr: net.Addr | null): string {
  return visibleText(addr?.String() ?? "") || "none";
}

/** stateText says a state in words. */
export const stateText: Readonly<Record<ConversationState, string>> = {
  none: "not connected",
  open: "open",
  halfClosed: "half closed here",
  ended: "half closed there",
  closed: "closed",
};
