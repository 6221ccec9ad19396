// The line at the bottom that always shows what the session does. While it is reconnecting, the line counts; what a
// screen reader says is only that something changed.

import type { gateway } from "gonet";
import { button, el } from "./dom.js";
import { formatTime } from "./parts/format.js";
import type { Announce } from "./parts/live.js";
import { visibleText } from "./parts/visible.js";
import type { Session } from "./session.js";

const words = {
  idle: "idle",
  connecting: "connecting…",
  attached: "attached",
  detached: "reconnecting",
  lost: "lost",
} as const;

const tickMs = 1000;
const msPerSecond = 1000;

/** StatusLine shows a session. */
export class StatusLine {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #announce: Announce;
  readonly #state = el("strong");
  readonly #about = el("span", { class: "about" });
  readonly #connect: HTMLButtonElement;
  #said = "";
  #tick: ReturnType<typeof setInterval> | undefined;

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
    const { status, access } = this.#session;
    const { state } = status;
    const reason = visibleText(status.reason);
    this.element.dataset["state"] = state;
    this.#state.textContent = words[state];
    this.#connect.hidden = access === "needed" || (state !== "idle" && state !== "lost");
    this.#connect.textContent = state === "lost" ? "Connect again" : "Connect";
    this.#showAbout();
    clearInterval(this.#tick);
    if (state === "detached" || status.endsAt !== null) {
      this.#tick = setInterval(() => this.#showAbout(), tickMs);
    }
    const ending = status.endsAt === null ? "" : "; it goes down soon";
    const said = `Gateway ${words[state]} ${reason}${ending}`;
    if (said !== this.#said) {
      this.#said = said;
      this.#announce(said, state === "lost" ? "assertive" : "polite");
    }
  }

  #showAbout(): void {
    const { status, since, access, place } = this.#session;
    const { state } = status;
    const reason = visibleText(status.reason);
    this.#about.textContent = {
      idle: access === "needed" ? "a token is needed" : "connects when it is needed",
      connecting: place,
      attached: endText(status) || `${place} since ${formatTime(since)}`,
      detached: waitText(status),
      lost: `${reason} (${formatTime(since)})`,
    }[state];
    this.#about.title = state === "detached" ? reason : "";
  }
}

// waitText says how long nothing has come, and how long connections are still kept.
function waitText({ lastHeard, givesUpAt }: gateway.SessionStatus): string {
  const now = Date.now();
  const parts = [
    lastHeard === null ? "" : `last heard ${seconds(now - lastHeard)} s ago`,
    givesUpAt === null ? "" : `gives up in ${seconds(givesUpAt - now)} s`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : `(${parts.join(", ")})`;
}

function endText({ endsAt }: gateway.SessionStatus): string {
  return endsAt === null ? "" : `the gateway goes down and ends it in ${seconds(endsAt - Date.now())} s`;
}

function seconds(ms: number): number {
  return Math.max(0, Math.round(ms / msPerSecond));
}
