// The list of tools, in groups. On a narrow page it is a menu behind a button that says which tool is shown.

import { el, freshId } from "./dom.js";
import { formatRoute } from "./route.js";
import { groups, type Tool } from "./tools/tool.js";

/** Navigation is the list. */
export class Navigation {
  /** element is the list, button opens and closes it where there is no room for it. */
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly #order: readonly Tool[];
  readonly #links = new Map<Tool, HTMLAnchorElement>();
  readonly #name = el("span");
  #shown: Tool | null = null;

  constructor(tools: readonly Tool[]) {
    const grouped = groups
      .map((group) => ({ group, members: tools.filter((tool) => tool.group === group) }))
      .filter(({ members }) => members.length > 0);
    this.#order = grouped.flatMap(({ members }) => members);
    this.element = el(
      "nav",
      { "aria-label": "Tools", id: freshId() },
      ...grouped.flatMap(({ group, members }) => this.#group(group, members)),
    );
    this.button = el(
      "button",
      { type: "button", class: "menu", "aria-expanded": false, "aria-controls": this.element.id },
      el("span", { class: "unseen" }, "Tools, shown is "),
      this.#name,
    );
    this.button.addEventListener("click", () => this.#toggle(!this.#isOpen));
    this.element.addEventListener("click", (event) => {
      if (event.target instanceof HTMLAnchorElement) {
        this.#toggle(false);
      }
    });
    addEventListener("pointerdown", ({ target }) => {
      const isOurs =
        target instanceof Node && (this.element.contains(target) || this.button.contains(target));
      if (!isOurs) {
        this.#toggle(false);
      }
    });
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#isOpen) {
        event.preventDefault();
        this.#toggle(false);
        this.button.focus();
      }
    });
  }

  /** show marks the tool that is shown. */
  show(tool: Tool): void {
    this.#shown = tool;
    this.#name.textContent = tool.name;
    for (const [other, link] of this.#links) {
      link.setAttribute("aria-current", other === tool ? "page" : "false");
    }
  }

  /** neighbour is the tool so many places further in the list, which goes round. */
  neighbour(step: number): Tool | undefined {
    const at = this.#shown === null ? 0 : this.#order.indexOf(this.#shown) + step;
    return this.#order.at(at % this.#order.length);
  }

  /** focus puts the keyboard on a tool's entry, if it can be seen. */
  focus(tool: Tool): void {
    this.#links.get(tool)?.focus();
  }

  get #isOpen(): boolean {
    return this.element.classList.contains("open");
  }

  #toggle(isOpen: boolean): void {
    this.element.classList.toggle("open", isOpen);
    this.button.ariaExpanded = String(isOpen);
  }

  #group(name: string, members: readonly Tool[]): HTMLElement[] {
    const heading = el("h2", { id: freshId() }, name);
    const items = members.map((tool) => {
      const href = formatRoute({ tool: tool.id, params: {} });
      const link = el("a", { href, title: tool.summary }, tool.name);
      this.#links.set(tool, link);
      return el("li", {}, link);
    });
    return [heading, el("ul", { "aria-labelledby": heading.id }, ...items)];
  }
}
