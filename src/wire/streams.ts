// Streams is the table of a session's streams: their ids, and the frames that are for one of them.

import type { Credit } from "./credit.js";
import { closeCode, WireError } from "./errors.js";
import { maxID } from "./frame.js";
import { parsePacket } from "./packets.js";
import type { Session } from "./session.js";
import { Stream, type StreamState } from "./stream.js";

const firstClientID = 1;
const firstGatewayID = 2;

export class Streams {
  readonly #session: Session;
  readonly #credit: Credit;
  readonly #table = new Map<number, Stream>();
  readonly #peerParity: number;
  #nextID: number;
  #peerID = 0; // the highest id the peer has used
  #idleSince = performance.now();

  constructor(session: Session, credit: Credit) {
    this.#session = session;
    this.#credit = credit;
    this.#nextID = session.role === "client" ? firstClientID : firstGatewayID;
    this.#peerParity = session.role === "client" ? 0 : 1;
  }

  get size(): number {
    return this.#table.size;
  }

  // idleSince is since when there has been none, in ms of performance.now; null if there is one.
  get idleSince(): number | null {
    return this.#table.size > 0 ? null : this.#idleSince;
  }

  // open makes a stream with an id of this side. It is in the table when add was called.
  open(state: StreamState): Stream {
    const id = this.#nextID;
    if (id > maxID) {
      this.#session.close(closeCode.goodbye, "stream ids used up");
      throw this.#session.reason;
    }
    this.#nextID += 2;
    return new Stream(this.#session, id, state, this.#session.limits.streamWindow);
  }

  // opened makes a stream with an id of the peer's.
  opened(id: number, state: StreamState): Stream {
    if (id % 2 !== this.#peerParity || id <= this.#peerID) throw new WireError("bad id");
    this.#peerID = id;
    return new Stream(this.#session, id, state, this.#session.limits.streamWindow);
  }

  add(stream: Stream): void {
    this.#table.set(stream.id, stream);
  }

  // forget drops a stream both sides are done with.
  forget(stream: Stream): void {
    this.#table.delete(stream.id);
    this.#idleSince = performance.now();
    this.#credit.forget(stream);
    stream.narrow();
  }

  // drop forgets a stream that never was open.
  drop(stream: Stream): void {
    stream.state = "closed";
    this.forget(stream);
  }

  // lookUp finds a stream in any state.
  lookUp(id: number): Stream | undefined {
    return this.#table.get(id);
  }

  // find finds a stream that is not opening any more.
  find(id: number): Stream {
    const stream = this.#table.get(id);
    if (stream === undefined) throw new WireError("unknown id");
    if (stream.state === "opening") throw new WireError("unexpected frame");
    return stream;
  }

  // asked finds the stream of an OPEN that the peer sent, if it is not gone.
  asked(id: number): Stream | undefined {
    if (id % 2 !== this.#peerParity) throw new WireError("bad id");
    if (id > this.#peerID) throw new WireError("unknown id");
    return this.#table.get(id);
  }

  // useWindow sets the windows of streams that were asked for before the handshake.
  useWindow(window: number): void {
    for (const stream of this.#table.values()) stream.useWindow(window);
  }

  handleData(id: number, payload: Uint8Array): void {
    if (payload.length === 0) throw new WireError("malformed");
    this.#credit.arrived(payload.length, false);
    this.find(id).handleData(payload);
  }

  handlePacket(isUnnumbered: boolean, id: number, payload: Uint8Array): void {
    const stream = this.find(id);
    if (stream.isUnnumbered !== isUnnumbered) throw new WireError("unexpected frame");
    const { offset } = parsePacket(payload);
    if (!isUnnumbered) this.#credit.arrived(payload.length, true);
    stream.handlePacket(payload, offset);
  }

  handleCredit(id: number, offset: number): void {
    if (id === 0) this.#credit.allow(offset);
    else this.find(id).handleCredit(offset);
  }

  // detached and resumed tell every stream what became of the link.
  detached(): void {
    for (const stream of [...this.#table.values()]) stream.detached();
  }

  resumed(): void {
    for (const stream of [...this.#table.values()]) stream.resumed();
  }

  // clear tells every stream that the session is over.
  clear(tell: (stream: Stream) => void): void {
    for (const stream of this.#table.values()) tell(stream);
    this.#table.clear();
  }
}
