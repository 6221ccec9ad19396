// Client is what the gateway has of one client: its session and the sockets it opened. Every socket has
// an owner that closes it: the session owns the streams, each stream its socket.

import { type Socket, SysError } from "../native/index.js";
import { PiecesError, type SessionError, WireError } from "../src/wire/errors.js";
import type { Limits } from "../src/wire/limits.js";
import { type Handler, Session } from "../src/wire/session.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import type { Stream } from "../src/wire/stream.js";
import type { Transport } from "../src/wire/transport.js";
import { DialError, type DialRequest, dial, type ListenRequest, listen } from "./dial.js";
import { ListenerSock } from "./listener.js";
import type { Log } from "./log.js";
import type { Lookup } from "./lookup.js";
import { Lookups } from "./lookups.js";
import { calls, opens } from "./ops.js";
import { Queue } from "./queue.js";
import { Slab } from "./slab.js";
import { Sock } from "./sock.js";

export interface ClientOptions {
  id: string;
  gatewayID: string;
  limits: Partial<Limits>;
  lookup: Lookup;
  log: Log;
  onOver(client: Client, reason: SessionError): void;
}

// TCPOptions are the options of a TCP socket that come with dial and listen.
export interface TCPOptions {
  keepAlive: number; // seconds; 0: off
  noDelay: boolean;
}

export class Client implements Handler {
  readonly session: Session;
  readonly lookup: Lookup;
  readonly lookups: Lookups;
  readonly log: Log;
  readonly #slab = new Slab();
  readonly #dials: Queue;
  readonly #socks = new WeakMap<Stream, Sock>();
  #listeners = 0;

  constructor(options: ClientOptions) {
    this.lookup = options.lookup;
    this.log = options.log;
    this.session = new Session({
      role: "gateway",
      handler: this,
      id: options.id,
      gatewayID: options.gatewayID,
      limits: options.limits,
      onOver: (_, reason) => {
        this.#slab.release();
        this.lookups.close();
        options.onOver(this, reason);
      },
    });
    this.#dials = new Queue(this.session.limits.dials);
    this.lookups = new Lookups(this.session.limits.lookups);
  }

  // serve lets the client speak over transport.
  serve(transport: Transport): void {
    this.session.attach(transport);
  }

  open(stream: Stream, op: string, args: readonly unknown[]): void {
    const operation = opens.get(op);
    if (operation === undefined)
      return stream.refused(["text", `unknown operation ${op.slice(0, 40)}`], null, null);
    operation(this, stream, args);
  }

  call(
    stream: Stream | null,
    op: string,
    args: readonly unknown[],
  ): Promise<readonly unknown[]> | readonly unknown[] {
    const operation = calls.get(op);
    if (operation === undefined) throw new PiecesError(["text", `unknown operation ${op.slice(0, 40)}`]);
    try {
      return operation(this, stream, args);
    } catch (err) {
      if (err instanceof SysError) throw new PiecesError(["errno", err.syscall, err.errno]);
      throw err;
    }
  }

  // sock is the socket of stream. A client that names a stream of another kind broke the protocol.
  sock(stream: Stream | null): Sock {
    const sock = stream === null ? undefined : this.#socks.get(stream);
    if (sock === undefined) throw new WireError("unknown id");
    return sock;
  }

  // dial carries a dial out, when its turn has come, and answers stream.
  dial(stream: Stream, request: Omit<DialRequest, "signal">, options: TCPOptions): void {
    const abort = new AbortController();
    stream.onCancel = () => abort.abort();
    stream.onLost = () => abort.abort();
    this.#dials
      .run(() => dial({ ...request, signal: abort.signal }, this.lookup), abort.signal)
      .then(
        (socket) => this.#dialled(stream, socket, options),
        (err: unknown) => this.#refuse(stream, err),
      );
  }

  #dialled(stream: Stream, socket: Socket, options: TCPOptions): void {
    stream.onCancel = null;
    if (stream.state !== "opening") return socket.close(); // the session ended meanwhile
    try {
      this.#setUp(socket, options);
      const local = socket.localAddr();
      const remote = socket.remoteAddr();
      stream.opened([local, remote]);
    } catch (err) {
      socket.close();
      return this.#refuse(stream, err);
    }
    this.#own(socket, stream);
  }

  // listen opens a listening socket and answers stream.
  listen(stream: Stream, request: ListenRequest, options: TCPOptions): void {
    if (this.#listeners >= this.session.limits.listeners) {
      return stream.refused(["errno", "socket", "EMFILE", ["limit", "listeners"]], null, null);
    }
    this.#listeners++;
    listen(request, this.lookup).then(
      (socket) => this.#listening(stream, socket, options),
      (err: unknown) => {
        this.#listeners--;
        this.#refuse(stream, err);
      },
    );
  }

  #listening(stream: Stream, socket: Socket, options: TCPOptions): void {
    if (stream.state !== "opening") {
      this.#listeners--;
      return socket.close(); // the session ended meanwhile
    }
    stream.becomeListener(() => {});
    stream.opened([socket.localAddr()]);
    new ListenerSock(socket, stream, {
      roomForStream: () => this.session.size < this.session.limits.streams,
      accepted: (accepted, listener) => this.#accepted(accepted, listener, options),
      closed: () => this.#listeners--,
    });
  }

  #accepted(socket: Socket, listener: Stream, options: TCPOptions): void {
    let addresses: (SockAddr | null)[];
    try {
      this.#setUp(socket, options);
      addresses = [socket.localAddr(), socket.remoteAddr()];
    } catch (err) {
      socket.close(); // it was reset before we looked at it
      if (err instanceof SysError) return;
      throw err;
    }
    this.#own(socket, listener.accepted(addresses));
  }

  #setUp(socket: Socket, options: TCPOptions): void {
    if (options.noDelay) socket.setOption("TCP_NODELAY", 1);
    if (options.keepAlive <= 0) return;
    socket.setOption("SO_KEEPALIVE", 1);
    socket.setOption("TCP_KEEPIDLE", options.keepAlive);
    socket.setOption("TCP_KEEPINTVL", options.keepAlive);
  }

  #own(socket: Socket, stream: Stream): void {
    this.#socks.set(stream, new Sock(socket, stream, this.#slab, this.session.limits.flushMs));
  }

  #refuse(stream: Stream, err: unknown): void {
    if (err instanceof DialError) return stream.refused(err.pieces, err.source, err.addr);
    if (err instanceof PiecesError) return stream.refused(err.pieces, null, null);
    if (err instanceof SysError) return stream.refused(["errno", err.syscall, err.errno], null, null);
    this.log.error({ err }, "operation failed");
    stream.refused(["text", "internal error"], null, null);
  }
}
