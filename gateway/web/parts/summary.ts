// The sentence in which a tool says what it does, what came of it, or why it cannot. A screen reader says it, too.

import { el } from "../dom.js";
import type { Announce } from "./live.js";

export class Summary {
  readonly element = el("p", { class: "summary" });
  readonly #announce: Announce;

  constructor(announce: Announce) {
    this.#announce = announce;
  }

  get text(): string {
    return this.element.textContent ?? "";
  }

  /** show shows text, and detail in small below it, in silence: it changes often. */
  show(text: string, detail = ""): void {
    this.#set("summary", text, detail);
  }

  /** say shows text and says it aloud. */
  say(text: string): void {
    this.show(text);
    this.repeat();
  }

  /** repeat says aloud what is shown. */
  repeat(): void {
    this.#announce(this.text);
  }

  /** fail shows an error, with what is behind it, and interrupts with it what is being said. */
  fail(text: string, detail = ""): void {
    this.#set("summary bad", text, detail);
    this.#announce(detail === "" ? text : `${text}. ${detail}`, "assertive");
  }

  #set(className: string, text: string, detail: string): void {
    this.element.className = className;
    this.element.replaceChildren(text, detail === "" ? "" : el("small", {}, detail));
  }
}
