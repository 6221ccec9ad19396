// TCP console: dial, see what comes, type what goes. Several at once, in tabs.

import { el } from "../dom.js";
import { pageStorage, Recent } from "../parts/recent.js";
import { type Tab, Tabs } from "../parts/tabs.js";
import { isNetwork, isTarget, parseTarget, type Target } from "../parts/target.js";
import type { Route } from "../route.js";
import { DialPanel } from "./dialpanel.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";

// A session has 1024 streams; more tabs than these nobody finds again.
const maxTabs = 32;

const recentKey = "gonet.recent.tcp";

/** tcpConsole is the tool. */
export const tcpConsole: Tool = {
  id: "tcp",
  name: "TCP console",
  group: "Connect",
  summary: "Connect to a host and port and talk to it",
  open: (context) => new TCPConsole(context),
};

class TCPConsole implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #recent = new Recent(recentKey, pageStorage(), isTarget);
  readonly #panels = new Map<Tab, DialPanel>();
  readonly #tabs: Tabs;

  constructor(context: ToolContext) {
    this.#context = context;
    this.#tabs = new Tabs({
      label: "Connections",
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
    this.#add(null);
  }

  // A link to a target fills the form of the tab that is seen, or of a new one if that is in use. It never dials.
  show(params: Route["params"]): Route["params"] {
    const { target = "", network } = params;
    if (target !== "") {
      this.#offer(parseTarget(target, isNetwork(network) ? network : "tcp"));
    }
    return this.#params(this.#tabs.selected);
  }

  more(): void {
    if (!this.#tabs.isFull) {
      this.#add(null).focus();
    }
  }

  #offer(target: Target): void {
    const panel = this.#shown();
    if (panel === undefined || !sameTarget(panel.target, target)) {
      if (panel === undefined || (panel.isBusy && !this.#tabs.isFull)) {
        this.#add(target);
      } else if (!panel.isBusy) {
        panel.target = target;
      }
    }
  }

  #shown(): DialPanel | undefined {
    const { selected } = this.#tabs;
    return selected === null ? undefined : this.#panels.get(selected);
  }

  #add(target: Target | null): DialPanel {
    const panel = new DialPanel({
      announce: this.#context.announce,
      recent: this.#recent,
      onChange: () => this.#onChange(panel),
    });
    if (target !== null) {
      panel.target = target;
    }
    const tab = this.#tabs.open(panel.element);
    this.#panels.set(tab, panel);
    this.#onChange(panel);
    return panel;
  }

  #onChange(panel: DialPanel): void {
    for (const [tab, of] of this.#panels) {
      if (of === panel) {
        this.#tabs.name(tab, panel.title, panel.state);
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
    const panel = tab === null ? undefined : this.#panels.get(tab);
    if (panel === undefined || panel.target.address === "") {
      return {};
    }
    const { network, address } = panel.target;
    return { target: address, network: network === "tcp" ? "" : network };
  }
}

function sameTarget(a: Target, b: Target): boolean {
  return a.address === b.address && a.network === b.network;
}
