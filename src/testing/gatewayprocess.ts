// A gateway in a process of its own, so that what it holds can be told from what the test holds.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { WebSocket } from "ws";
import type { ServeOptions } from "../../gateway/index.js";
import { bundle, type Program } from "../../gateway/testing/child.js";
import { connectOver, type Net } from "../connect.js";
import { connect } from "../node.js";
import { subprotocol } from "../wire/frame.js";
import type { Transport } from "../wire/transport.js";
import { type WebSocketLike, WebSocketTransport } from "../wire/websocket.js";

/** Holdings is what a process holds: memory in bytes, descriptors, the addon's sockets, what keeps its loop alive. */
export interface Holdings {
  readonly rss: number;
  readonly arrayBuffers: number;
  readonly heapUsed: number;
  readonly descriptors: number;
  readonly sockets: number;
  readonly resources: readonly string[];
}

/** ProcessOptions are options of a gateway that can be told to another process. */
export type ProcessOptions = Pick<
  ServeOptions,
  | "host"
  | "port"
  | "token"
  | "hosts"
  | "origins"
  | "limits"
  | "gatewayID"
  | "dnsServers"
  | "maxSessions"
  | "insecurePlainHTTP"
>;

/** Launch is how a process is started: with so many descriptors at most, and with flags of Node's. */
export interface Launch {
  readonly descriptors?: number;
  readonly flags?: readonly string[];
}

/** gatewayProgram builds the gateway that this starts. */
export function gatewayProgram(): Promise<Program> {
  return bundle("../../src/testing/gatewayprogram.ts");
}

/** GatewayProcess is a running gateway. */
export class GatewayProcess {
  readonly url: string;
  readonly token: string;
  readonly #process: ChildProcess;
  readonly #program: Program | null;

  private constructor(child: ChildProcess, program: Program | null, at: { url: string; token: string }) {
    this.#process = child;
    this.#program = program;
    this.url = at.url;
    this.token = at.token;
  }

  /** start builds the gateway and starts it. */
  static async start(options: ProcessOptions = {}, launch: Launch = {}): Promise<GatewayProcess> {
    const program = await gatewayProgram();
    return GatewayProcess.#run(program.path, program, options, launch);
  }

  /** of starts a gateway that was built before. */
  static of(path: string, options: ProcessOptions = {}): Promise<GatewayProcess> {
    return GatewayProcess.#run(path, null, options);
  }

  static async #run(
    path: string,
    program: Program | null,
    options: ProcessOptions,
    { descriptors, flags = [] }: Launch = {},
  ): Promise<GatewayProcess> {
    const execArgv = ["--expose-gc", ...flags];
    // prlimit(1) is part of every Linux system.
    const limited =
      descriptors === undefined
        ? {}
        : {
            execPath: "prlimit",
            execArgv: [`--nofile=${descriptors}:${descriptors}`, process.execPath, ...execArgv],
          };
    const child = fork(path, [JSON.stringify(options)], { execArgv, ...limited });
    const died = once(child, "exit").then(([code]) =>
      Promise.reject(new Error(`the gateway ended: ${code}`)),
    );
    died.catch(() => {});
    const [at] = await Promise.race([once(child, "message"), died]);
    return new GatewayProcess(child, program, at as { url: string; token: string });
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** connect is a client of this gateway. */
  connect(): Promise<Net> {
    return connect(this.url, { token: this.token });
  }

  /** webSocket opens a WebSocket to it, and the transport over it. */
  async webSocket(): Promise<{ ws: WebSocket; transport: Transport }> {
    const bearer = `gonet.bearer.${Buffer.from(this.token).toString("base64url")}`;
    const ws = new WebSocket(this.url, [subprotocol, bearer], { perMessageDeflate: false });
    const transport = new WebSocketTransport(ws as unknown as WebSocketLike);
    await once(ws, "open");
    return { ws, transport };
  }

  /** connectCuttable is a client whose WebSocket can be cut: its connection then just ends, without a word. */
  async connectCuttable(): Promise<{ net: Net; cut(): void }> {
    const { ws, transport } = await this.webSocket();
    return { net: await connectOver(async () => transport), cut: () => ws.terminate() };
  }

  /** holdings is what the process holds now, after its garbage was collected. */
  async holdings(): Promise<Holdings> {
    const answer = once(this.#process, "message");
    this.#process.send("holdings?");
    return ((await answer) as [Holdings])[0];
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
    this.#program?.remove();
  }
}
