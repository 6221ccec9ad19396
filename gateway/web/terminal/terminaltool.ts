// The terminal, once somebody opened it: terminals in tabs.

import "./terminal.css";
import { el } from "../dom.js";
import { pageStorage, Recent } from "../parts/recent.js";
import { type Tab, Tabs } from "../parts/tabs.js";
import { visibleText } from "../parts/visible.js";
import type { Route } from "../route.js";
import type { OpenTool, ToolContext } from "../tools/tool.js";
import { type Destination, formatDestination, kinds, parseDestination } from "./address.js";
import { KnownHosts } from "./knownhosts.js";
import { TerminalPanel } from "./terminalpanel.js";

const maxTabs = 16;
const recentKey = "gonet.recent.terminal";
const maxAddressChars = 300;

/** TerminalTool is the tool. */
export class TerminalTool implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #recent = new Recent(recentKey, pageStorage(), isDestination);
  readonly #knownHosts = new KnownHosts(pageStorage());
  readonly #panels = new Map<Tab, TerminalPanel>();
  readonly #tabs: Tabs;

  constructor(context: ToolContext) {
    this.#context = context;
    this.#tabs = new Tabs({
      label: "Terminals",
      add: "+ New",
      onAdd: () => this.more(),
      onSelect: (tab) => this.#setParams(tab),
      onClose: (tab) => {
        this.#panels.get(tab)?.end();
        this.#panels.delete(tab);
      },
      max: maxTabs,
    });
    this.element = el("div", { class: "tool" }, this.#tabs.strip, this.#tabs.panels);
    this.#add();
  }

  // A link fills the form of the tab that is seen, or of a new one if that is in use. It never connects.
  show({ target = "" }: Route["params"]): Route["params"] {
    if (target !== "") {
      const destination = parseDestination(target, "ssh");
      const panel = this.#shown;
      const isShown = panel !== undefined && sameDestination(panel.destination, destination);
      if (!isShown && (panel === undefined || !panel.isBusy)) {
        (panel ?? this.#add()).destination = destination;
      } else if (!isShown && !this.#tabs.isFull) {
        this.#add().destination = destination;
      }
    }
    return this.#params(this.#tabs.selected);
  }

  more(): void {
    if (!this.#tabs.isFull) {
      this.#add().focus();
    }
  }

  get #shown(): TerminalPanel | undefined {
    const { selected } = this.#tabs;
    return selected === null ? undefined : this.#panels.get(selected);
  }

  #add(): TerminalPanel {
    const panel: TerminalPanel = new TerminalPanel({
      announce: this.#context.announce,
      recent: this.#recent,
      knownHosts: this.#knownHosts,
      onChange: () => this.#onChange(panel),
    });
    const tab = this.#tabs.open(panel.element);
    this.#panels.set(tab, panel);
    this.#onChange(panel);
    return panel;
  }

  #onChange(panel: TerminalPanel): void {
    for (const [tab, of] of this.#panels) {
      if (of === panel) {
        this.#tabs.name(tab, visibleText(panel.title), panel.state);
        this.#setParams(tab);
      }
    }
  }

  #setParams(tab: Tab): void {
    if (tab === this.#tabs.selected) {
      this.#context.setParams(this.#params(tab));
    }
  }

  #params(tab: Tab | null): Route["params"] {
    const destination = tab === null ? undefined : this.#panels.get(tab)?.destination;
    return destination === undefined || destination.address === ""
      ? {}
      : { target: formatDestination(destination) };
  }
}

function sameDestination(a: Destination, b: Destination): boolean {
  return formatDestination(a) === formatDestination(b);
}

function isDestination(v: unknown): v is Destination {
  const { kind, user, address } = (v ?? {}) as Partial<Record<keyof Destination, unknown>>;
  return (
    kinds.some(([name]) => name === kind) &&
    [user, address].every((s) => typeof s === "string" && s.length <= maxAddressChars) &&
    address !== ""
  );
}
