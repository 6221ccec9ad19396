// Work that takes a while: a form starts it, its time is shown while it goes on, and a button or Escape ends it.

import { button, el } from "../dom.js";
import { formatElapsed } from "./format.js";

const tickMs = 100;

/** JobOptions say what is done. */
export interface JobOptions {
  /** start is the text of the form's button, stop that of the one that ends the work. */
  readonly start: string;
  readonly stop: string;
  /** work does it, until it is done or signal is aborted. What may go wrong it shows itself. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** onChange is called when it starts and when it has ended. */
  readonly onChange: () => void;
}

/** Job is one piece of work at a time. */
export class Job {
  /** element has the buttons and the time; it belongs into the form. */
  readonly element: HTMLElement;
  readonly #options: JobOptions;
  readonly #start: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #elapsed = el("output", { class: "elapsed", "aria-live": "off", "aria-label": "Elapsed" });
  #running: AbortController | null = null;

  constructor(options: JobOptions) {
    this.#options = options;
    this.#start = el("button", { type: "submit", class: "button primary" }, options.start);
    this.#stop = button(options.stop, () => this.stop());
    this.#stop.hidden = true;
    this.element = el("div", { class: "go" }, this.#start, this.#stop, this.#elapsed);
  }

  /** isRunning says whether the work goes on. */
  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** canStart is whether the work may be started now. */
  set canStart(canStart: boolean) {
    this.#start.disabled = !canStart;
  }

  /** listen lets form start the work, and Escape in scope end it. */
  listen(form: HTMLFormElement, scope: HTMLElement): void {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.run();
    });
    scope.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isRunning) {
        event.preventDefault();
        this.stop();
      }
    });
  }

  /** run starts the work, unless it goes on already. Work that nobody pressed a button for leaves the focus alone. */
  async run(takesFocus = true): Promise<void> {
    if (this.#running !== null || this.#start.disabled) {
      return;
    }
    const running = new AbortController();
    this.#running = running;
    const began = performance.now();
    const show = (): void => {
      this.#elapsed.textContent = formatElapsed(performance.now() - began);
    };
    const tick = setInterval(show, tickMs);
    show();
    this.#start.hidden = true;
    this.#stop.hidden = false;
    if (takesFocus) {
      this.#stop.focus();
    }
    this.#options.onChange();
    try {
      await this.#options.work(running.signal);
    } finally {
      clearInterval(tick);
      this.#running = null;
      const hadFocus = document.activeElement === this.#stop;
      this.#start.hidden = false;
      this.#stop.hidden = true;
      this.#elapsed.textContent = "";
      if (hadFocus) {
        this.#start.focus();
      }
      this.#options.onChange();
    }
  }

  /** stop ends the work soon. */
  stop(): void {
    this.#running?.abort();
  }
}
