// Making elements. Text only ever becomes text nodes, so nothing that comes over a network can be markup.

/** Child is what an element can hold; null is nothing. */
export type Child = Node | string | null;

/** Attributes of an element: true is the bare attribute, false and null leave it away. */
export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** el makes an element. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** ButtonOptions are what a button has besides its text. */
export interface ButtonOptions {
  /** kind is how it looks: "primary" is the one thing to do here, "quiet" has no frame. */
  readonly kind?: "primary" | "plain" | "quiet";
  /** title is said on hover and to screen readers that ask for more. */
  readonly title?: string;
}

/** button makes a button that does act when pressed. */
export function button(text: string, act: () => void, options: ButtonOptions = {}): HTMLButtonElement {
  const { kind = "plain", title = null } = options;
  const element = el("button", { type: "button", class: `button ${kind}`, title }, text);
  element.addEventListener("click", act);
  return element;
}

let lastId = 0;

/** freshId is an id that no other element has. */
export function freshId(): string {
  lastId++;
  return `e${lastId}`;
}

/** field puts a label over a control; className says how wide it is or that the label stands before. */
export function field(label: string, control: HTMLElement, className = ""): HTMLElement {
  control.id ||= freshId();
  return el("div", { class: `field ${className}` }, el("label", { for: control.id }, label), control);
}

/** select makes a choice between values; the first is chosen. */
export function select<V extends string>(
  choices: readonly (readonly [value: V, text: string])[],
): {
  readonly element: HTMLSelectElement;
  value: V;
} {
  const element = el("select", {}, ...choices.map(([value, text]) => el("option", { value }, text)));
  return {
    element,
    get value() {
      return element.value as V;
    },
    set value(v: V) {
      element.value = v;
    },
  };
}

/** checkbox makes a box to tick with its label. */
export function checkbox(
  label: string,
  isChecked: boolean,
): { element: HTMLElement; input: HTMLInputElement } {
  const input = el("input", { type: "checkbox", checked: isChecked });
  return { element: el("label", { class: "check" }, input, label), input };
}
