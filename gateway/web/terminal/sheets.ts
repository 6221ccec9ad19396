// The terminal under a strict content security policy. xterm writes its styles into style elements and style attributes, which
// the policy refuses as inline; through the object model the same is allowed. So xterm gets a document whose style elements
// are constructed sheets, and whose spans take their style attribute through the object model.

import type { Terminal } from "@xterm/xterm";

/** documentWithSheets is the page's document for xterm's option documentOverride. */
export function documentWithSheets(): Document {
  return new Proxy(document, {
    get: (target, name) => {
      if (name === "createElement") {
        return createElement;
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** openWithSheets opens a terminal. One of its style elements it makes by the page's own document, whatever it was given. */
export function openWithSheets(terminal: Terminal, parent: HTMLElement): void {
  document.createElement = createElement as typeof document.createElement;
  try {
    terminal.open(parent);
  } finally {
    Reflect.deleteProperty(document, "createElement"); // so that it is the prototype's again
  }
}

function createElement(tag: string): HTMLElement {
  switch (tag) {
    case "style":
      return sheetElement();
    case "span":
      return Object.assign(plainElement("span"), { setAttribute });
    default:
      return plainElement(tag);
  }
}

function plainElement(tag: string): HTMLElement {
  return Document.prototype.createElement.call(document, tag);
}

// sheetElement stands for a style element: its text becomes a sheet, which goes when the element does.
function sheetElement(): HTMLElement {
  const element = plainElement("template");
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, "textContent", { set: (text: string) => sheet.replaceSync(text) });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    Element.prototype.remove.call(element);
  };
  return element;
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === "style") {
    this.style.cssText = value;
  } else {
    Element.prototype.setAttribute.call(this, name, value);
  }
}
