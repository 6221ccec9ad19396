// What a tool was used with last, as links: following one fills the form and does nothing else.

import { button, el } from "../dom.js";
import { formatRoute, type Route } from "../route.js";
import { pageStorage, Recent } from "./recent.js";
import { visibleText } from "./visible.js";

/** RecentLinksOptions say what an item is as a link. */
export interface RecentLinksOptions<T> {
  readonly route: (item: T) => Route;
  readonly text: (item: T) => string;
  /** onForget is called after all were forgotten at the reader's wish. */
  readonly onForget: () => void;
}

/** RecentLinks shows a list. Several may show the same one. */
export class RecentLinks<T> {
  readonly element: HTMLElement = el("div", { class: "recent" });
  readonly #recent: Recent<T>;
  readonly #options: RecentLinksOptions<T>;
  #shown: readonly T[] | null = null;

  constructor(recent: Recent<T>, options: RecentLinksOptions<T>) {
    this.#recent = recent;
    this.#options = options;
    this.show();
  }

  /** show takes over what the list holds now. */
  show(): void {
    const { items } = this.#recent;
    if (items === this.#shown) {
      return;
    }
    this.#shown = items;
    this.element.hidden = items.length === 0;
    const { route, text, onForget } = this.#options;
    const links = items.map((item) =>
      el("li", {}, el("a", { href: formatRoute(route(item)) }, visibleText(text(item)))),
    );
    const forget = button(
      "Forget these",
      () => {
        this.#recent.clear();
        this.show();
        onForget();
      },
      { kind: "quiet" },
    );
    forget.classList.add("forget");
    this.element.replaceChildren(el("h3", {}, "Recent"), el("ul", {}, ...links), forget);
  }
}

type Params = Route["params"];

// Room for a long list of ports; and no tool has more parameters.
const maxParamChars = 1000;
const maxParams = 12;

/** isParams says whether v, which may be anything, can be the parameters of a route. */
export function isParams(v: unknown): v is Params {
  if (typeof v !== "object" || v === null || Array.isArray(v)) {
    return false;
  }
  const values = Object.values(v);
  return (
    values.length > 0 &&
    values.length <= maxParams &&
    values.every((value) => typeof value === "string" && value.length <= maxParamChars)
  );
}

/** recentParams is the list of what the tool of that id was used with. */
export function recentParams(tool: string): Recent<Params> {
  return new Recent(`gonet.recent.${tool}`, pageStorage(), isParams);
}
