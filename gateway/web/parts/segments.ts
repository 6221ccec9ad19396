// A choice of few, side by side.

import { el, freshId } from "../dom.js";

/** Segments is such a choice; one is always chosen. */
export interface Segments<V extends string> {
  readonly element: HTMLElement;
  readonly value: V;
  /** setText changes what stands on one. */
  setText(value: V, text: string): void;
}

/** segments makes a choice between values; the first is chosen. onChange is called when somebody chooses. */
export function segments<V extends string>(
  label: string,
  choices: readonly (readonly [value: V, text: string])[],
  onChange: (value: V) => void,
): Segments<V> {
  const name = freshId();
  let chosen = (choices[0] as readonly [V, string])[0];
  const texts = new Map<V, HTMLElement>();
  const labels = choices.map(([value, text]) => {
    const input = el("input", { type: "radio", name, value, checked: value === chosen });
    input.addEventListener("change", () => {
      chosen = value;
      onChange(value);
    });
    const span = el("span", {}, text);
    texts.set(value, span);
    return el("label", {}, input, span);
  });
  return {
    element: el("div", { class: "segments", role: "radiogroup", "aria-label": label }, ...labels),
    get value() {
      return chosen;
    },
    setText(value, text) {
      const span = texts.get(value);
      if (span !== undefined && span.textContent !== text) {
        span.textContent = text;
      }
    },
  };
}
