// Stream is one socket, at one end of a session (docs/protocol.md, part 5).
//
//   opening ──OPENED──► open ──RESET──► failed
//      │                  │               │
//   REFUSED           close()          close()
//      ▼                  ▼               ▼
//   closed ◄──CLOSE── closing ◄───────────┘     closing: CLOSE sent, the peer's awaited
//
// While it is open each direction ends on its own: finSent, finReceived. peerClosed says that the
// peer's CLOSE came first; then close() goes straight to closed.

import type { Deadline } from "./deadline.js";
import { ClosedError, DeadlineError, type Pieces, PiecesError, tooLarge, WireError } from "./errors.js";
import { dataPrefixBytes, frameType, type PayloadType } from "./frame.js";
import { Incoming, packetCostBytes } from "./incoming.js";
import type { Session } from "./session.js";

export type StreamState = "opening" | "open" | "failed" | "closing" | "closed";

// Source makes the outgoing data of a stream when the session has room for it.
export interface Source {
  // pull gives one frame: dataPrefixBytes of room, then 1 to max bytes of payload; or null if there is
  // nothing now. Whoever returned null calls Stream.ready when there is something again. The session keeps the
  // frame until the peer has it, so it must not be a small part of a large buffer, and nobody may change it.
  // Packets come whole, even if they are longer than max.
  pull(max: number): Uint8Array | null;
  // pulled is the type of the frame that pull gave last; DATA if it is not there.
  readonly pulled?: PayloadType;
  // freed takes a frame back that the peer has: nobody looks at its memory any more. It may never come.
  freed?(frame: Uint8Array): void;
}

// Limit ends a wait: a Deadline, or anything like it.
export type Limit = Pick<Deadline, "expired" | "subscribe">;

export const maxAheadBytes = 16 * 1024 * 1024; // how far credit may run ahead of what was sent

// A reader that takes half a window in less than fastMs may have a wider one: over a round trip of that length a narrow
// one would hold it up. After slowMs it needs no more than the usual one.
const fastMs = 250;
const slowMs = 2000;

export class Stream implements Source {
  readonly id: number;
  state: StreamState;
  finSent = false;
  finReceived = false;
  resetSent = false;
  peerClosed = false;

  // What the owner wants to be told: something to read or an end; credit or an end; CANCEL.
  onReadable: (() => void) | null = null;
  onWritable: (() => void) | null = null;
  onCancel: (() => void) | null = null;
  // The peer has answered our CLOSE: what this side sent is done, and the socket is closed (client).
  onClosed: (() => void) | null = null;
  // The session is over, and with it the stream.
  onLost: (() => void) | null = null;
  // The link of the session ended; the session waits for another.
  onDetached: (() => void) | null = null;
  // A listener gets its connections here. A stream with this set carries no data.
  onAccepted: ((stream: Stream, result: readonly unknown[]) => void) | null = null;
  // The gateway's socket makes the outgoing data; a client writes it.
  source: Source = this;
  // The gateway has handed the packet that began at offset to the kernel, and all before it (client).
  onSent: ((offset: number, error: Pieces | null) => void) | null = null;
  // isUnnumbered marks a stream of DGRAM: what it carries is not counted for the session and not sent again.
  isUnnumbered = false;

  readonly #session: Session;
  #window: number;
  readonly #incoming = new Incoming();
  #failure: Pieces | null = null; // the socket's error, until a read or a write has told it
  #sent = 0;
  #credit = 0;
  #received = 0;
  #consumed = 0;
  #granted = 0;
  #grantedAt = performance.now();
  #writing: { b: Uint8Array; at: number } | null = null;
  inRing = false; // the session's mark: waiting for its turn to send
  // After a link broke DGRAMs may be missing, and with them the credit that they used up: the next one each way may begin
  // without credit, and its offset tells how much was lost.
  #mayBegin = false;
  #peerMayBegin = false;

  constructor(session: Session, id: number, state: StreamState, window: number) {
    this.#session = session;
    this.id = id;
    this.state = state;
    this.#window = window;
    this.#credit = window;
    this.#granted = window;
  }

  // useWindow sets the windows anew. The session calls it before anything was sent or received.
  useWindow(window: number): void {
    this.#window = window;
    if (this.onAccepted !== null) return; // a listener counts connections
    this.#credit = window;
    this.#granted = window;
  }

  // sendCredit is how many bytes the peer lets us send on this stream.
  get sendCredit(): number {
    const left = this.#credit - this.#sent;
    return this.#mayBegin && this.isUnnumbered ? Math.max(left, 1) : left;
  }

  // credit is the absolute offset up to which the peer lets us send; on a listener, connections.
  get credit(): number {
    return this.#credit;
  }

  get readableBytes(): number {
    return this.#incoming.length;
  }

  // sentBytes is the offset at which the next payload begins.
  get sentBytes(): number {
    return this.#sent;
  }

  get failure(): Pieces | null {
    return this.#failure;
  }

  // becomeListener turns the stream into one that carries connections: no data, credit from 0.
  becomeListener(onAccepted: (stream: Stream, result: readonly unknown[]) => void): void {
    this.onAccepted = onAccepted;
    this.#credit = 0;
    this.#granted = 0;
    this.#received = 0;
  }

  // opened answers OPEN: the stream is open.
  opened(result: readonly unknown[]): void {
    if (this.state !== "opening") return;
    this.state = "open";
    this.#session.control([frameType.opened, this.id, result]);
  }

  // refused answers OPEN: the stream never was.
  refused(error: Pieces, source: readonly unknown[] | null, addr: readonly unknown[] | null): void {
    if (this.state !== "opening") return;
    this.state = "closed";
    this.#session.forget(this);
    this.#session.control(
      [frameType.refused, this.id, error, source, addr],
      [frameType.refused, this.id, tooLarge, null, null],
    );
  }

  // grant gives the peer credit up to offset n, counted in connections (listeners).
  grant(n: number): void {
    if (n <= this.#granted || (this.state !== "open" && this.state !== "opening")) return;
    this.#granted = n;
    this.#session.owe(this);
  }

  // accepted hands a connection of this listener to the peer and gives the stream for it.
  accepted(result: readonly unknown[]): Stream {
    this.#sent++;
    return this.#session.accepted(this, result);
  }

  // ---- sending ----

  // ready says that the source has something to send.
  ready(): void {
    if (this.state === "open") this.#session.schedule(this);
  }

  // write hands b to the session and returns b.length when all of it was taken within credit. The caller may
  // use b again then. It fails with ClosedError, DeadlineError, or the socket's error once and then EPIPE; n of
  // the error is the number of bytes that were taken. Only one write at a time.
  async write(b: Uint8Array, deadline: Limit): Promise<number> {
    const writing = { b, at: 0 };
    for (;;) {
      if (writing.at === b.length && writing.at > 0) return writing.at;
      const problem = this.#writeProblem(deadline);
      if (problem !== null) {
        this.#writing = null;
        throw Object.assign(problem, { n: writing.at });
      }
      if (b.length === 0) return 0;
      this.#writing = writing;
      this.ready();
      await this.#until("onWritable", deadline);
    }
  }

  #writeProblem(deadline: Limit): Error | null {
    if (this.state === "closing" || this.state === "closed") return new ClosedError();
    if (deadline.expired) return new DeadlineError();
    return this.sendProblem();
  }

  // sendProblem is why nothing can be sent now, or null. The socket's own error is told once.
  sendProblem(): Error | null {
    if (this.state === "closing" || this.state === "closed") return new ClosedError();
    if (this.#failure !== null) return this.#takeFailure();
    if (this.state === "failed" || this.finSent || this.peerClosed)
      return new PiecesError(["errno", "write", "EPIPE"]);
    return null;
  }

  // pull is the source of a stream that is written to with write. It copies once: into the frame.
  pull(max: number): Uint8Array | null {
    const writing = this.#writing;
    if (writing === null) return null;
    const n = Math.min(max, writing.b.length - writing.at);
    if (n === 0) return null;
    const frame = this.#session.frames.take(dataPrefixBytes + n);
    frame.set(writing.b.subarray(writing.at, writing.at + n), dataPrefixBytes);
    writing.at += n;
    if (writing.at === writing.b.length) {
      this.#writing = null;
      this.onWritable?.();
    }
    return frame;
  }

  freed(frame: Uint8Array): void {
    this.#session.frames.give(frame);
  }

  // spent counts n bytes against the peer's credit.
  spent(n: number): void {
    this.#sent += n;
    this.#mayBegin = false;
  }

  // isDetached says that the session has no link now.
  get isDetached(): boolean {
    return this.#session.state === "detached";
  }

  // dropped counts a packet that went nowhere, for want of a link.
  dropped(): void {
    this.#session.counts.droppedPackets++;
  }

  // detached and resumed are called by the session when its link ended, and when it has a new one.
  detached(): void {
    this.onDetached?.();
  }

  resumed(): void {
    this.#mayBegin = true; // a stream that is opening may yet be one of DGRAM
    this.#peerMayBegin = true;
    if (this.isUnnumbered) this.ready();
  }

  // fin ends our direction, after what was sent.
  fin(): void {
    if (this.state !== "open" || this.finSent) return;
    this.finSent = true;
    this.#session.control([frameType.fin, this.id]);
    this.onWritable?.();
  }

  // reset tells the peer that the socket failed. The stream then waits for the peer's CLOSE.
  reset(error: Pieces): void {
    if (this.state !== "open") return;
    this.state = "failed";
    this.resetSent = true;
    this.#discardIncoming();
    this.#session.control([frameType.reset, this.id, error], [frameType.reset, this.id, tooLarge]);
    this.#wake();
  }

  // sentPacket tells the client that its packet at offset, and all before it, went to the kernel.
  sentPacket(offset: number, error: Pieces | null): void {
    if (this.state !== "open") return;
    this.#session.control([frameType.sent, this.id, offset, error]);
  }

  // fault tells the client of an error after which the socket goes on.
  fault(error: Pieces): void {
    if (this.state === "open") this.#session.control([frameType.fault, this.id, error]);
  }

  // close is the last word of this side: what was sent before it arrives, what still comes in is dropped.
  close(): void {
    if (this.state !== "open" && this.state !== "failed") return;
    this.state = this.peerClosed ? "closed" : "closing";
    this.#discardIncoming();
    this.#session.control([frameType.close, this.id]);
    if (this.peerClosed) this.#session.forget(this);
    this.#wake();
  }

  // ---- receiving ----

  // read moves received bytes into b and returns how many; 0 is the end of the stream. It fails with
  // ClosedError, DeadlineError, or the socket's error, which it tells once. Only one read at a time.
  async read(b: Uint8Array, deadline: Limit): Promise<number> {
    for (;;) {
      if (this.state === "closing" || this.state === "closed") throw new ClosedError();
      if (deadline.expired) throw new DeadlineError();
      if (this.#incoming.bytesHere > 0) {
        const n = this.#incoming.read(b);
        this.consumed(n);
        return n;
      }
      if (this.#incoming.length > 0) return 0; // a packet is next: see readPacket
      if (this.finReceived) return 0;
      if (this.#failure !== null) throw this.#takeFailure();
      if (this.state === "failed" || this.peerClosed) return 0;
      await this.#until("onReadable", deadline);
    }
  }

  // peek gives received bytes without taking them; drop takes n of them, after which they count as consumed.
  // If the stream was closed or reset in between, the bytes count already and drop does nothing.
  peek(): Uint8Array | null {
    return this.#incoming.peek();
  }

  drop(n: number): void {
    if (this.#incoming.bytesHere === 0) return;
    this.#incoming.drop(n);
    this.consumed(n);
  }

  // peekPacket gives the payload of the next packet if no DATA comes before it; dropPacket takes it.
  peekPacket(): Uint8Array | null {
    return this.#incoming.peekPacket();
  }

  dropPacket(): void {
    const payload = this.#incoming.takePacket();
    if (payload === null) return;
    if (this.isUnnumbered) this.#session.freePackets(payload.length + packetCostBytes);
    this.consumed(payload.length);
  }

  // readPacket waits for a packet and gives its payload; null is the end of the stream, or DATA that comes first. It
  // fails as read does, but a fault is told before packets, as a kernel does. Only one read at a time.
  async readPacket(deadline: Limit): Promise<Uint8Array | null> {
    for (;;) {
      if (this.state === "closing" || this.state === "closed") throw new ClosedError();
      if (deadline.expired) throw new DeadlineError();
      if (this.#failure !== null && this.state === "open") throw this.#takeFailure();
      const payload = this.peekPacket();
      if (payload !== null) {
        this.dropPacket();
        return payload;
      }
      if (this.#incoming.length > 0 || this.finReceived) return null; // DATA is next
      if (this.#failure !== null) throw this.#takeFailure();
      if (this.state === "failed" || this.peerClosed) return null;
      await this.#until("onReadable", deadline);
    }
  }

  // consumed gives credit for n bytes back to the peer, half a window at a time.
  consumed(n: number): void {
    this.#consumed += n;
    if (!this.isUnnumbered) this.#session.consumed(n);
    if (this.state !== "open" || this.finReceived) return;
    if (this.#consumed + this.#window - this.#granted >= this.#window / 2) this.#session.owe(this);
  }

  // creditToGive is the offset to grant now; the session calls it when it writes the CREDIT frame.
  creditToGive(): number | null {
    if (this.state !== "open" || this.finReceived) return null;
    if (this.onAccepted === null) {
      this.#fitWindow();
      this.#granted = Math.max(this.#granted, this.#consumed + this.#window);
    }
    return this.#granted;
  }

  // #fitWindow sets the window for the next credit by how long the last one lasted. Packets keep theirs: they are not part
  // of the session's window, which bounds what wide windows may hold.
  #fitWindow(): void {
    const now = performance.now();
    const lastedMs = now - this.#grantedAt;
    this.#grantedAt = now;
    if (this.isUnnumbered) return;
    if (lastedMs < fastMs) this.#window += this.#session.widen(this.#window);
    else if (lastedMs > slowMs) this.narrow(this.#granted - this.#consumed);
  }

  // narrow gives back what the window was widened by, down to least.
  narrow(least = 0): void {
    this.#window = this.#session.narrowed(this.#window, least);
  }

  #takeFailure(): PiecesError {
    const failure = this.#failure as Pieces;
    this.#failure = null;
    return new PiecesError(failure);
  }

  #discard(n: number): void {
    if (n > 0 && !this.isUnnumbered) this.#session.consumed(n);
  }

  #discardIncoming(): void {
    const { length, packetCost } = this.#incoming;
    this.#incoming.clear();
    if (this.isUnnumbered) this.#session.freePackets(packetCost);
    this.#discard(length);
  }

  // #until waits for one call of the named notice, or for the deadline to pass or move.
  #until(notice: "onReadable" | "onWritable", deadline: Limit): Promise<void> {
    return new Promise((resolve) => {
      let unsubscribe = () => {};
      const done = () => {
        this[notice] = null;
        unsubscribe();
        resolve();
      };
      this[notice] = done;
      unsubscribe = deadline.subscribe(done);
    });
  }

  #wake(): void {
    this.onReadable?.();
    this.onWritable?.();
  }

  // ---- frames from the peer; the session calls these ----

  handleData(payload: Uint8Array): void {
    if (this.finReceived || this.peerClosed || this.onAccepted !== null)
      throw new WireError("unexpected frame");
    this.#received += payload.length;
    if (this.#received > this.#granted) throw new WireError("flow control");
    if (this.state === "closing" || this.resetSent) return this.#discard(payload.length);
    if (this.state !== "open") throw new WireError("unexpected frame");
    this.#incoming.push(payload);
    this.onReadable?.();
  }

  // handlePacket takes the payload of a DGRAM or RECORD. A packet may begin as long as there is credit.
  handlePacket(payload: Uint8Array, offset: number): void {
    if (this.finReceived || this.peerClosed || this.onAccepted !== null)
      throw new WireError("unexpected frame");
    if (offset < this.#received || (offset > this.#received && !this.isUnnumbered)) {
      throw new WireError("malformed");
    }
    const mayBegin = this.isUnnumbered && this.#peerMayBegin && offset < this.#granted + maxAheadBytes;
    if (offset >= this.#granted && !mayBegin) throw new WireError("flow control");
    this.#peerMayBegin = false;
    this.#lost(offset - this.#received);
    this.#received = offset + payload.length;
    if (this.state === "closing" || this.resetSent) return this.#discard(payload.length);
    if (this.state !== "open") throw new WireError("unexpected frame");
    const isBeyond = offset >= this.#granted && this.#incoming.packetBytes >= this.#window;
    if (isBeyond || (this.isUnnumbered && !this.#session.keepPacket(payload.length + packetCostBytes))) {
      this.#lost(payload.length);
      if (this.#session.role === "gateway") this.sentPacket(offset, ["errno", "", "ENOBUFS"]);
      return;
    }
    this.#incoming.pushPacket(payload);
    this.onReadable?.();
  }

  // #lost counts bytes of packets that were lost with a link, or had no room, as taken.
  #lost(n: number): void {
    if (n === 0) return;
    this.#session.counts.lostPacketBytes += n;
    this.consumed(n);
  }

  handleSent(offset: number, error: Pieces | null): void {
    if (this.peerClosed || offset >= this.#sent) throw new WireError("unexpected frame");
    if (this.state === "open") this.onSent?.(offset, error);
  }

  // handleFault notes an error after which the socket goes on; the next read or write tells it.
  handleFault(error: Pieces): void {
    if (this.peerClosed || this.onAccepted !== null) throw new WireError("unexpected frame");
    if (this.state !== "open") return;
    this.#failure = error;
    this.#wake();
  }

  handleCredit(offset: number): void {
    if (this.peerClosed) throw new WireError("unexpected frame");
    if (offset > this.#sent + maxAheadBytes) throw new WireError("flow control");
    if (offset <= this.#credit) return;
    this.#credit = offset;
    if (this.onAccepted !== null) this.onWritable?.();
    else this.ready();
  }

  handleFin(): void {
    if (this.finReceived || this.peerClosed || this.onAccepted !== null)
      throw new WireError("unexpected frame");
    this.finReceived = true;
    if (this.state === "closing" || this.resetSent) return;
    if (this.state !== "open") throw new WireError("unexpected frame");
    this.onReadable?.();
  }

  handleReset(error: Pieces): void {
    if (this.peerClosed) throw new WireError("unexpected frame");
    if (this.state === "closing" || this.resetSent) return;
    if (this.state !== "open") throw new WireError("unexpected frame");
    this.state = "failed";
    this.#failure = error;
    this.#wake();
  }

  handleClose(): void {
    if (this.peerClosed) throw new WireError("unexpected frame");
    this.peerClosed = true;
    if (this.state === "closing") {
      this.state = "closed";
      this.#session.forget(this);
      this.onClosed?.();
    } else {
      this.#wake();
    }
  }

  // handleOpened ends the opening at the client.
  handleOpened(): void {
    this.state = "open";
    if (this.onAccepted !== null && this.#granted > 0) this.#session.owe(this); // granted while opening
  }

  // handleAccepted counts a connection that came in on this listener. One that crossed its CLOSE is legal.
  handleAccepted(): void {
    if (this.onAccepted === null || this.peerClosed || (this.state !== "open" && this.state !== "closing")) {
      throw new WireError("unexpected frame");
    }
    if (++this.#received > this.#granted) throw new WireError("flow control");
  }

  // lost says that the session is over: what was received can still be read, then comes error.
  lost(error: Pieces): void {
    if (this.state === "opening") this.state = "closed";
    if (this.state === "open") {
      this.state = "failed";
      this.#failure = error;
    } else if (this.state === "closing") this.state = "closed";
    this.#wake();
    this.onLost?.();
  }
}
