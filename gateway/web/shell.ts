// The page around the tools: navigation, the notice about the token, the status line, and the address of the page.

import { el } from "./dom.js";
import { Gate } from "./gate.js";
import { Navigation } from "./navigation.js";
import type { Announce } from "./parts/live.js";
import { formatRoute, parseRoute, type Route } from "./route.js";
import type { Session } from "./session.js";
import { StatusLine } from "./statusline.js";
import type { OpenTool, Tool } from "./tools/tool.js";

const keys: readonly (readonly [key: string, what: string])[] = [
  ["Enter", "connect, start, send"],
  ["Shift+Enter", "new line in a message"],
  ["↑ ↓", "messages sent before"],
  ["Esc", "end what is under way"],
  ["Alt+N", "new tab"],
  ["Alt+↑ ↓", "previous, next tool"],
  ["← → Del", "on tabs: choose, close"],
  ["Shift+F6", "leave a terminal"],
];

// Chromium allows 200 changes of the address in 30 s.
const addressDelayMs = 250;

/** Shell is the whole page. */
export class Shell {
  readonly element: HTMLElement;
  readonly #tools: readonly Tool[];
  readonly #announce: Announce;
  readonly #open = new Map<Tool, OpenTool>();
  readonly #navigation: Navigation;
  readonly #title = el("h2");
  readonly #summary = el("p");
  readonly #main = el("main", { id: "tool", tabindex: -1 });
  #shown: Tool | null = null;
  #settingAddress: ReturnType<typeof setTimeout> | undefined;
  #pendingAddress = { hash: "", before: "" };

  constructor(tools: readonly Tool[], session: Session, announce: Announce, icon: string) {
    this.#tools = tools;
    this.#announce = announce;
    this.#navigation = new Navigation(tools);
    this.#main.append(el("div", { class: "tool-head" }, this.#title, this.#summary));
    const skip = el("button", { type: "button", class: "button skip" }, "Skip to the tool");
    skip.addEventListener("click", () => this.#main.focus());
    const gate = new Gate(session);
    const status = new StatusLine(session, announce);
    session.onChange = () => {
      gate.show();
      status.show();
    };
    this.element = el(
      "div",
      { class: "shell" },
      skip,
      el(
        "header",
        { class: "side-bar" },
        brand(icon),
        this.#navigation.button,
        this.#navigation.element,
        keyList(),
      ),
      el("div", { class: "content" }, gate.element, this.#main),
      status.element,
    );
    addEventListener("keydown", (event) => this.#onKey(event));
    // A link to where the address still says we are would lead nowhere.
    addEventListener("click", () => this.#applyAddress(), { capture: true });
  }

  /** show shows what the address of the page says. */
  show(hash: string): void {
    const route = parseRoute(hash);
    const tool = this.#tools.find(({ id }) => id === route?.tool) ?? this.#shown ?? this.#tools[0];
    if (tool === undefined) {
      return;
    }
    const isOther = tool !== this.#shown;
    this.#shown = tool;
    const open = this.#opened(tool);
    for (const [other, { element }] of this.#open) {
      element.hidden = other !== tool;
    }
    if (isOther) {
      this.#navigation.show(tool);
      this.#title.textContent = tool.name;
      this.#summary.textContent = tool.summary;
      document.title = `${tool.name} · gonet`;
    }
    this.#setAddress({ tool: tool.id, params: open.show(route?.tool === tool.id ? route.params : {}) });
  }

  #opened(tool: Tool): OpenTool {
    const known = this.#open.get(tool);
    if (known !== undefined) {
      return known;
    }
    const open = tool.open({
      announce: this.#announce,
      setParams: (params) => {
        if (this.#shown === tool && this.#open.has(tool)) {
          this.#setAddress({ tool: tool.id, params });
        }
      },
    });
    this.#open.set(tool, open);
    this.#main.append(open.element);
    return open;
  }

  // The address follows what is typed, a little later: browsers refuse to have it changed too often.
  #setAddress(route: Route): void {
    clearTimeout(this.#settingAddress);
    this.#pendingAddress = { hash: formatRoute(route), before: location.hash };
    this.#settingAddress = setTimeout(() => this.#applyAddress(), addressDelayMs);
  }

  #applyAddress(): void {
    const { hash, before } = this.#pendingAddress;
    // If somebody went elsewhere meanwhile, that holds.
    if (location.hash === before && hash !== before) {
      history.replaceState(null, "", hash);
    }
  }

  #onKey(event: KeyboardEvent): void {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step !== undefined && this.#shown !== null) {
      event.preventDefault();
      const next = this.#navigation.neighbour(step);
      if (next !== undefined) {
        this.show(formatRoute({ tool: next.id, params: {} }));
        this.#navigation.focus(next);
      }
    } else if (event.code === "KeyN" && this.#shown !== null) {
      // By place on the keyboard: with Alt, some layouts make another character of it.
      event.preventDefault();
      this.#open.get(this.#shown)?.more?.();
    }
  }
}

function brand(icon: string): HTMLElement {
  return el(
    "div",
    { class: "brand" },
    el("img", { src: icon, alt: "", width: 24, height: 24 }),
    el("h1", {}, "gonet"),
  );
}

function keyList(): HTMLElement {
  const rows = keys.map(([key, what]) =>
    el("div", {}, el("dt", {}, ...key.split(" ").map((k) => el("kbd", {}, k))), el("dd", {}, what)),
  );
  return el("details", { class: "key-list" }, el("summary", {}, "Keys"), el("dl", {}, ...rows));
}
