// Shared is what all sessions of a gateway share: the dials under way, and the room for sockets.

import { liveSockets } from "../native/index.js";
import { PiecesError } from "../src/wire/errors.js";
import type { GatewayLimits } from "./gatewaylimits.js";
import { Queue } from "./queue.js";

export class Shared {
  readonly dials: Queue;
  readonly #mostSockets: number;

  constructor({ allDials, allSockets }: GatewayLimits) {
    this.dials = new Queue(allDials);
    this.#mostSockets = allSockets;
  }

  // hasRoom says whether there may be one more socket.
  get hasRoom(): boolean {
    return liveSockets() < this.#mostSockets;
  }

  // checkRoom throws the error of a system whose table of files is full, if there may not be one more socket.
  checkRoom(): void {
    if (!this.hasRoom) throw new PiecesError(["errno", "socket", "ENFILE", ["limit", "allSockets"]]);
  }
}
