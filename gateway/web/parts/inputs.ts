// Inputs of forms: addresses and names as they are, and numbers in limits.

import { el, freshId } from "../dom.js";

/** addressInput takes what a computer reads: nothing is corrected in it. */
export function addressInput(placeholder: string, isRequired = false): HTMLInputElement {
  return el("input", {
    type: "text",
    class: "address",
    placeholder,
    required: isRequired,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
  });
}

/** Suggestions are what an input offers while one types. */
export interface Suggestions {
  /** element belongs into the page, next to the input. */
  readonly element: HTMLElement;
  show(values: readonly string[]): void;
}

/** suggestions lets input offer values. */
export function suggestions(input: HTMLInputElement): Suggestions {
  const element = el("datalist", { id: freshId() });
  input.setAttribute("list", element.id);
  return {
    element,
    show(values) {
      element.replaceChildren(...[...new Set(values)].map((value) => el("option", { value })));
    },
  };
}

/** NumberLimits are those of a number; step is "any" if it need not be whole. */
export interface NumberLimits {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number | "any";
  /** title says more than the label. */
  readonly title?: string;
}

/** NumberInput is an input whose number is always within its limits. */
export interface NumberInput {
  readonly element: HTMLInputElement;
  /** value is the number; what is none, or outside, is the one at first. */
  value: number;
}

/** numberInput makes one. */
export function numberInput({ value, min, max, step = 1, title = "" }: NumberLimits): NumberInput {
  const element = el("input", {
    type: "number",
    class: "number-field",
    value,
    min,
    max,
    step,
    title: title === "" ? null : title,
    required: true,
  });
  return {
    element,
    get value() {
      return element.checkValidity() ? element.valueAsNumber : value;
    },
    set value(v: number) {
      element.valueAsNumber = v >= min && v <= max ? v : value;
    },
  };
}
