// Names and values in a row. Only what changed is touched, so that a value can be selected while others count.

import { el } from "../dom.js";

/** Facts is a list of names and values. */
export class Facts {
  readonly element: HTMLElement = el("dl", { class: "facts" });
  readonly #shown = new Map<string, { readonly item: HTMLElement; readonly value: HTMLElement }>();

  /** set shows value under name; null takes it away. The order is that of the first time. */
  set(name: string, value: string | null): void {
    let fact = this.#shown.get(name);
    if (fact === undefined) {
      const dd = el("dd");
      fact = {
        item: el("div", { class: `fact ${name.toLowerCase().replaceAll(" ", "-")}` }, el("dt", {}, name), dd),
        value: dd,
      };
      this.#shown.set(name, fact);
      this.element.append(fact.item);
    }
    fact.item.hidden = value === null;
    if (value !== null && fact.value.textContent !== value) {
      fact.value.textContent = value;
    }
  }
}
