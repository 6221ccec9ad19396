// The terminal under a strict content security policy. xterm writes its styles into style elements and style attributes, which
// the policy refuses as inline; through the object model the same is allowed. So it gets constructed sheets in the place of
// its style elements, and the styles of its cells are set through the object model.

import type { Terminal } from "@xterm/xterm";

/** openWithSheets opens a terminal. Its style elements are made in here: that of the page's document only while it opens. */
export function openWithSheets(terminal: Terminal, parent: HTMLElement): void {
  document.createElement = createElement as typeof document.createElement;
  try {
    terminal.open(parent);
  } finally {
    Reflect.deleteProperty(document, "createElement"); // so that it is the prototype's again
  }
  rowFactoryOf(terminal)._addStyle = (element, style) => {
    element.style.cssText += style;
  };
}

function createElement(tag: string): HTMLElement {
  return tag === "style" ? sheetElement() : plainElement(tag);
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

/** RowFactory is what makes the rows in xterm 6.0: private, but the only place where it sets style attributes. */
interface RowFactory {
  _addStyle(element: HTMLElement, style: string): void;
}

function rowFactoryOf(terminal: Terminal): RowFactory {
  const { _core } = terminal as unknown as {
    _core: { _renderService: { _renderer: { value: { _rowFactory: RowFactory } } } };
  };
  return _core._renderService._renderer.value._rowFactory;
}
