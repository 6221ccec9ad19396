// A transcript with what can be done to it: how it is shown, clear, copy, save.

import { button, el } from "../dom.js";
import type { Announce } from "./live.js";
import { copyText, fileName, saveFile } from "./save.js";
import { segments } from "./segments.js";
import type { Transcript } from "./transcript.js";
import { entryText, type Form } from "./transcripttext.js";
import { TranscriptView } from "./transcriptview.js";

const forms: readonly (readonly [form: Form, label: string])[] = [
  ["text", "Text"],
  ["hex", "Hex"],
];

/** TranscriptPane is the middle of a console. */
export class TranscriptPane {
  readonly element: HTMLElement;
  readonly view: TranscriptView;
  /** actions is the place at the left of the bar for what belongs to the connection. */
  readonly actions: HTMLElement = el("div", { class: "group" });
  /** name says in a file's name what this is the transcript of. */
  name = "";
  readonly #transcript: Transcript;
  readonly #announce: Announce;

  // empty is shown as long as there is nothing else.
  constructor(transcript: Transcript, announce: Announce, empty: HTMLElement) {
    this.#transcript = transcript;
    this.#announce = announce;
    this.view = new TranscriptView(transcript, "Transcript", empty);
    const bar = el(
      "div",
      { class: "bar" },
      this.actions,
      el(
        "div",
        { class: "group right" },
        this.#formChoice(),
        button("Clear", () => transcript.clear(), { kind: "quiet", title: "Empty the transcript" }),
        button("Copy", () => void this.#copy(), { kind: "quiet", title: "Copy what is shown" }),
        button("Save", () => this.#save(), { kind: "quiet", title: "Save the transcript as a file" }),
      ),
    );
    this.element = el("div", { class: "pane" }, bar, this.view.element);
  }

  #formChoice(): HTMLElement {
    return segments("Show data as", forms, (form) => {
      this.view.form = form;
    }).element;
  }

  async #copy(): Promise<void> {
    const isCopied = await copyText(this.view.shownText(), this.view.list);
    this.#announce(isCopied ? "Copied" : "Selected: press Ctrl+C to copy");
  }

  #save(): void {
    const { entries, droppedBytes } = this.#transcript;
    const head = droppedBytes === 0 ? [] : [`(${droppedBytes} bytes before this were not kept)\n`];
    const texts = entries.map((entry) => entryText(entry, this.view.form));
    saveFile(fileName(this.name, new Date(), "txt"), [...head, ...texts]);
    this.#announce("Saved");
  }
}
