// Questions above the terminal: one at a time, answered by the keyboard alone if need be, and gone afterwards.

import { button, el, field, freshId } from "../dom.js";
import type { Announce } from "../parts/live.js";
import { visibleText } from "../parts/visible.js";

/** Choice is a way to answer. */
export interface Choice<V extends string> {
  readonly value: V;
  readonly text: string;
}

/** Question is what is asked. Its texts may come from a far end: they are shown with everything in them visible. */
export interface Question<V extends string> {
  readonly title: string;
  readonly lines: readonly (string | Node)[];
  readonly fields?: readonly { readonly label: string; readonly isSecret: boolean }[];
  /** choices are the answers; the first is the one to expect. */
  readonly choices: readonly Choice<V>[];
  /** isWarning says that something may be wrong: the first choice is the safe one. */
  readonly isWarning?: boolean;
}

/** Answer is what somebody chose, and typed. */
export interface Answer<V extends string> {
  readonly choice: V;
  readonly values: readonly string[];
}

/** Asker is where questions are asked. */
export class Asker {
  readonly element: HTMLElement = el("div", { class: "asker", hidden: true });
  readonly #announce: Announce;
  #turn: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => {};
  // Questions of a connection that was given up are not asked any more.
  #round = 0;

  constructor(announce: Announce) {
    this.#announce = announce;
  }

  /** ask puts a question when those before it are answered. null is that nobody wanted to answer. */
  async ask<V extends string>(question: Question<V>): Promise<Answer<V> | null> {
    const round = this.#round;
    const before = this.#turn;
    const asking = before.then(() => (round === this.#round ? this.#show(question) : null));
    this.#turn = asking;
    return await asking;
  }

  /** cancel answers all open questions with null. */
  cancel(): void {
    this.#round++;
    this.#cancel();
  }

  #show<V extends string>({
    title,
    lines,
    fields = [],
    choices,
    isWarning = false,
  }: Question<V>): Promise<Answer<V> | null> {
    const titleId = freshId();
    const inputs = fields.map(({ isSecret }) =>
      el("input", {
        type: isSecret ? "password" : "text",
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: "false",
      }),
    );
    const texts = lines.map((line) => (typeof line === "string" ? visibleLine(line) : line));
    const go = el("div", { class: "go" });
    const form = el(
      "form",
      {
        class: isWarning ? "question warning" : "question",
        role: "group",
        "aria-labelledby": titleId,
        tabindex: -1,
      },
      el("h3", { id: titleId }, title),
      ...texts.map((text) => el("p", {}, text)),
      ...inputs.map((input, i) => field(visibleText(fields[i]?.label ?? ""), input, "wide")),
      go,
    );
    this.element.replaceChildren(form);
    this.element.hidden = false;
    this.#announce(`${title}. ${form.textContent}`, "assertive");
    return new Promise((resolve) => {
      const end = (answer: Answer<V> | null): void => {
        this.#cancel = () => {};
        for (const input of inputs) {
          input.value = "";
        }
        this.element.hidden = true;
        this.element.replaceChildren();
        resolve(answer);
      };
      const values = (): string[] => inputs.map((input) => input.value);
      const [first, ...others] = choices;
      this.#cancel = () => end(null);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        end(first === undefined ? null : { choice: first.value, values: values() });
      });
      form.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
          event.preventDefault();
          event.stopPropagation();
          end(null);
        }
      });
      const submit = el("button", { type: "submit", class: "button primary" }, first?.text ?? "");
      go.append(
        submit,
        ...others.map(({ value, text }) => button(text, () => end({ choice: value, values: values() }))),
      );
      // A question that was not expected must not be answered by a key that was meant for something else.
      (inputs[0] ?? (isWarning ? submit : form)).focus();
    });
  }
}

// visibleLine keeps the ends of lines, which servers use in what they say.
function visibleLine(text: string): string {
  return text.replace(/\r\n/g, "\n").split("\n").map(visibleText).join("\n");
}
