// What a tool is to the page.

import type { Announce } from "../parts/live.js";
import type { Route } from "../route.js";

/** ToolContext is what the page gives to a tool. */
export interface ToolContext {
  readonly announce: Announce;
  /** setParams says what the tool shows now: it becomes the address of the page while the tool is seen. */
  readonly setParams: (params: Route["params"]) => void;
}

/** OpenTool is a tool that somebody looked at; it stays open until the page is left. */
export interface OpenTool {
  readonly element: HTMLElement;
  /** show is told that the tool is seen now, with the parameters of the address; it returns those to keep. */
  show(params: Route["params"]): Route["params"];
  /** more opens another one of what the tool has several of (Alt+N); without it there is only one. */
  more?(): void;
}

/** groups are the parts of the navigation, in its order. */
export const groups = ["Connect", "Look up", "Measure", "Local"] as const;

/** Tool is one entry of the navigation. */
export interface Tool {
  /** id is its name in the address of the page. */
  readonly id: string;
  readonly name: string;
  /** group is where it stands in the navigation. */
  readonly group: (typeof groups)[number];
  /** summary says in a sentence what it is for. */
  readonly summary: string;
  open(context: ToolContext): OpenTool;
}
