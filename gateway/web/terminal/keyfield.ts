// Where a private key is given: pasted, dropped, or from a file. It stays in the memory of this page and nowhere else; the
// field is empty again as soon as there is a key in it.

import { button, el, field } from "../dom.js";
import type { Announce } from "../parts/live.js";
import { visibleText } from "../parts/visible.js";
import type { PrivateKey } from "../ssh/privatekey.js";
import type { Asker } from "./asker.js";

const endLine = "-----END";
// More is no key; what is said about it is said by the parser.
const maxFileBytes = 65_536;

/** KeyField holds one key, or none. */
export class KeyField {
  readonly element: HTMLElement;
  readonly #asker: Asker;
  readonly #announce: Announce;
  readonly #text: HTMLTextAreaElement;
  readonly #file: HTMLInputElement;
  readonly #entry: HTMLElement;
  readonly #about = el("span", { class: "about" });
  readonly #error = el("p", { class: "wrong", role: "alert" });
  readonly #summary = el("summary");
  readonly #forget: HTMLButtonElement;
  #key: PrivateKey | null = null;

  constructor(asker: Asker, announce: Announce) {
    this.#asker = asker;
    this.#announce = announce;
    this.#text = el("textarea", {
      rows: 2,
      placeholder: "-----BEGIN OPENSSH PRIVATE KEY-----",
      autocomplete: "off",
      spellcheck: "false",
    });
    this.#file = el("input", {
      type: "file",
      class: "unseen",
      tabindex: -1,
      "aria-label": "Private key file",
    });
    this.#forget = button("Forget it", () => this.#set(null), { kind: "quiet" });
    this.#entry = el(
      "div",
      { class: "entry-row" },
      field("Paste it or drop its file here", this.#text, "wide"),
      button("Choose file…", () => this.#file.click()),
      this.#file,
    );
    this.element = el(
      "details",
      { class: "key-field" },
      this.#summary,
      el(
        "p",
        { class: "hint" },
        "It is used in this page only: never sent, never stored, gone when the tab is closed.",
      ),
      this.#entry,
      el("div", { class: "have" }, this.#about, this.#forget),
      this.#error,
    );
    this.#text.addEventListener("input", () => {
      if (this.#text.value.includes(endLine)) {
        void this.#take(this.#text.value);
      }
    });
    this.#text.addEventListener("change", () => {
      if (this.#text.value.trim() !== "") {
        void this.#take(this.#text.value);
      }
    });
    this.#file.addEventListener("change", () => void this.#read(this.#file.files?.[0]));
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      void this.#read(event.dataTransfer?.files[0], event.dataTransfer?.getData("text"));
    });
    this.#set(null);
  }

  /** key is the key that was given. */
  get key(): PrivateKey | null {
    return this.#key;
  }

  async #read(file: File | undefined, text = ""): Promise<void> {
    const content = file === undefined ? text : await file.slice(0, maxFileBytes).text();
    this.#file.value = "";
    await this.#take(content);
  }

  async #take(text: string): Promise<void> {
    this.#text.value = "";
    this.#error.textContent = "";
    const { parsePrivateKey, PassphraseError } = await import("../ssh/privatekey.js");
    let passphrase: string | null = null;
    for (;;) {
      try {
        this.#set(await parsePrivateKey(text, passphrase));
        return;
      } catch (err) {
        if (!(err instanceof PassphraseError)) {
          this.#error.textContent = err instanceof Error ? visibleText(err.message) : String(err);
          return;
        }
        const answer = await this.#asker.ask({
          title: "Passphrase of the key",
          lines: err.isMissing ? [] : ["That was not the right one."],
          fields: [{ label: "Passphrase", isSecret: true }],
          choices: [
            { value: "open", text: "Open the key" },
            { value: "cancel", text: "Cancel" },
          ],
        });
        if (answer?.choice !== "open") {
          return;
        }
        [passphrase = null] = answer.values;
      }
    }
  }

  #set(key: PrivateKey | null): void {
    this.#key = key;
    const name = key === null ? "" : `${key.type} ${visibleText(key.comment)}`;
    this.#summary.textContent = key === null ? "Private key" : `Private key: ${name}`;
    this.#about.textContent = name;
    this.#entry.hidden = key !== null;
    this.#forget.hidden = key === null;
    if (key !== null) {
      this.#announce(`private key ${name}`);
    }
  }
}
