// A plot that runs: values over the last stretch of time, the newest at the right. What was lost has a mark of its own.
// Who does not see it is told the same in a sentence.

import { el } from "../dom.js";
import { formatElapsed } from "./format.js";
import { scaleFor } from "./plotscale.js";
import { svg } from "./svg.js";

// More points than these a screen has no columns for; the oldest go.
const maxPoints = 2000;

const heightPx = 170;
const padding = { left: 62, right: 12, top: 10, bottom: 22 } as const;
const crossPx = 3.5;
const dotPx = 2.5;
// So few points are shown as dots too: a line between two says little.
const dotsUpTo = 90;
const labelGapPx = 8;
const baselinePx = 4;

/** Series is one line of a plot. */
export interface Series {
  readonly name: string;
  /** tone names its colour: that of what comes in, or of what goes out. */
  readonly tone: "in" | "out";
}

/** PlotOptions say what is plotted. */
export interface PlotOptions {
  /** label is what the values are, "Round-trip time". */
  readonly label: string;
  readonly series: readonly Series[];
  /** format is a value as it is read, "1.5 ms". */
  readonly format: (value: number) => string;
  /** spanMs is how much time the width holds. */
  readonly spanMs: number;
}

interface Point {
  readonly at: number;
  // A value for each series; null is one that was lost.
  readonly values: readonly (number | null)[];
}

/** Plot shows one or a few series. */
export class Plot {
  readonly element: HTMLElement;
  readonly #options: PlotOptions;
  readonly #svg: SVGSVGElement;
  #spanMs: number;
  #points: Point[] = [];
  #isScheduled = false;

  constructor(options: PlotOptions) {
    this.#options = options;
    this.#spanMs = options.spanMs;
    this.#svg = svg("svg", { class: "plot-drawing", role: "img", height: heightPx });
    this.element = el("figure", { class: "plot" }, this.#caption(), this.#svg);
    // It also tells when a hidden plot is shown.
    new ResizeObserver(() => this.#schedule()).observe(this.element);
    this.#schedule();
  }

  /** spanMs is how much time the width holds. */
  set spanMs(spanMs: number) {
    this.#spanMs = spanMs;
    this.#schedule();
  }

  /**
   * add puts a value of each series at a time in milliseconds; null is a value that was lost. Times may come in any order; a
   * second value of a time takes the place of the first.
   */
  add(at: number, values: readonly (number | null)[]): void {
    let i = this.#points.length;
    while (i > 0 && (this.#points[i - 1] as Point).at > at) {
      i--;
    }
    const isSecond = this.#points[i - 1]?.at === at;
    this.#points.splice(isSecond ? i - 1 : i, isSecond ? 1 : 0, { at, values });
    this.#points.splice(0, this.#points.length - maxPoints);
    this.#schedule();
  }

  /** clear forgets all values. */
  clear(): void {
    this.#points = [];
    this.#schedule();
  }

  #caption(): HTMLElement {
    const { label, series } = this.#options;
    const keys =
      series.length < 2
        ? []
        : series.map(({ name, tone }) =>
            el("span", { class: `plot-key ${tone}` }, el("span", { "aria-hidden": "true" }), name),
          );
    return el("figcaption", {}, el("span", {}, label), ...keys);
  }

  #schedule(): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      requestAnimationFrame(() => {
        this.#isScheduled = false;
        if (this.element.clientWidth > 0) {
          this.#draw();
        }
      });
    }
  }

  #draw(): void {
    const width = this.#svg.clientWidth;
    const end = this.#points.at(-1)?.at ?? 0;
    const start = end - this.#spanMs;
    const shown = this.#points.filter(({ at }) => at >= start);
    const all = shown.flatMap(({ values }) => values).filter((v) => v !== null);
    const { top, ticks } = scaleFor(Math.max(0, ...all));
    const right = width - padding.right;
    const bottom = heightPx - padding.bottom;
    const x = (at: number): number =>
      Math.round((right - ((end - at) / this.#spanMs) * (right - padding.left)) * 10) / 10;
    const y = (value: number): number =>
      Math.round((bottom - (value / top) * (bottom - padding.top)) * 10) / 10;

    this.#svg.setAttribute("viewBox", `0 0 ${width} ${heightPx}`);
    this.#svg.setAttribute("aria-label", this.#sentence(shown));
    this.#svg.replaceChildren(
      ...ticks.flatMap((tick) => [
        svg("line", { class: "grid", x1: padding.left, x2: right, y1: y(tick), y2: y(tick) }),
        svg(
          "text",
          { class: "tick", x: padding.left - labelGapPx, y: y(tick) + baselinePx, "text-anchor": "end" },
          this.#options.format(tick),
        ),
      ]),
      svg(
        "text",
        { class: "tick", x: padding.left, y: heightPx - baselinePx },
        `${formatElapsed(this.#spanMs)} ago`,
      ),
      svg("text", { class: "tick", x: right, y: heightPx - baselinePx, "text-anchor": "end" }, "newest"),
      ...this.#options.series.flatMap(({ tone }, i) => lines(shown, i, tone, x, y)),
      ...shown
        .filter(({ values }) => values.includes(null))
        .map(({ at }) => cross(x(at), padding.top, bottom)),
    );
  }

  // sentence is what a screen reader has instead.
  #sentence(shown: readonly Point[]): string {
    const { label, series, format } = this.#options;
    const parts = series.map(({ name }, i) => {
      const values = shown.map(({ values }) => values[i] ?? null);
      const known = values.filter((v) => v !== null);
      const newest = known.at(-1);
      if (newest === undefined) {
        return values.length === 0 ? `${name}: nothing yet` : `${name}: all ${values.length} lost`;
      }
      const lost = values.length - known.length;
      const between = `between ${format(Math.min(...known))} and ${format(Math.max(...known))}`;
      return `${name}: ${known.length} values ${between}, the newest ${format(newest)}${lost === 0 ? "" : `, ${lost} lost`}`;
    });
    return `${label} of the last ${formatElapsed(this.#spanMs)}. ${parts.join(". ")}`;
  }
}

type Place = (n: number) => number;

// lines draws a series: a line through what follows each other, broken where something was lost.
function lines(shown: readonly Point[], i: number, tone: string, x: Place, y: Place): SVGElement[] {
  const at = shown.map((point) => {
    const value = point.values[i] ?? null;
    return value === null ? null : { x: x(point.at), y: y(value) };
  });
  const path = at
    .map((p, k) => (p === null ? "" : `${k === 0 || at[k - 1] === null ? "M" : "L"}${p.x} ${p.y}`))
    .join("");
  const dots =
    shown.length > dotsUpTo
      ? []
      : at
          .filter((p) => p !== null)
          .map((p) => svg("circle", { class: `dot-${tone}`, cx: p.x, cy: p.y, r: dotPx }));
  return [svg("path", { class: `line-${tone}`, d: path }), ...dots];
}

// A loss is a line from top to bottom with a cross at its foot: seen without its colour too.
function cross(x: number, top: number, bottom: number): SVGElement {
  const y = bottom - crossPx;
  const d =
    `M${x} ${top}V${bottom - 2 * crossPx - 1}` +
    `M${x - crossPx} ${y - crossPx}l${2 * crossPx} ${2 * crossPx}M${x + crossPx} ${y - crossPx}l${-2 * crossPx} ${2 * crossPx}`;
  return svg("path", { class: "lost", d });
}
