// Terminal: SSH, Telnet and raw TCP. What it takes is loaded when somebody opens it, so that the page stays small for those
// who do not.

import { el } from "../dom.js";
import type { Route } from "../route.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";

/** terminal is the tool. */
export const terminal: Tool = {
  id: "terminal",
  name: "Terminal",
  group: "Connect",
  summary: "Log in to a machine: SSH, Telnet, raw TCP",
  open: (context) => new LoadedLater(context),
};

class LoadedLater implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #note = el("p", { class: "empty" }, "Loading the terminal…");
  #tool: OpenTool | null = null;
  #params: Route["params"] = {};

  constructor(context: ToolContext) {
    this.#context = context;
    this.element = el("div", { class: "tool terminal" }, this.#note);
    void this.#load();
  }

  show(params: Route["params"]): Route["params"] {
    this.#params = params;
    return this.#tool?.show(params) ?? params;
  }

  more(): void {
    this.#tool?.more?.();
  }

  async #load(): Promise<void> {
    try {
      const { TerminalTool } = await import("../terminal/terminaltool.js");
      this.#tool = new TerminalTool(this.#context);
      this.element.replaceChildren(this.#tool.element);
      this.#context.setParams(this.#tool.show(this.#params));
    } catch (err) {
      this.#note.textContent = `The terminal could not be loaded: ${err instanceof Error ? err.message : err}. Reload the page to try again.`;
    }
  }
}
