// The line at the bottom that always shows what the session does.

import { button, el } from "./dom.js";
import { formatTime } from "./parts/format.js";
import type { Announce } from "./parts/live.js";
import { visibleText } from "./parts/visible.js";
import type { Session } from "./session.js";

const words = {
  idle: "idle",
  connecting: "connecting…",
  attached: "attached",
  detached: "reconnecting…",
  lost: "lost",
} as const;

/** StatusLine shows a session. */
export class StatusLine {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #announce: Announce;
  readonly #state = el("strong");
  readonly #about = el("span", { class: "about" });
  readonly #connect: HTMLButtonElement;
  #said = "";

  constructor(session: Session, announce: Announce) {
    this.#session = session;
    this.#announce = announce;
    this.#connect = button("Connect", () => session.connect());
    this.element = el(
      "footer",
      { class: "statusline" },
      el("span", { class: "dot", "aria-hidden": "true" }),
      el("span", { class: "label" }, "Gateway"),
      this.#state,
      this.#about,
      this.#connect,
    );
  }

  /** show takes over what the session says now. */
  show(): void {
    const { status, since, access } = this.#session;
    const { state } = status;
    const reason = visibleText(status.reason);
    this.element.dataset["state"] = state;
    this.#state.textContent = words[state];
    this.#about.textContent = {
      idle: access === "needed" ? "a token is needed" : "connects when it is needed",
      connecting: location.host,
      attached: `${location.host} since ${formatTime(since)}`,
      detached: `${reason} (${formatTime(since)})`,
      lost: `${reason} (${formatTime(since)})`,
    }[state];
    this.#connect.hidden = access === "needed" || (state !== "idle" && state !== "lost");
    this.#connect.textContent = state === "lost" ? "Connect again" : "Connect";
    const said = `Gateway ${words[state]} ${reason}`;
    if (said !== this.#said) {
      this.#said = said;
      this.#announce(said, state === "lost" ? "assertive" : "polite");
    }
  }
}
