// A listening socket and its stream: a connection is taken from the kernel only when the client has given
// credit for it; the rest waits in the kernel's queue.

import { readable, type Socket, SysError } from "../native/index.js";
import type { Stream } from "../src/wire/stream.js";

const retryMs = 100; // when descriptors or streams have run out

export interface ListenerOptions {
  // roomForStream reports whether the session may have one more stream.
  roomForStream(): boolean;
  // accepted takes the connection over. It returns false if that was gone already; then nobody was given anything.
  accepted(socket: Socket): boolean;
  // closed says that the socket is closed; it comes once.
  closed(): void;
}

export class ListenerSock {
  readonly socket: Socket;
  readonly #stream: Stream;
  // unlinkOnClose is Go's SetUnlinkOnClose: a Unix listener's file goes with it.
  unlinkOnClose = true;
  readonly #options: ListenerOptions;
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, stream: Stream, options: ListenerOptions) {
    this.socket = socket;
    this.#stream = stream;
    this.#options = options;
    stream.onWritable = () => this.#arm();
    stream.onReadable = () => this.#changed();
    stream.onLost = () => this.#close();
    socket.onReady = () => this.#accept();
    this.#arm();
  }

  #arm(): void {
    if (this.socket.closed || this.#timer !== undefined) return;
    this.socket.wait(this.#taken < this.#stream.credit ? readable : 0);
  }

  #accept(): void {
    while (this.#taken < this.#stream.credit) {
      if (!this.#options.roomForStream()) return this.#retryLater();
      let socket: Socket | null;
      try {
        socket = this.socket.accept();
      } catch (err) {
        if (!(err instanceof SysError)) throw err;
        return this.#retryLater(); // no descriptors left: the kernel keeps the connection
      }
      if (socket === null) break;
      if (this.#options.accepted(socket)) this.#taken++;
    }
    this.#arm();
  }

  #retryLater(): void {
    this.socket.wait(0);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#arm();
    }, retryMs).unref();
  }

  #changed(): void {
    if (this.#stream.peerClosed) this.#close();
  }

  #close(): void {
    if (this.socket.closed) return;
    clearTimeout(this.#timer);
    this.#options.closed();
    this.socket.close();
    this.#stream.close();
  }
}
