// A tool that has several of a thing at once, in tabs: a console that dials, and can be left for another one.

import { el } from "../dom.js";
import { type Tab, Tabs } from "../parts/tabs.js";
import type { Route } from "../route.js";
import type { OpenTool, ToolContext } from "./tool.js";

type Params = Route["params"];

// A session has 1024 streams; more tabs than these nobody finds again.
const maxTabs = 32;

/** Panel is what is in one tab. */
export interface Panel {
  readonly element: HTMLElement;
  /** params are what its form says, as they stand in an address; "target" is the one that counts. */
  params: Params;
  /** title is what the tab is called, state is for its look. */
  readonly title: string;
  readonly state: string;
  /** isBusy says that something is open, or is being opened. */
  readonly isBusy: boolean;
  focus(): void;
  /** end closes what is open. */
  end(): void;
}

/** PanelTabsOptions say what is in the tabs. */
export interface PanelTabsOptions {
  readonly label: string;
  /** make makes a panel that calls onChange when one of its values is another. */
  readonly make: (onChange: () => void) => Panel;
}

/** PanelTabs is the tool. */
export class PanelTabs implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #options: PanelTabsOptions;
  readonly #panels = new Map<Tab, Panel>();
  readonly #tabs: Tabs;

  constructor(context: ToolContext, options: PanelTabsOptions) {
    this.#context = context;
    this.#options = options;
    this.#tabs = new Tabs({
      label: options.label,
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
  show(params: Params): Params {
    if ((params["target"] ?? "") !== "") {
      this.#offer(params);
    }
    return this.#params(this.#tabs.selected);
  }

  more(): void {
    if (!this.#tabs.isFull) {
      this.#add(null).focus();
    }
  }

  /** background adds a tab with what make makes, and leaves the one that is seen; it is false if there is no room. */
  background(make: PanelTabsOptions["make"]): boolean {
    if (this.#tabs.isFull) {
      return false;
    }
    const { selected } = this.#tabs;
    this.#add(null, make);
    if (selected !== null) {
      this.#tabs.select(selected);
    }
    return true;
  }

  #offer(params: Params): void {
    const { selected } = this.#tabs;
    const panel = selected === null ? undefined : this.#panels.get(selected);
    if (panel !== undefined && sameParams(panel.params, params)) {
      return;
    }
    if (panel === undefined || (panel.isBusy && !this.#tabs.isFull)) {
      this.#add(params);
    } else if (!panel.isBusy) {
      panel.params = params;
    }
  }

  #add(params: Params | null, make = this.#options.make): Panel {
    let made: Panel | null = null;
    const panel = make(() => made && this.#onChange(made));
    made = panel;
    if (params !== null) {
      panel.params = params;
    }
    const tab = this.#tabs.open(panel.element);
    this.#panels.set(tab, panel);
    this.#onChange(panel);
    return panel;
  }

  #onChange(panel: Panel): void {
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

  #params(tab: Tab | null): Params {
    const params = (tab === null ? undefined : this.#panels.get(tab)?.params) ?? {};
    return params["target"] === "" ? {} : params;
  }
}

// Empty parameters are as good as none.
function sameParams(a: Params, b: Params): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((name) => (a[name] ?? "") === (b[name] ?? ""));
}
