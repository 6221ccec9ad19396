// A whole gateway in this process: sessions, operations, the kernel's sockets. While hostile clients play, another client
// of the same gateway goes on echoing, and nothing of what it says is lost.

import type { Log } from "../../../gateway/log.js";
import { Sessions } from "../../../gateway/sessions.js";
import { connectOver, type Net } from "../../connect.js";
import type { Conn } from "../../net.js";
import { pair } from "../../wire/pair.js";
import { Random } from "../wirerandom.js";
import type { Case } from "./case.js";
import { type Played, playClient } from "./gatewayside.js";
import { Fault } from "./oracle.js";
import { Peers } from "./peers.js";
import { staySafe } from "./safe.js";

const caller = { remoteAddress: "127.0.0.1", origin: null, principal: "fuzz" };
const limits = { graceMs: 50, flushMs: 50, streams: 64 };
const echoBytes = 2_000;

export class GatewayTarget {
  readonly peers: Peers;
  readonly #sessions: Sessions;
  readonly #net: Net;
  readonly #conn: Conn;
  readonly #random = new Random(1);
  #error: unknown;

  private constructor(peers: Peers, sessions: Sessions, net: Net, conn: Conn) {
    this.peers = peers;
    this.#sessions = sessions;
    this.#net = net;
    this.#conn = conn;
  }

  static async start(): Promise<GatewayTarget> {
    const peers = await Peers.start();
    staySafe(peers);
    const log: Log = {
      debug() {},
      info() {},
      warn() {},
      error: (fields) => target.#logged(fields),
    };
    const sessions = new Sessions({ log, limits, dnsServers: [peers.names.address] });
    const link = pair({ defer: setImmediate });
    sessions.serve(link.b, caller);
    const net = await connectOver(async () => link.a);
    const conn = await net.Dial("tcp", peers.tcp);
    const target = new GatewayTarget(peers, sessions, net, conn);
    return target;
  }

  // An error in the gateway's log is one of its own.
  #logged(fields: object): void {
    this.#error ??= (fields as { err?: unknown }).err ?? fields;
  }

  /** play plays a case, while the other client has an echo under way. */
  async play(c: Case): Promise<Played> {
    const echoed = this.echo();
    echoed.catch(() => {}); // it is awaited below, whatever comes first
    const played = await playClient(c, (tap) => this.#sessions.serve(tap, caller));
    await echoed;
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      throw new Fault("an error of the gateway's own", error);
    }
    return played;
  }

  /** echo has the well-behaved client say something and hear it again. */
  async echo(): Promise<void> {
    const said = this.#random.bytes(1 + this.#random.below(echoBytes));
    const heard = new Uint8Array(said.length);
    const [, n] = await Promise.all([this.#conn.Write(said), this.#net.io.ReadFull(this.#conn, heard)]);
    if (n !== said.length || Buffer.compare(said, heard) !== 0)
      throw new Fault("the other session lost something");
  }

  async close(): Promise<void> {
    await this.#conn.Close();
    await this.#net.session.close();
    await this.#sessions.close();
    await this.peers.close();
  }
}
