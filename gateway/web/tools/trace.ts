// Trace route: the routers on the way to a host, by probes that may go over so many hops and no further.

import * as net from "gonet";
import { button, checkbox, el, field, select } from "../dom.js";
import { errorText, rawSocketHint } from "../parts/errors.js";
import { formatElapsed, formatLatency } from "../parts/format.js";
import { addressInput, numberInput, suggestions } from "../parts/inputs.js";
import { Job } from "../parts/job.js";
import { RecentLinks, recentParams } from "../parts/recentlinks.js";
import { ResultTable, type Row } from "../parts/resulttable.js";
import { copyText } from "../parts/save.js";
import { Summary } from "../parts/summary.js";
import { visibleText } from "../parts/visible.js";
import type { Route } from "../route.js";
import { ipNetworks, isIPNetwork, rawTarget } from "./rawip.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";
import { methods, type Outcome, type TraceEnd, trace } from "./tracer.js";

type Params = Route["params"];

const msPerSecond = 1000;
const probesPerHop = 3;

const limits = {
  maxHops: { value: 30, min: 1, max: 255, title: "The hop after which it gives up" },
  timeout: { value: 2, min: 0.1, max: 60, step: "any", title: "How long the probes of a hop are waited for" },
} as const;

/** traceTool is the tool. */
export const traceTool: Tool = {
  id: "trace",
  name: "Trace route",
  group: "Measure",
  summary: "Find the routers on the way to a host",
  open: (context) => new TraceTool(context),
};

// HopRow is a row and what is known of its hop.
interface HopRow {
  readonly row: Row;
  readonly outcomes: (Outcome | null)[];
}

class TraceTool implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #host = addressInput("host", true);
  readonly #known = suggestions(this.#host);
  readonly #network = select(ipNetworks.map((name) => [name, name] as const));
  readonly #method = select(methods.map((name) => [name, name] as const));
  readonly #maxHops = numberInput(limits.maxHops);
  readonly #timeout = numberInput(limits.timeout);
  readonly #names = checkbox("Names", true);
  readonly #job: Job;
  readonly #recent = recentParams("trace");
  readonly #links: RecentLinks<Params>;
  readonly #progress = el("progress", { "aria-label": "Hops probed" });
  readonly #summary: Summary;
  readonly #copyAll = button("Copy", () => void this.#copy(), { kind: "quiet", title: "Copy the route" });
  readonly #work: HTMLElement;
  readonly #table = new ResultTable(
    "Hops",
    [
      { name: "Hop", kind: "number" },
      { name: "Host", kind: "code" },
      ...Array.from({ length: probesPerHop }, (_, i) => ({
        name: `Probe ${i + 1}`,
        kind: "number" as const,
      })),
    ],
    limits.maxHops.max,
  );
  readonly #empty: HTMLElement;
  readonly #hops = new Map<number, HopRow>();
  readonly #nameOf = new Map<string, string>();
  #naming = new AbortController();
  #target = "";

  constructor(context: ToolContext) {
    this.#context = context;
    this.#summary = new Summary(context.announce);
    this.#work = el("div", { class: "work" }, this.#progress, this.#summary.element, this.#copyAll);
    this.#links = new RecentLinks(this.#recent, {
      route: (params) => ({ tool: "trace", params }),
      text: ({ host = "", network = "", method = "" }) =>
        [network, method, host].filter((s) => s !== "").join(" "),
      onForget: () => this.#host.focus(),
    });
    this.#job = new Job({
      start: "Trace",
      stop: "Stop",
      work: (signal) => this.#run(signal),
      onChange: () => this.#show(),
    });
    const form = el(
      "form",
      { class: "dial" },
      field("Host", this.#host, "wide"),
      this.#known.element,
      field("Network", this.#network.element),
      field("Probes", this.#method.element),
      field("Max. hops", this.#maxHops.element),
      field("Timeout, s", this.#timeout.element),
      this.#names.element,
      this.#job.element,
    );
    this.#empty = el(
      "div",
      { class: "empty" },
      el(
        "p",
        {},
        "The route begins at the gateway's machine. A router that ends a probe tells of it by ICMP, which a raw socket hears; the gateway must be permitted to open one. Times are taken in this page: the way to the gateway and back is in each of them.",
      ),
      this.#links.element,
    );
    this.element = el("div", { class: "tool trace" }, form, this.#work, this.#empty, this.#table.element);
    this.#job.listen(form, this.element);
    form.addEventListener("input", () => this.#context.setParams(this.#params()));
    this.#show();
  }

  show(params: Params): Params {
    const { host = "", network, method, hops, timeout, names } = params;
    if (host !== "" && !this.#job.isRunning) {
      this.#host.value = host;
      this.#network.value = isIPNetwork(network) ? network : "ip";
      this.#method.value = methods.find((m) => m === method) ?? "ICMP";
      this.#maxHops.value = Number(hops ?? limits.maxHops.value);
      this.#timeout.value = Number(timeout ?? limits.timeout.value);
      this.#names.input.checked = names !== "no";
    }
    return this.#params();
  }

  #params(): Params {
    const [network, method] = [this.#network.value, this.#method.value];
    const unless = (usual: number, n: number): string => (n === usual ? "" : String(n));
    return {
      host: this.#host.value.trim(),
      network: network === "ip" ? "" : network,
      method: method === "ICMP" ? "" : method,
      hops: unless(limits.maxHops.value, this.#maxHops.value),
      timeout: unless(limits.timeout.value, this.#timeout.value),
      names: this.#names.input.checked ? "" : "no",
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.#clear();
    const naming = this.#naming;
    signal.addEventListener("abort", () => naming.abort(), { once: true });
    const host = this.#host.value.trim();
    const params = this.#params();
    const start = performance.now();
    try {
      const target = await rawTarget(this.#network.value, host, signal);
      const address = target.addr.String();
      const end = await trace({
        target,
        method: this.#method.value,
        maxHops: this.#maxHops.value,
        probes: probesPerHop,
        timeoutMs: this.#timeout.value * msPerSecond,
        signal,
        onHop: (hop) => {
          if (hop === 1) {
            this.#recent.add(params);
            this.#target = visibleText(host) === address ? address : `${visibleText(host)} (${address})`;
            this.#context.announce(`Tracing the route to ${this.#target}`);
            this.#show();
          }
          this.#onHop(hop);
        },
        onOutcome: (outcome) => this.#onOutcome(outcome),
      });
      this.#summary.say(
        `${this.#target} ${this.#endText(end)}, after ${formatElapsed(performance.now() - start)}`,
      );
    } catch (err) {
      this.#fail(err);
    }
  }

  #clear(): void {
    this.#naming.abort();
    this.#naming = new AbortController();
    this.#hops.clear();
    this.#nameOf.clear();
    this.#table.clear();
    this.#target = "";
    this.#progress.removeAttribute("value");
    this.#summary.show("Looking up…");
  }

  #endText(end: TraceEnd): string {
    const hops = this.#hops.size;
    const count = `${hops} ${hops === 1 ? "hop" : "hops"}`;
    return {
      reached: `reached over ${count}`,
      unreachable: `cannot be reached from hop ${hops}`,
      far: `not reached within ${count}`,
      stopped: `stopped at hop ${hops}`,
    }[end];
  }

  #onHop(hop: number): void {
    const max = this.#maxHops.value;
    this.#progress.max = max;
    this.#progress.value = hop - 1;
    this.#summary.show(`${this.#target}: hop ${hop} of at most ${max}`);
    const cells = ["…", ...Array.from({ length: probesPerHop }, () => "…")];
    const row = this.#table.append([String(hop), ...cells]);
    this.#hops.set(hop, { row, outcomes: Array.from({ length: probesPerHop }, () => null) });
    row.element.scrollIntoView({ block: "nearest" });
  }

  #onOutcome(outcome: Outcome): void {
    const known = this.#hops.get(outcome.hop);
    if (known === undefined) {
      return;
    }
    known.outcomes[outcome.n] = outcome;
    const { from } = outcome;
    if (from !== null && this.#names.input.checked && !this.#nameOf.has(from)) {
      this.#nameOf.set(from, "");
      void this.#lookUpName(from, this.#naming.signal);
    }
    this.#showHop(known);
  }

  // A hop without a name is as good as one with it.
  async #lookUpName(address: string, signal: AbortSignal): Promise<void> {
    const [name = ""] = await net.LookupAddr(address, signal).catch(() => []);
    if (!signal.aborted && name !== "") {
      this.#nameOf.set(address, visibleText(name.replace(/\.$/, "")));
      for (const hop of this.#hops.values()) {
        this.#showHop(hop);
      }
    }
  }

  #showHop({ row, outcomes }: HopRow): void {
    const [, host, ...times] = row.cells;
    const answered = outcomes.filter((o) => o !== null).filter(({ from }) => from !== null);
    const isOver = outcomes.every((o) => o !== null);
    const addresses = [...new Set(answered.map(({ from }) => from ?? ""))];
    const said = [...new Set(answered.map((o) => o.said))].filter((s) => s !== "");
    const lines = addresses.map((address) => {
      const name = this.#nameOf.get(address) ?? "";
      return el("div", {}, name === "" ? address : `${name} (${address})`);
    });
    const nobody = isOver ? "no answer" : "…";
    host?.replaceChildren(
      ...(lines.length === 0 ? [nobody] : lines),
      ...said.map((s) => el("span", { class: "tone" }, s)),
    );
    row.element.dataset["tone"] =
      said.length > 0 ? "bad" : answered.some(({ isEnd }) => isEnd) ? "good" : "plain";
    for (const [n, cell] of times.entries()) {
      const outcome = outcomes[n] ?? null;
      cell.replaceChildren(...(outcome === null ? ["…"] : timeOf(outcome)));
    }
  }

  #fail(err: unknown): void {
    this.#summary.fail(errorText(err).text, rawSocketHint(err));
    this.#host.focus();
  }

  #show(): void {
    const { isRunning } = this.#job;
    const isTraced = this.#target !== "";
    this.#host.readOnly = isRunning;
    this.#maxHops.element.readOnly = isRunning;
    this.#timeout.element.readOnly = isRunning;
    this.#network.element.disabled = isRunning;
    this.#method.element.disabled = isRunning;
    this.#names.input.disabled = isRunning;
    this.element.dataset["state"] = isRunning ? "running" : "idle";
    this.#work.hidden = this.#summary.text === "";
    this.#progress.hidden = !isRunning;
    this.#copyAll.hidden = !isTraced;
    this.#table.element.hidden = !isTraced;
    this.#empty.hidden = isTraced;
    this.#known.show(this.#recent.items.map(({ host = "" }) => host));
    this.#links.show();
  }

  async #copy(): Promise<void> {
    const isCopied = await copyText(`${this.#summary.text}\n${this.#table.text()}`, this.#table.element);
    this.#context.announce(isCopied ? "Copied" : "Selected: press Ctrl+C to copy");
  }
}

function timeOf({ from, ms }: Outcome): (Node | string)[] {
  return from === null ? ["*", el("span", { class: "unseen" }, " no answer")] : [formatLatency(ms)];
}
