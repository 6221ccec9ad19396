// Several of a thing, one of them shown: the tabs pattern of the ARIA Authoring Practices Guide.

import { button, el, freshId } from "../dom.js";

/** Tab is one of them. */
export interface Tab {
  readonly panel: HTMLElement;
  readonly tab: HTMLButtonElement;
  readonly item: HTMLElement;
}

/** TabsOptions say what the tabs are of. */
export interface TabsOptions {
  readonly label: string;
  /** add is the text of the button that makes one more, onAdd what it does. */
  readonly add: string;
  readonly onAdd: () => void;
  readonly onSelect: (tab: Tab) => void;
  /** onClose is called before a tab goes. */
  readonly onClose: (tab: Tab) => void;
  readonly max: number;
}

/** Tabs shows one panel at a time. */
export class Tabs {
  readonly strip: HTMLElement;
  readonly panels: HTMLElement = el("div", { class: "panels" });
  readonly #options: TabsOptions;
  readonly #list: HTMLElement;
  readonly #add: HTMLButtonElement;
  readonly #tabs: Tab[] = [];
  #selected: Tab | null = null;

  constructor(options: TabsOptions) {
    this.#options = options;
    this.#list = el("div", { class: "tablist", role: "tablist", "aria-label": options.label });
    this.#add = button(options.add, options.onAdd, { kind: "quiet" });
    // The keyboard has Delete and the mouse has ×, which a list of tabs must not contain; this is for who has neither.
    const close = button("Close this tab", () => this.#selected && this.close(this.#selected));
    close.tabIndex = -1;
    close.classList.add("unseen");
    this.strip = el("div", { class: "tabs" }, this.#list, this.#add, close);
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** addButton is the button that makes one more. */
  get addButton(): HTMLButtonElement {
    return this.#add;
  }

  /** selected is the tab that is shown. */
  get selected(): Tab | null {
    return this.#selected;
  }

  /** isFull says that there can't be more. */
  get isFull(): boolean {
    return this.#tabs.length >= this.#options.max;
  }

  /** open adds a tab with its content and shows it. */
  open(content: HTMLElement): Tab {
    const [tabId, panelId] = [freshId(), freshId()];
    const panel = el(
      "div",
      { role: "tabpanel", id: panelId, "aria-labelledby": tabId, class: "panel" },
      content,
    );
    const tab = el("button", {
      type: "button",
      role: "tab",
      id: tabId,
      "aria-controls": panelId,
      "aria-keyshortcuts": "Delete",
    });
    const close = button("×", () => this.close(made), { kind: "quiet" });
    close.tabIndex = -1;
    close.ariaHidden = "true";
    const item = el("div", { class: "tab", role: "presentation" }, tab, close);
    const made: Tab = { panel, tab, item };
    tab.addEventListener("click", () => this.select(made));
    this.#tabs.push(made);
    this.#list.append(item);
    this.panels.append(panel);
    this.select(made);
    return made;
  }

  /** name sets what is on a tab; state is for its look. */
  name({ tab, item }: Tab, text: string, state: string): void {
    if (tab.textContent !== text) {
      tab.textContent = text;
      tab.title = text;
      item.querySelector(".button")?.setAttribute("title", `Close ${text}`);
    }
    item.dataset["state"] = state;
  }

  /** select shows a tab. */
  select(chosen: Tab): void {
    this.#selected = chosen;
    for (const { tab, item, panel } of this.#tabs) {
      const isChosen = tab === chosen.tab;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      item.classList.toggle("chosen", isChosen);
      panel.hidden = !isChosen;
    }
    this.#add.disabled = this.isFull;
    // Later, when it has its name and with it its width.
    requestAnimationFrame(() => chosen.item.scrollIntoView({ block: "nearest", inline: "nearest" }));
    this.#options.onSelect(chosen);
  }

  /** close removes a tab; a neighbour is shown. The last one makes room for a new one. */
  close(tab: Tab): void {
    const at = this.#tabs.indexOf(tab);
    if (at < 0) {
      return;
    }
    this.#options.onClose(tab);
    this.#tabs.splice(at, 1);
    tab.item.remove();
    tab.panel.remove();
    if (this.#tabs.length === 0) {
      this.#options.onAdd();
    } else if (this.#selected === tab) {
      this.select(this.#tabs[Math.min(at, this.#tabs.length - 1)] as Tab);
    }
    this.#add.disabled = this.isFull;
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#tabs.findIndex(({ tab }) => tab === event.target);
    const last = this.#tabs.length - 1;
    const to: Readonly<Record<string, number>> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const next = this.#tabs[to[event.key] ?? -1];
    if (at < 0 || (next === undefined && event.key !== "Delete")) {
      return;
    }
    event.preventDefault();
    if (next === undefined) {
      this.close(this.#tabs[at] as Tab);
    } else {
      this.select(next);
    }
    this.#selected?.tab.focus();
  }
}
