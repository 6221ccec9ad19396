// Results in rows: a table that scrolls in its own place, of bounded length, and can be copied.

import { el } from "../dom.js";

/** Column is one of a table. */
export interface Column {
  readonly name: string;
  /** kind is how its cells are set: numbers at the right, short ones in one line, codes in a fixed width, text as it comes. */
  readonly kind: "number" | "short" | "code" | "text";
}

/** Cell is what stands in one; a string is text. */
export type Cell = string | Node;

/** RowTone colours a row. */
export type RowTone = "good" | "bad" | "warn" | "plain";

/** Row is one that is in a table. */
export interface Row {
  readonly element: HTMLTableRowElement;
  readonly cells: readonly HTMLTableCellElement[];
}

/** ResultTable shows rows. */
export class ResultTable {
  readonly element: HTMLElement;
  readonly #columns: readonly Column[];
  readonly #body = el("tbody");
  readonly #maxRows: number;

  /** label says what it is a table of; if there are more than maxRows, those at the end go. */
  constructor(label: string, columns: readonly Column[], maxRows: number) {
    this.#columns = columns;
    this.#maxRows = maxRows;
    const head = columns.map(({ name, kind }) => el("th", { scope: "col", class: kind }, name));
    const table = el("table", { "aria-label": label }, el("thead", {}, el("tr", {}, ...head)), this.#body);
    this.element = el("div", { class: "results", tabindex: 0, role: "region", "aria-label": label }, table);
  }

  /** body is what holds the rows. */
  get body(): HTMLElement {
    return this.#body;
  }

  /** length is how many rows there are. */
  get length(): number {
    return this.#body.rows.length;
  }

  /** row makes a row that is not in the table yet. */
  row(cells: readonly Cell[], tone: RowTone = "plain"): Row {
    const made = this.#columns.map(({ kind }, i) => el("td", { class: kind }, cells[i] ?? ""));
    return { element: el("tr", { "data-tone": tone }, ...made), cells: made };
  }

  /** append adds a row below. If the table is full, it is left out. */
  append(cells: readonly Cell[], tone: RowTone = "plain"): Row {
    const row = this.row(cells, tone);
    if (this.length < this.#maxRows) {
      this.#body.append(row.element);
    }
    return row;
  }

  /** prepend adds a row on top. */
  prepend(cells: readonly Cell[], tone: RowTone = "plain"): Row {
    const row = this.row(cells, tone);
    this.#body.prepend(row.element);
    if (this.length > this.#maxRows) {
      this.#body.deleteRow(-1);
    }
    return row;
  }

  /** clear takes all rows away. */
  clear(): void {
    this.#body.replaceChildren();
  }

  /** text is all rows, with tabs between the cells. */
  text(): string {
    const lines = [...this.#body.rows].map((row) =>
      [...row.cells].map((cell) => (cell.textContent ?? "").trim()).join("\t"),
    );
    return [this.#columns.map(({ name }) => name).join("\t"), ...lines, ""].join("\n");
  }
}
