// The input at the bottom of a conversation.

import { el, field, freshId, select } from "../dom.js";
import { type LineEnding, messageBytes, Remembered } from "./message.js";

/** ComposerOptions are what differs between what is sent: bytes of a stream, or datagrams. */
export interface ComposerOptions {
  /** ending is the line ending chosen at first. */
  readonly ending?: LineEnding;
  /** takesEmpty says that no bytes can be sent too. */
  readonly takesEmpty?: boolean;
  /** placeholder is shown where text is typed. */
  readonly placeholder?: string;
}

/** Composer makes messages and hands them over as bytes. */
export class Composer {
  readonly element: HTMLElement;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #options: ComposerOptions;
  readonly #input: HTMLTextAreaElement;
  readonly #button: HTMLButtonElement;
  readonly #error: HTMLElement;
  readonly #form = select([
    ["text", "Text"],
    ["hex", "Hex"],
  ]);
  readonly #ending = select<LineEnding>([
    ["crlf", "CRLF"],
    ["lf", "LF"],
    ["none", "none"],
  ]);
  readonly #remembered = new Remembered();

  constructor(send: (bytes: Uint8Array) => void, options: ComposerOptions = {}) {
    this.#send = send;
    this.#options = options;
    this.#ending.value = options.ending ?? "crlf";
    const errorId = freshId();
    this.#input = el("textarea", {
      rows: 1,
      "aria-label": "Message to send",
      "aria-describedby": errorId,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
    });
    this.#button = el("button", { type: "submit", class: "button primary" }, "Send");
    this.#error = el("p", { class: "wrong", id: errorId, role: "alert" });
    const form = el(
      "form",
      { class: "composer" },
      this.#input,
      el(
        "div",
        { class: "how" },
        field("Send as", this.#form.element, "inline"),
        field("Line ending", this.#ending.element, "inline"),
        this.#button,
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    this.#input.addEventListener("input", () => this.#setError(""));
    this.#form.element.addEventListener("change", () => this.#onForm());
    this.element = el(
      "div",
      { class: "compose" },
      form,
      this.#error,
      el(
        "p",
        { class: "hint keys" },
        el("kbd", {}, "Enter"),
        " sends, ",
        el("kbd", {}, "Shift+Enter"),
        " begins a line, ",
        el("kbd", {}, "↑"),
        " ",
        el("kbd", {}, "↓"),
        " call back what was sent",
      ),
    );
    this.#onForm();
  }

  /** setEnabled says whether anything can be sent now; what was typed stays. */
  setEnabled(isEnabled: boolean): void {
    if (isEnabled && this.#button.disabled) {
      this.#setError("");
    }
    this.#button.disabled = !isEnabled;
    this.element.classList.toggle("off", !isEnabled);
  }

  /** focus puts the cursor into the input. */
  focus(): void {
    this.#input.focus();
  }

  get #isHex(): boolean {
    return this.#form.value === "hex";
  }

  #onForm(): void {
    this.#ending.element.disabled = this.#isHex;
    this.#input.placeholder = this.#isHex ? "48 65 6c 6c 6f" : (this.#options.placeholder ?? "Type a line");
    this.#input.classList.toggle("hex", this.#isHex);
    this.#setError("");
  }

  #submit(): void {
    if (this.#button.disabled) {
      this.#setError("nothing can be sent now; what you typed stays");
      return;
    }
    const typed = this.#input.value;
    try {
      const bytes = messageBytes(typed, this.#isHex ? "hex" : "text", this.#ending.value);
      if (bytes.length === 0 && this.#options.takesEmpty !== true) {
        this.#setError("nothing to send");
        return;
      }
      this.#send(bytes);
    } catch (err) {
      this.#setError((err as Error).message);
      return;
    }
    this.#remembered.add(typed);
    this.#input.value = "";
    this.#setError("");
  }

  #setError(text: string): void {
    this.#error.textContent = text;
    this.#input.setAttribute("aria-invalid", String(text !== ""));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing || event.altKey) {
      return; // the Enter of an input method only ends its word; Alt is for the page
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && isOnFirstLine(this.#input)) {
      this.#recall(event, this.#remembered.older(this.#input.value));
    } else if (event.key === "ArrowDown" && isOnLastLine(this.#input)) {
      this.#recall(event, this.#remembered.newer());
    }
  }

  #recall(event: KeyboardEvent, text: string | null): void {
    if (text !== null) {
      event.preventDefault();
      this.#input.value = text;
      this.#setError("");
    }
  }
}

function isOnFirstLine({ value, selectionStart }: HTMLTextAreaElement): boolean {
  return !value.slice(0, selectionStart).includes("\n");
}

function isOnLastLine({ value, selectionEnd }: HTMLTextAreaElement): boolean {
  return !value.slice(selectionEnd).includes("\n");
}
