// Host keeps the gateway's process running and introduces pages to it: each gets one end of a channel, the process the
// other. What is said between them is not the host's business.
//
//   stopped ──start──► starting ──"ready"──► running
//                        ▲  │ exit              │ exit
//                        │  ▼                   ▼
//                        └─ waiting ◄───────────┘      (a delay that grows)
//   5 exits within a minute, or "unusable" ──► failed ──start──► starting
//   any of them ──stop──► stopped

import { type OpenAnswer, parseFromGateway, type ToGateway } from "./channels.js";

/** The delay before each start after a crash, by how many there were within a minute. */
const delaysMs = [0, 200, 500, 1000];
const maxCrashes = 5;
const crashWindowMs = 60_000;

// A process that is not ready by then is taken for one that never will be.
const readyMs = 10_000;

// How long the process may take to close its sockets and end by itself.
const stopMs = 2_000;

/** GatewayProcess is a running process, as far as the host needs it. */
export interface GatewayProcess<Port> {
  send(message: ToGateway, port?: Port): void;
  kill(): void;
}

/** ProcessEvents is what a process tells the host. */
export interface ProcessEvents {
  onMessage(message: unknown): void;
  /** onExit comes once, last. */
  onExit(code: number): void;
}

export interface HostOptions<Port> {
  /** start starts the gateway's process. */
  start(events: ProcessEvents): GatewayProcess<Port>;
  /** channel makes the two ends of a channel. */
  channel(): readonly [page: Port, gateway: Port];
  /** onGone is told of every end of the process, with the generation that ended. */
  onGone(generation: number): void;
  /** onFailed is told why the process is not started again by itself. */
  onFailed(reason: string): void;
}

export type HostState = "stopped" | "starting" | "running" | "waiting" | "failed";

type Refusal = Extract<OpenAnswer, { refused: string }>;

const gone: Refusal = { refused: "gone", message: "the gateway's process ended, and every socket with it" };

export class Host<Port> {
  /** generation counts the starts of the process: which life of it this is. */
  generation = 0;
  readonly #options: HostOptions<Port>;
  #state: HostState = "stopped";
  #process: GatewayProcess<Port> | null = null;
  #crashes: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failure = "";
  // What waits for the process to run, or for it to be clear that it won't.
  readonly #waiting = new Set<() => void>();

  constructor(options: HostOptions<Port>) {
    this.#options = options;
  }

  get state(): HostState {
    return this.#state;
  }

  /** start starts the process if it is stopped or has failed. Earlier crashes are forgotten. */
  start(): void {
    if (this.#state !== "stopped" && this.#state !== "failed") return;
    this.#crashes = [];
    this.#launch();
  }

  /**
   * open makes a channel between a page of window and the process, and gives the page's end. It waits for a process that is
   * being started. With a generation, only that life of the process will do.
   */
  async open(
    window: number,
    generation: number | null,
  ): Promise<{ readonly port: Port; readonly generation: number } | Refusal> {
    if (generation !== null && generation !== this.generation) return gone;
    while (this.#state !== "running") {
      if (generation !== null && this.#state !== "starting") return gone;
      if (this.#state === "failed") return { refused: "failed", message: this.#failure };
      if (this.#state === "stopped") return { refused: "failed", message: "the app is about to end" };
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
      if (generation !== null && generation !== this.generation) return gone;
    }
    const [page, gateway] = this.#options.channel();
    this.#process?.send({ type: "serve", window }, gateway);
    return { port: page, generation: this.generation };
  }

  /** leave closes what the pages of window have had up to here: its page was left, or is gone. */
  leave(window: number): void {
    if (this.#state === "running") this.#process?.send({ type: "leave", window });
  }

  /** stop ends the process; every socket is closed. It resolves when the process has ended. */
  async stop(): Promise<void> {
    const running = this.#process;
    this.#set("stopped");
    if (running === null) return;
    running.send({ type: "stop" });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => running.kill(), stopMs);
      this.#ended = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #ended = (): void => {};

  #launch(): void {
    this.#set("starting");
    this.generation++;
    const started: GatewayProcess<Port> = this.#options.start({
      onMessage: (message) => {
        if (this.#process === started) this.#heard(message);
      },
      onExit: (code) => {
        if (this.#process === started) this.#exited(code);
      },
    });
    this.#process = started;
    this.#timer = setTimeout(() => started.kill(), readyMs);
  }

  #heard(message: unknown): void {
    const said = parseFromGateway(message);
    if (this.#state !== "starting") return;
    if (said?.type === "ready") this.#set("running");
    if (said?.type === "unusable") this.#fail(said.reason);
  }

  #exited(code: number): void {
    this.#process = null;
    this.#options.onGone(this.generation);
    if (this.#state === "stopped" || this.#state === "failed") return this.#ended();
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((at) => now - at < crashWindowMs), now];
    if (this.#crashes.length >= maxCrashes) {
      return this.#fail(`the gateway's process ended ${maxCrashes} times within a minute, last with ${code}`);
    }
    this.#set("waiting");
    this.#timer = setTimeout(() => this.#launch(), delaysMs[this.#crashes.length - 1] ?? delaysMs.at(-1));
  }

  #fail(reason: string): void {
    this.#failure = reason;
    this.#set("failed");
    this.#options.onFailed(reason);
  }

  #set(state: HostState): void {
    clearTimeout(this.#timer);
    this.#state = state;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
