// Where a token can be given: shown when there is none, and when the gateway did not let us in with the one there is.

import { button, el, field, freshId } from "./dom.js";
import { visibleText } from "./parts/visible.js";
import type { Session } from "./session.js";
import { tokenInPaste } from "./token.js";

/** Gate is the notice with the field for the token. */
export class Gate {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #title = el("h2");
  readonly #why = el("p");
  readonly #input: HTMLInputElement;
  readonly #error: HTMLElement;
  readonly #again: HTMLButtonElement;

  constructor(session: Session) {
    this.#session = session;
    const errorId = freshId();
    this.#error = el("p", { class: "wrong", id: errorId, role: "alert" });
    // A password, so that it is not seen over a shoulder and no browser keeps it in a history of inputs.
    this.#input = el("input", {
      type: "password",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": errorId,
    });
    this.#again = button("Connect again", () => session.connect());
    const form = el(
      "form",
      { class: "dial" },
      field("Token, or the whole address", this.#input, "wide"),
      el(
        "div",
        { class: "go" },
        el("button", { type: "submit", class: "button primary" }, "Use it"),
        this.#again,
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener("input", () => this.#setError(""));
    this.element = el(
      "section",
      { class: "gate", "aria-label": "Access to the gateway", hidden: true },
      this.#title,
      this.#why,
      form,
      this.#error,
    );
  }

  /** show takes over what the session says now. */
  show(): void {
    const { access, status } = this.#session;
    const isNeeded = access === "needed";
    const wasHidden = this.element.hidden;
    this.element.hidden = access === "given";
    this.#again.hidden = isNeeded;
    this.#again.disabled = status.state === "connecting";
    if (this.element.hidden) {
      return;
    }
    this.#title.textContent = isNeeded ? "Paste the token" : "The gateway did not let this page in";
    this.#why.textContent = isNeeded
      ? "The gateway printed an address with a token when it started. A token is kept in memory only: reloading the page forgets it."
      : visibleText(status.reason);
    if (wasHidden && isNeeded) {
      this.#input.focus();
    }
  }

  #submit(): void {
    const token = tokenInPaste(this.#input.value);
    if (token === null) {
      this.#setError("there is no token in this");
      return;
    }
    this.#input.value = "";
    this.#session.use(token);
  }

  #setError(text: string): void {
    this.#error.textContent = text;
    this.#input.setAttribute("aria-invalid", String(text !== ""));
  }
}
