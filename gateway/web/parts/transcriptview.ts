// A transcript on the screen. It is drawn at most once a frame, only its newest part, and never takes more than a share of
// the time: a fast download is counted and kept by the transcript, and shown as fast as can be.

import { button, el } from "../dom.js";
import { formatClock, formatCount } from "./format.js";
import { hexDump, hexRows } from "./hexdump.js";
import type { Data, Entry, Note, Transcript } from "./transcript.js";
import { entryText, type Form, partsOf } from "./transcripttext.js";

// What may be on the screen at once, in lines and marks: what a browser lays out in a few milliseconds.
const maxCost = 8000;

// Text without line breaks and marks costs too: about a line for so many bytes.
const bytesPerLine = 64;

// Drawing that takes longer than this is noticed. Then half as much is shown, down to what fills any screen, until
// nothing has come for a while.
const slowDrawMs = 40;
const minCost = 500;
const settleMs = 400;

// After drawing took d, nothing is drawn for this many times d.
const restFactor = 3;

// So near to the end counts as at the end: scrolling stops at whole pixels only.
const endSlackPx = 24;

interface Row {
  readonly element: HTMLElement;
  readonly cost: number;
  readonly version: number;
}

/** TranscriptView shows one transcript. */
export class TranscriptView {
  readonly element: HTMLElement;
  readonly #transcript: Transcript;
  readonly #rows = new Map<number, Row>();
  readonly #scroller: HTMLElement;
  readonly #list: HTMLElement;
  readonly #dropped: HTMLElement;
  readonly #latest: HTMLButtonElement;
  #form: Form = "text";
  #isAtEnd = true;
  #isScheduled = false;
  #notBefore = 0;
  #budget = maxCost;
  #isSettled = false;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #droppedText = "";

  constructor(transcript: Transcript, label: string, empty: HTMLElement) {
    this.#transcript = transcript;
    this.#dropped = el("p", { class: "dropped", hidden: true });
    this.#list = el("div", { class: "entries" });
    this.#scroller = el(
      "div",
      { class: "scroller", tabindex: 0, role: "log", "aria-live": "off", "aria-label": label },
      this.#dropped,
      this.#list,
      empty,
    );
    this.#latest = button("Newest ↓", () => this.#toEnd(), { title: "Scroll to the newest line" });
    this.#latest.classList.add("latest");
    this.#latest.hidden = true;
    this.element = el("div", { class: "transcript" }, this.#scroller, this.#latest);
    this.#scroller.addEventListener("scroll", () => this.#onScroll());
    // It also tells when a hidden transcript is shown: nothing is drawn until then.
    new ResizeObserver(() => this.schedule()).observe(this.#scroller);
  }

  /** form is how data is shown. */
  get form(): Form {
    return this.#form;
  }

  set form(form: Form) {
    this.#form = form;
    this.#list.classList.toggle("hex", form === "hex");
    this.#forget();
    this.schedule();
  }

  /** list is the element whose text is what can be seen. */
  get list(): HTMLElement {
    return this.#list;
  }

  /** shownText is what is on the screen, as text. */
  shownText(): string {
    return this.#transcript.entries
      .filter((entry) => this.#rows.has(entry.id))
      .map((entry) => entryText(entry, this.#form))
      .join("");
  }

  /** schedule draws soon. */
  schedule(): void {
    if (this.#isScheduled) {
      return;
    }
    this.#isScheduled = true;
    const wait = this.#notBefore - performance.now();
    if (wait > 0) {
      setTimeout(() => this.#nextFrame(), wait);
    } else {
      this.#nextFrame();
    }
  }

  #nextFrame(): void {
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      if (this.#scroller.clientHeight > 0) {
        this.#draw();
      }
    });
  }

  #draw(): void {
    const start = performance.now();
    const { entries } = this.#transcript;
    const first = this.#firstShown(entries);
    this.#dropRowsBefore(entries[first]?.id ?? Number.POSITIVE_INFINITY);
    let previous: Element | null = null;
    for (const entry of entries.slice(first)) {
      const row = this.#row(entry);
      const next: Element | null =
        previous === null ? this.#list.firstElementChild : previous.nextElementSibling;
      if (next !== row.element) {
        this.#list.insertBefore(row.element, next);
      }
      previous = row.element;
    }
    this.#showDropped(entries.slice(first));
    if (this.#isAtEnd) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
    }
    this.#latest.hidden = this.#isAtEnd;
    const end = performance.now();
    this.#notBefore = end + restFactor * (end - start);
    this.#adapt(end - start);
  }

  #adapt(tookMs: number): void {
    clearTimeout(this.#settling);
    if (this.#isSettled) {
      this.#isSettled = false; // that was all of it: slow or not, there is nothing more to draw
    } else if (tookMs > slowDrawMs) {
      this.#budget = Math.max(minCost, this.#budget / 2);
    }
    if (this.#budget < maxCost) {
      this.#settling = setTimeout(() => {
        this.#budget = maxCost;
        this.#isSettled = true;
        this.schedule();
      }, settleMs);
    }
  }

  // firstShown goes back from the newest entry as far as the screen may hold.
  #firstShown(entries: readonly Entry[]): number {
    let cost = 0;
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i] as Entry;
      cost += this.#row(entry).cost;
      if (cost > this.#budget && i < entries.length - 1) {
        return i + 1;
      }
    }
    return 0;
  }

  #row(entry: Entry): Row {
    const known = this.#rows.get(entry.id);
    if (known !== undefined && known.version === entry.version) {
      return known;
    }
    const row = entry.kind === "note" ? noteRow(entry) : dataRow(entry, this.#form);
    known?.element.replaceWith(row.element);
    this.#rows.set(entry.id, row);
    return row;
  }

  #dropRowsBefore(id: number): void {
    for (const [old, { element }] of this.#rows) {
      if (old < id) {
        element.remove();
        this.#rows.delete(old);
      }
    }
  }

  #forget(): void {
    this.#rows.clear();
    this.#list.replaceChildren();
  }

  #showDropped(shown: readonly Entry[]): void {
    const shownBytes = shown.reduce((sum, e) => sum + (e.kind === "note" ? 0 : e.bytes.length), 0);
    const dropped = this.#transcript.allBytes - shownBytes;
    const saved = dropped - this.#transcript.droppedBytes;
    const more = saved > 0 ? `; Save still has ${formatCount(saved)} of them` : "";
    const text = dropped === 0 ? "" : `${formatCount(dropped)} bytes earlier dropped from the view${more}`;
    if (text !== this.#droppedText) {
      this.#droppedText = text;
      this.#dropped.textContent = text;
      this.#dropped.hidden = text === "";
    }
  }

  #onScroll(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    if (clientHeight > 0) {
      this.#isAtEnd = scrollHeight - scrollTop - clientHeight < endSlackPx;
      this.#latest.hidden = this.#isAtEnd;
    }
  }

  #toEnd(): void {
    this.#isAtEnd = true;
    this.schedule();
    this.#scroller.focus();
  }
}

function noteRow({ at, tone, text, detail }: Note): Row {
  const element = el(
    "div",
    { class: `entry note ${tone}` },
    el("div", { class: "head" }, el("time", {}, formatClock(at))),
    el("div", { class: "said" }, el("span", {}, text), detail === "" ? null : el("small", {}, detail)),
  );
  return { element, cost: 1, version: 0 };
}

function dataRow(data: Data, form: Form): Row {
  const body = el("pre", { class: `body ${form}` });
  let cost = Math.ceil(data.bytes.length / bytesPerLine);
  if (form === "hex") {
    body.textContent = hexDump(data.bytes, data.offset);
    cost = hexRows(data.bytes.length);
  } else {
    const parts = partsOf(data);
    body.append(...parts.map(({ text, isMark }) => (isMark ? el("span", { class: "mark" }, text) : text)));
    cost += parts.length;
  }
  const isIn = data.kind === "in";
  const element = el(
    "div",
    { class: `entry ${data.kind}` },
    el(
      "div",
      { class: "head" },
      el("time", {}, formatClock(data.at)),
      el("span", { class: "arrow", "aria-hidden": "true" }, isIn ? "←" : "→"),
      el("span", { class: "unseen" }, isIn ? "received" : "sent"),
      el("span", { class: "size" }, `${formatCount(data.bytes.length)} B`),
      data.peer === "" ? null : el("span", { class: "peer" }, data.peer),
    ),
    body,
  );
  return { element, cost: cost + 1, version: data.version };
}
