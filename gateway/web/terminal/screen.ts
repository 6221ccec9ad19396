// The terminal on the page: xterm, and what may come of what a far end writes. Nothing of it reaches the clipboard, the page
// or another site by itself: OSC 52 is dropped, a link is shown and asked about, a title is plain text.

import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { el } from "../dom.js";
import { visibleText } from "../parts/visible.js";
import type { Size } from "../ssh/options.js";
import { openWithSheets } from "./sheets.js";
import { watchTheme } from "./theme.js";

const scrollbackLines = 10_000;
const fontPx = 14;
const readableContrast = 4.5; // WCAG AA
const flashMs = 200;
const maxTitleChars = 80;
const oscClipboard = 52;
const [aside, plain] = ["\x1b[3;90m", "\x1b[0m"];

/** ScreenOptions are what a screen tells. */
export interface ScreenOptions {
  /** onType is given what was typed or pasted. */
  readonly onType: (text: string) => void;
  readonly onResize: (size: Size) => void;
  /** onTitle is given the title that the far end sets, in which everything can be seen. */
  readonly onTitle: (title: string) => void;
  /** onLink is called when somebody clicked a link to an address of the web. */
  readonly onLink: (url: string) => void;
  /** onLeave is called when somebody wants to leave the terminal by the keyboard. */
  readonly onLeave: () => void;
  /** onCopy is called when the selection was copied. */
  readonly onCopy: () => void;
}

/** Screen shows what comes and takes what is typed. */
export class Screen {
  readonly element: HTMLElement;
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #options: ScreenOptions;
  readonly #closing = new AbortController();
  readonly #sizes: ResizeObserver;
  #isOpen = false;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.element = el("div", { class: "screen" });
    this.#terminal = new Terminal({
      scrollback: scrollbackLines,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: fontPx,
      minimumContrastRatio: readableContrast,
      cursorBlink: false,
      linkHandler: { activate: (_, url) => this.#follow(url), allowNonHttpProtocols: false },
      logLevel: "off",
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.parser.registerOscHandler(oscClipboard, () => true);
    this.#terminal.onData(options.onType);
    this.#terminal.onResize(({ cols, rows }) => options.onResize({ columns: cols, rows }));
    this.#terminal.onTitleChange((title) => options.onTitle(visibleText(title.slice(0, maxTitleChars))));
    this.#terminal.onBell(() => this.#flash());
    this.#terminal.attachCustomKeyEventHandler((event) => this.#isForTerminal(event));
    this.#sizes = new ResizeObserver(() => this.#refit());
    this.#sizes.observe(this.element);
    watchTheme((theme) => {
      this.#terminal.options.theme = theme;
    }, this.#closing.signal);
  }

  /** size is that of the terminal now. */
  get size(): Size {
    return { columns: this.#terminal.cols, rows: this.#terminal.rows };
  }

  /** convertEol says whether a line feed also goes to the beginning of the line. */
  set convertEol(isOn: boolean) {
    this.#terminal.options.convertEol = isOn;
  }

  /** screenReader says whether what comes is also there for a screen reader. */
  set screenReader(isOn: boolean) {
    this.#terminal.options.screenReaderMode = isOn;
  }

  /** write shows bytes or text, and resolves when that is done: so the sender can be held back. */
  write(data: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => {
      this.#terminal.write(data, resolve);
    });
  }

  /** say writes a line of ours, in grey italics, so that it is not taken for the far end's. */
  say(text: string): void {
    // When what came before is on the screen, the cursor tells whether a line has begun.
    this.#terminal.write(plain, () => {
      const begin = this.#terminal.buffer.active.cursorX > 0 ? "\r\n" : "";
      this.#terminal.write(`${begin}${aside}[${text}]${plain}\r\n`);
    });
  }

  /** reset makes the terminal as it was at first. */
  reset(): void {
    this.#terminal.reset();
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** copy puts the selection on the clipboard. */
  copy(): void {
    const text = this.#terminal.getSelection();
    if (text !== "") {
      // Over plain HTTP a page has no clipboard: then the browser's own copy, from the context menu, remains.
      navigator.clipboard?.writeText(text).then(
        () => this.#options.onCopy(),
        () => {},
      );
    }
  }

  /** selectAll selects everything, scrolled away or not. */
  selectAll(): void {
    this.#terminal.selectAll();
  }

  close(): void {
    this.#closing.abort();
    this.#sizes.disconnect();
    this.#terminal.dispose();
  }

  // isForTerminal keeps keys back that are the page's, or the browser's.
  #isForTerminal(event: KeyboardEvent): boolean {
    const { key, ctrlKey, shiftKey, altKey, metaKey, type } = event;
    if (altKey || metaKey) {
      return true;
    }
    const act = (what: () => void): boolean => {
      if (type === "keydown") {
        event.preventDefault();
        what();
      }
      return false;
    };
    if (shiftKey && !ctrlKey && key === "F6") {
      return act(() => this.#options.onLeave());
    }
    if (ctrlKey && (shiftKey ? key === "C" : key === "Insert")) {
      return act(() => this.copy());
    }
    // The browser pastes, so that the page never has to read the clipboard.
    return !((ctrlKey && shiftKey && key === "V") || (shiftKey && !ctrlKey && key === "Insert"));
  }

  #follow(url: string): void {
    if (/^https?:\/\//i.test(url) && URL.canParse(url)) {
      this.#options.onLink(new URL(url).href);
    }
  }

  #flash(): void {
    this.element.classList.add("bell");
    setTimeout(() => this.element.classList.remove("bell"), flashMs);
  }

  // A terminal can be made only where it is seen: it measures its font there.
  #refit(): void {
    if (this.element.clientWidth === 0 || this.element.clientHeight === 0) {
      return;
    }
    if (!this.#isOpen) {
      this.#isOpen = true;
      openWithSheets(this.#terminal, this.element);
    }
    this.#fit.fit();
  }
}
