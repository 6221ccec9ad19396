// Throughput: how much passes through the tunnel to the gateway, with a plot that runs.

import { el, field } from "../dom.js";
import { errorText } from "../parts/errors.js";
import { Facts } from "../parts/facts.js";
import { formatBytes, formatElapsed } from "../parts/format.js";
import { addressInput, numberInput, suggestions } from "../parts/inputs.js";
import { Job } from "../parts/job.js";
import { keepPage } from "../parts/keep.js";
import { Plot } from "../parts/plot.js";
import { RecentLinks, recentParams } from "../parts/recentlinks.js";
import { segments } from "../parts/segments.js";
import { Summary } from "../parts/summary.js";
import { visibleText } from "../parts/visible.js";
import type { Route } from "../route.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";
import { type Counts, type Direction, transfer } from "./transfer.js";

type Params = Route["params"];

const msPerSecond = 1000;
const bitsPerByte = 8;
const bitsPerMegabit = 1e6;
const bytesPerMegabyte = 1e6;
const sampleMs = 250;
const durationLimits = { value: 10, min: 1, max: 3600, title: "The test ends after so many seconds" };

/** throughput is the tool. */
export const throughput: Tool = {
  id: "throughput",
  name: "Throughput",
  group: "Measure",
  summary: "Move as many bytes as will pass through the tunnel, and measure them",
  open: (context) => new Throughput(context),
};

class Throughput implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #target = addressInput("none: the page itself");
  readonly #known = suggestions(this.#target);
  readonly #direction = segments<Direction>(
    "Direction",
    [
      ["down", "Down"],
      ["up", "Up"],
      ["both", "Both"],
    ],
    () => {},
  );
  readonly #directionField = el(
    "div",
    { class: "field" },
    el("span", { class: "field-name", "aria-hidden": "true" }, "Direction"),
    this.#direction.element,
  );
  readonly #duration = numberInput(durationLimits);
  readonly #job: Job;
  readonly #recent = recentParams("throughput");
  readonly #links: RecentLinks<Params>;
  readonly #facts = new Facts();
  readonly #plot = new Plot({
    label: "Megabytes per second",
    series: [
      { name: "Down", tone: "in" },
      { name: "Up", tone: "out" },
    ],
    format: (rate) => `${Number((rate / bytesPerMegabyte).toPrecision(3))}`,
    spanMs: durationLimits.value * msPerSecond,
  });
  readonly #summary: Summary;
  readonly #work: HTMLElement;
  readonly #progress = el("progress", { "aria-label": "Time of the test" });
  readonly #empty: HTMLElement;

  constructor(context: ToolContext) {
    this.#context = context;
    this.#summary = new Summary(context.announce);
    this.#links = new RecentLinks(this.#recent, {
      route: (params) => ({ tool: "throughput", params }),
      text: ({ target = "" }) => target,
      onForget: () => this.#target.focus(),
    });
    this.#job = new Job({
      start: "Measure",
      stop: "Cancel",
      work: (signal) => this.#measure(signal),
      onChange: () => this.#show(),
    });
    const form = el(
      "form",
      { class: "dial" },
      field("Target", this.#target, "wide"),
      this.#known.element,
      this.#directionField,
      field("Duration, s", this.#duration.element),
      this.#job.element,
    );
    this.#work = el("div", { class: "work" }, this.#progress, this.#summary.element);
    this.#empty = el(
      "div",
      { class: "empty" },
      el(
        "p",
        {},
        "Without a target the page opens a listener on the gateway's loopback and dials it: every byte goes up through the tunnel and comes down again. With one, Down reads what it sends (chargen), Up sends what it throws away (discard), and Both does both (echo). Measure against servers that are meant for it.",
      ),
      this.#links.element,
    );
    this.element = el(
      "div",
      { class: "tool throughput" },
      form,
      this.#work,
      this.#facts.element,
      this.#plot.element,
      this.#empty,
    );
    this.#job.listen(form, this.element);
    this.#target.addEventListener("input", () => {
      this.#context.setParams(this.#params());
      this.#show();
    });
    this.#show();
  }

  show(params: Params): Params {
    const { target = "" } = params;
    if (target !== "" && !this.#job.isRunning) {
      this.#target.value = target;
      this.#show();
    }
    return this.#params();
  }

  #params(): Params {
    return { target: this.#target.value.trim() };
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { target = "" } = this.#params();
    const durationMs = this.#duration.value * msPerSecond;
    const release = keepPage();
    let sampling: ReturnType<typeof setInterval> | undefined;
    let finish = (_: string): void => {};
    this.#summary.say("Connecting…");
    this.#plot.clear();
    this.#plot.spanMs = durationMs;
    this.#facts.set("Down", null);
    this.#facts.set("Up", null);
    this.#facts.set("Time", null);
    this.#progress.max = durationMs;
    this.#progress.value = 0;
    try {
      const how = await transfer({
        target,
        direction: this.#direction.value,
        durationMs,
        signal,
        onStart: (counts, about) => {
          if (target !== "") {
            this.#recent.add({ target });
          }
          this.#summary.say(`Measuring to ${visibleText(about)}`);
          const samples = new Samples(counts);
          const sample = (): void => {
            const { at, rates } = samples.next();
            this.#plot.add(at, rates);
            this.#progress.value = Math.min(at, durationMs);
            this.#tell(counts, at);
          };
          sampling = setInterval(sample, sampleMs);
          finish = (what) => {
            this.#tell(counts, samples.at);
            this.#summary.say(
              `${what} after ${formatElapsed(samples.at)}: ${rateText(counts.down, samples.at)} down, ${rateText(counts.up, samples.at)} up, to ${visibleText(about)}`,
            );
          };
        },
      });
      finish({ time: "Done", stopped: "Canceled", ended: "The other end closed" }[how]);
    } catch (err) {
      if (signal.aborted) {
        this.#summary.say("Canceled");
      } else {
        const { text, detail } = errorText(err);
        this.#summary.fail(text, detail);
      }
    } finally {
      clearInterval(sampling);
      release();
    }
  }

  #tell({ down, up }: Counts, ms: number): void {
    this.#facts.set("Down", `${formatBytes(down)}, ${rateText(down, ms)}`);
    this.#facts.set("Up", `${formatBytes(up)}, ${rateText(up, ms)}`);
    this.#facts.set("Time", formatElapsed(ms));
  }

  #show(): void {
    const isRunning = this.#job.isRunning;
    const wasUsed = this.#summary.text !== "" || isRunning;
    this.#target.readOnly = isRunning;
    this.#duration.element.readOnly = isRunning;
    // Through the page itself there is but one way, which leads both up and down.
    this.#directionField.hidden = this.#target.value.trim() === "";
    this.#progress.hidden = !isRunning;
    this.#work.hidden = !wasUsed;
    this.#facts.element.hidden = !wasUsed;
    this.#plot.element.hidden = !wasUsed;
    this.#empty.hidden = isRunning;
    this.#known.show(this.#recent.items.map(({ target = "" }) => target));
    this.#links.show();
  }
}

// Samples makes rates of counts.
class Samples {
  readonly #counts: Counts;
  readonly #start = performance.now();
  #before = { at: 0, up: 0, down: 0 };

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** at is how long it has been going on, in milliseconds. */
  get at(): number {
    return performance.now() - this.#start;
  }

  /** next is the rates since the last, in bytes per second: down, up. */
  next(): { at: number; rates: [down: number, up: number] } {
    const { at } = this;
    const { up, down } = this.#counts;
    const seconds = Math.max(1, at - this.#before.at) / msPerSecond;
    const rates: [number, number] = [(down - this.#before.down) / seconds, (up - this.#before.up) / seconds];
    this.#before = { at, up, down };
    return { at, rates };
  }
}

function rateText(bytes: number, ms: number): string {
  const perSecond = ms === 0 ? 0 : bytes / (ms / msPerSecond);
  return `${formatBytes(Math.round(perSecond))}/s (${((perSecond * bitsPerByte) / bitsPerMegabit).toFixed(1)} Mbit/s)`;
}
