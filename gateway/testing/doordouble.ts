// A double of the sessions behind the front door: it counts who came in and echoes what they send.
import type { WebSocket } from "ws";
import type { Door, Peer } from "../server.js";

export class DoorDouble implements Door {
  readonly peers: Peer[] = [];
  isShort = false;
  readonly #open = new Set<WebSocket>();

  accept(ws: WebSocket, peer: Peer): void {
    this.peers.push(peer);
    this.#open.add(ws);
    ws.on("message", (data) => ws.send(data));
    ws.on("close", () => this.#open.delete(ws));
  }

  get size(): number {
    return this.#open.size;
  }

  async close(): Promise<void> {
    const closed = [...this.#open].map((ws) => new Promise((resolve) => ws.once("close", resolve)));
    for (const ws of this.#open) ws.close(4503);
    await Promise.all(closed);
  }
}
