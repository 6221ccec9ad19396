// Port check: which ports of a host are open.

import * as net from "gonet";
import { button, el, field, select } from "../dom.js";
import { errorText } from "../parts/errors.js";
import { formatCount, formatElapsed } from "../parts/format.js";
import { addressInput, numberInput, suggestions } from "../parts/inputs.js";
import { Job } from "../parts/job.js";
import { parsePortList } from "../parts/portlist.js";
import type { Recent } from "../parts/recent.js";
import { RecentLinks, recentParams } from "../parts/recentlinks.js";
import { ResultTable } from "../parts/resulttable.js";
import { copyText } from "../parts/save.js";
import { segments } from "../parts/segments.js";
import { Summary } from "../parts/summary.js";
import { isNetwork, networks } from "../parts/target.js";
import { visibleText } from "../parts/visible.js";
import { formatRoute, type Route } from "../route.js";
import { lookupPorts, type Outcome, type PortResult, scanPorts } from "./portscan.js";
import type { OpenTool, Tool, ToolContext } from "./tool.js";

type Params = Route["params"];

const msPerSecond = 1000;
const timeoutLimits = {
  value: 2,
  min: 0.1,
  max: 120,
  step: "any",
  title: "How long each port has to answer",
} as const;
// So many dials a session may have under way; more would wait at the gateway.
const atOnceLimits = { value: 32, min: 1, max: 64, title: "How many dials are under way" };
const defaultPorts = "21-23, 25, 53, 80, 110, 143, 443, 993, 8000-8100";

// So many rows of one outcome are shown. All are counted, and copied.
const maxRowsOfOutcome = 1000;

const showEveryMs = 100;

const outcomes: readonly Outcome[] = ["open", "refused", "timedOut", "failed"];
const outcomeText = { open: "open", refused: "refused", timedOut: "timed out", failed: "failed" } as const;
const filterText = { open: "Open", refused: "Refused", timedOut: "Timed out", failed: "Failed" } as const;
const outcomeTone = { open: "good", refused: "plain", timedOut: "warn", failed: "bad" } as const;

/** portCheck is the tool. */
export const portCheck: Tool = {
  id: "ports",
  name: "Port check",
  group: "Look up",
  summary: "Dial many ports of a host and see which are open",
  open: (context) => new PortCheck(context),
};

class PortCheck implements OpenTool {
  readonly element: HTMLElement;
  readonly #context: ToolContext;
  readonly #host = addressInput("host", true);
  readonly #known = suggestions(this.#host);
  readonly #ports = addressInput(defaultPorts);
  readonly #network = select(networks.map((name) => [name, name] as const));
  readonly #timeout = numberInput(timeoutLimits);
  readonly #atOnce = numberInput(atOnceLimits);
  readonly #job: Job;
  readonly #recent: Recent<Params> = recentParams("ports");
  readonly #links: RecentLinks<Params>;
  readonly #progress = el("progress", { "aria-label": "Ports checked" });
  readonly #summary: Summary;
  readonly #copyAll = button("Copy", () => void this.#copy(), { kind: "quiet", title: "Copy all results" });
  readonly #work: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #table = new ResultTable(
    "Ports",
    [
      { name: "Port", kind: "number" },
      { name: "State", kind: "short" },
      { name: "After", kind: "number" },
      { name: "What Go says", kind: "code" },
    ],
    outcomes.length * maxRowsOfOutcome,
  );
  readonly #filter = segments<Outcome | "all">(
    "Show",
    [["all", "All"], ...outcomes.map((o) => [o, filterText[o]] as const)],
    (value) => {
      this.#table.element.dataset["filter"] = value;
    },
  );
  // results are in the order in which they came; rows those that are shown, in order.
  #results: PortResult[] = [];
  #rows: { readonly rank: number; readonly element: HTMLElement }[] = [];
  #counts: Record<Outcome, number> = noCounts();
  #checked: { readonly host: string; readonly address: string; readonly total: number } | null = null;
  #isScheduled = false;

  constructor(context: ToolContext) {
    this.#context = context;
    this.#summary = new Summary(context.announce);
    this.#links = new RecentLinks(this.#recent, {
      route: (params) => ({ tool: "ports", params }),
      text: ({ host = "", ports = "", network = "" }) =>
        `${network === "" ? "" : `${network} `}${host} ${ports === "" ? defaultPorts : ports}`,
      onForget: () => this.#host.focus(),
    });
    this.#job = new Job({
      start: "Check",
      stop: "Cancel",
      work: (signal) => this.#check(signal),
      onChange: () => this.#show(),
    });
    const form = el(
      "form",
      { class: "dial" },
      field("Host", this.#host, "wide"),
      this.#known.element,
      field("Ports: numbers, ranges, names", this.#ports, "wide"),
      field("Network", this.#network.element),
      field("Timeout, s", this.#timeout.element),
      field("At once", this.#atOnce.element),
      this.#job.element,
    );
    this.#work = el(
      "div",
      { class: "work" },
      this.#progress,
      this.#summary.element,
      this.#copyAll,
      this.#filter.element,
    );
    this.#empty = el(
      "div",
      { class: "empty" },
      el(
        "p",
        {},
        "Each port is dialled, and closed at once if it is open. Check hosts that are yours, or whose owner agrees: to others this looks like an attack.",
      ),
      this.#links.element,
    );
    this.element = el("div", { class: "tool portcheck" }, form, this.#work, this.#empty, this.#table.element);
    this.#job.listen(form, this.element);
    for (const input of [this.#host, this.#ports, this.#network.element]) {
      input.addEventListener("input", () => this.#context.setParams(this.#params()));
    }
    this.#show();
  }

  show(params: Params): Params {
    const { host = "", ports = "", network } = params;
    if (host !== "" && !this.#job.isRunning) {
      this.#host.value = host;
      this.#ports.value = ports;
      this.#network.value = isNetwork(network) ? network : "tcp";
    }
    return this.#params();
  }

  #params(): Params {
    const network = this.#network.value;
    return {
      host: this.#host.value.trim(),
      ports: this.#ports.value.trim(),
      network: network === "tcp" ? "" : network,
    };
  }

  async #check(signal: AbortSignal): Promise<void> {
    this.#clear();
    const host = this.#host.value.trim();
    const network = this.#network.value;
    const start = performance.now();
    const params = this.#params();
    try {
      const { ports, names } = parsePortList(this.#ports.value.trim() || defaultPorts);
      const all = await lookupPorts(network, ports, names, signal);
      const { IP: ip, Zone: zone } = await net.ResolveTCPAddr(network, net.JoinHostPort(host, "0"), signal);
      const address = new net.IPAddr({ IP: ip, Zone: zone }).String();
      this.#checked = { host, address, total: all.length };
      this.#recent.add(params);
      this.#show();
      const atOnce = this.#atOnce.value;
      const timeoutMs = this.#timeout.value * msPerSecond;
      const onResult = (result: PortResult): void => this.#add(result);
      await scanPorts({ network, address, ports: all, atOnce, timeoutMs, signal, onResult });
      const took = formatElapsed(performance.now() - start);
      this.#end(signal.aborted ? `canceled after ${took}` : `done after ${took}`);
    } catch (err) {
      const { text, detail } = errorText(err);
      this.#summary.fail(text, detail);
      this.#host.focus();
    }
  }

  #clear(): void {
    this.#results = [];
    this.#rows = [];
    this.#counts = noCounts();
    this.#checked = null;
    this.#table.clear();
    this.#summary.show("Looking up…");
  }

  #add(result: PortResult): void {
    this.#results.push(result);
    this.#counts[result.outcome]++;
    if (this.#counts[result.outcome] <= maxRowsOfOutcome) {
      this.#insert(result);
    }
    this.#schedule();
  }

  // What is open comes first, then everything by its number.
  #insert(result: PortResult): void {
    const { port, outcome, ms, err } = result;
    const state = el("span", { class: "tone" }, outcomeText[outcome]);
    const said = err === null ? this.#consoleLink(port) : errorText(err).text;
    const row = this.#table.row([String(port), state, formatElapsed(ms), said], outcomeTone[outcome]);
    row.element.dataset["outcome"] = outcome;
    const rank = (outcome === "open" ? 0 : 1) * 2 ** 16 + port;
    let at = this.#rows.length;
    while (at > 0 && (this.#rows[at - 1]?.rank ?? 0) > rank) {
      at--;
    }
    this.#table.body.insertBefore(row.element, this.#rows[at]?.element ?? null);
    this.#rows.splice(at, 0, { rank, element: row.element });
  }

  #consoleLink(port: number): HTMLElement {
    const target = net.JoinHostPort(this.#checked?.host ?? "", String(port));
    const network = this.#network.value;
    const params = { target, network: network === "tcp" ? "" : network };
    return el("a", { href: formatRoute({ tool: "tcp", params }) }, "Open in the TCP console");
  }

  #end(how: string): void {
    this.#showCounts(how);
    this.#summary.repeat();
  }

  #schedule(): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setTimeout(() => {
        this.#isScheduled = false;
        if (this.#job.isRunning) {
          this.#showCounts("");
        }
      }, showEveryMs);
    }
  }

  #showCounts(how: string): void {
    const total = this.#checked?.total ?? 0;
    const done = this.#results.length;
    this.#progress.max = Math.max(1, total);
    this.#progress.value = done;
    const of = done === total ? formatCount(total) : `${formatCount(done)} of ${formatCount(total)}`;
    const { host = "", address = "" } = this.#checked ?? {};
    const at = host === address || host === "" ? address : `${visibleText(host)} (${address})`;
    const text = `${of} ${total === 1 ? "port" : "ports"} of ${at}: ${formatCount(this.#counts.open)} open`;
    const hidden = outcomes.filter((o) => this.#counts[o] > maxRowsOfOutcome);
    const more = hidden.map((o) => `${formatCount(maxRowsOfOutcome)} of those ${outcomeText[o]}`).join(", ");
    this.#summary.show(
      how === "" ? text : `${text}, ${how}`,
      more === "" ? "" : `Shown are ${more}; Copy has all.`,
    );
    this.#filter.setText("all", `All ${formatCount(done)}`);
    for (const outcome of outcomes) {
      this.#filter.setText(outcome, `${filterText[outcome]} ${formatCount(this.#counts[outcome])}`);
    }
  }

  #show(): void {
    const { isRunning } = this.#job;
    const isChecked = this.#checked !== null;
    this.#host.readOnly = isRunning;
    this.#ports.readOnly = isRunning;
    this.#timeout.element.readOnly = isRunning;
    this.#atOnce.element.readOnly = isRunning;
    this.#network.element.disabled = isRunning;
    this.#work.hidden = this.#summary.text === "";
    this.#progress.hidden = !isRunning;
    this.#filter.element.hidden = !isChecked;
    this.#copyAll.hidden = !isChecked;
    this.#table.element.hidden = !isChecked;
    this.#empty.hidden = isChecked;
    if (isRunning && isChecked) {
      this.#showCounts("");
    } else if (isRunning) {
      this.#progress.removeAttribute("value");
    }
    this.#known.show(this.#recent.items.map(({ host = "" }) => host));
    this.#links.show();
  }

  async #copy(): Promise<void> {
    const { host = "", address = "" } = this.#checked ?? {};
    const lines = [...this.#results]
      .sort((a, b) => a.port - b.port)
      .map(({ port, outcome, ms, err }) =>
        [port, outcomeText[outcome], formatElapsed(ms), err === null ? "" : errorText(err).text].join("\t"),
      );
    const text = [`${visibleText(host)}\t${address}`, ...lines, ""].join("\n");
    const isCopied = await copyText(text, this.#table.element);
    this.#context.announce(isCopied ? "Copied" : "Selected: press Ctrl+C to copy");
  }
}

function noCounts(): Record<Outcome, number> {
  return { open: 0, refused: 0, timedOut: 0, failed: 0 };
}
