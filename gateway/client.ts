// Client is what the gateway has of one client: its session and the sockets it opened. Every socket has
// an owner that closes it: the session owns the streams, each stream its socket.

import { unlinkSync } from "node:fs";
import { type Fd, type Socket, SysError } from "../native/index.js";
import { PiecesError, type SessionError, WireError } from "../src/wire/errors.js";
import type { Limits } from "../src/wire/limits.js";
import { type Handler, Session } from "../src/wire/session.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import type { Stream } from "../src/wire/stream.js";
import { type BindRequest, listen, listenMulticast, listenPacket, type MulticastRequest } from "./bind.js";
import { DialError, type DialRequest, dial } from "./dial.js";
import { Files } from "./files.js";
import { ListenerSock } from "./listener.js";
import type { Log } from "./log.js";
import type { Lookup } from "./lookup.js";
import { Lookups } from "./lookups.js";
import { type Network, networkOf } from "./network.js";
import { calls, opens } from "./ops.js";
import { PacketSock, UnixSock } from "./packetsock.js";
import type { Pump } from "./pump.js";
import { Queue } from "./queue.js";
import type { Shared } from "./shared.js";
import { Slab } from "./slab.js";
import { Sock } from "./sock.js";

export interface ClientOptions {
  id: string;
  gatewayID: string;
  limits: Partial<Limits>;
  lookup: Lookup;
  shared: Shared;
  log: Log;
  resumeKey: Uint8Array;
  onAttached(client: Client): void;
  onDetached(client: Client, code: number, reason: string): void;
  onOver(client: Client, reason: SessionError): void;
}

// TCPOptions are the options of a TCP socket that come with dial and listen.
export interface TCPOptions {
  keepAlive: number; // seconds; 0: off
  noDelay: boolean;
}

const noOptions: TCPOptions = { keepAlive: 0, noDelay: false };

interface ListenOptions extends TCPOptions {
  readonly path: Uint8Array | null; // of a Unix listener
  readonly fromFile?: boolean;
}

// unlink removes the file of a Unix socket, if it has one and that is still there.
function unlink(path: Uint8Array | null): void {
  if (path === null || path.length === 0 || path[0] === 0) return;
  try {
    unlinkSync(Buffer.from(path));
  } catch {
    // Somebody else removed it: then there is nothing left to do.
  }
}

export class Client implements Handler {
  readonly session: Session;
  readonly lookup: Lookup;
  readonly lookups: Lookups;
  readonly log: Log;
  readonly #slab = new Slab();
  readonly #dials: Queue;
  readonly #shared: Shared;
  readonly files: Files;
  readonly #pumps = new WeakMap<Stream, Pump>();
  readonly #listening = new WeakMap<Stream, ListenerSock>();
  #listeners = 0;

  constructor(options: ClientOptions) {
    this.lookup = options.lookup;
    this.log = options.log;
    this.#shared = options.shared;
    this.session = new Session({
      role: "gateway",
      handler: this,
      defer: setImmediate,
      id: options.id,
      gatewayID: options.gatewayID,
      limits: options.limits,
      resumeKey: options.resumeKey,
      onAttached: () => options.onAttached(this),
      onDetached: (_, code, reason) => options.onDetached(this, code, reason),
      onOver: (_, reason) => {
        this.#slab.release();
        this.files.closeAll();
        this.lookups.close();
        options.onOver(this, reason);
      },
    });
    this.files = new Files(this.session.limits.files);
    this.#dials = new Queue(this.session.limits.dials);
    this.lookups = new Lookups(this.session.limits.lookups);
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

  // pump is the socket of a stream that carries data or packets. A client that names another stream broke the protocol.
  pump(stream: Stream | null): Pump {
    const pump = stream === null ? undefined : this.#pumps.get(stream);
    if (pump === undefined) throw new WireError("unknown id");
    return pump;
  }

  // listener is the listening socket of a stream.
  listener(stream: Stream | null): ListenerSock {
    const listener = stream === null ? undefined : this.#listening.get(stream);
    if (listener === undefined) throw new WireError("unknown id");
    return listener;
  }

  // socket is the socket of any stream.
  socket(stream: Stream | null): Socket {
    const listener = stream === null ? undefined : this.#listening.get(stream);
    return listener?.socket ?? this.pump(stream).socket;
  }

  // dial carries a dial out, when its turn has come, and answers stream.
  dial(stream: Stream, request: Omit<DialRequest, "signal" | "room">, options: TCPOptions): void {
    const abort = new AbortController();
    stream.onCancel = () => abort.abort();
    stream.onLost = () => abort.abort();
    this.#dials
      .run(
        () =>
          this.#shared.dials.run(
            () => dial({ ...request, signal: abort.signal, room: this.#shared }, this.lookup),
            abort.signal,
          ),
        abort.signal,
      )
      .then(
        ({ socket, to }) => this.#connected(stream, socket, request.network, options, to),
        (err: unknown) => this.#refuse(stream, err),
      );
  }

  // #connected answers stream with a socket that is ready to move data. Not every kernel's socket tells where it was
  // connected to: a raw one does not, nor one whose far end is gone already.
  #connected(
    stream: Stream,
    socket: Socket,
    network: Network,
    options: TCPOptions,
    to: SockAddr | null = null,
  ): void {
    stream.onCancel = null;
    if (stream.state !== "opening") return socket.close(); // the session ended meanwhile
    try {
      if (network.base === "tcp") this.#setUp(socket, options);
      stream.isUnnumbered = network.carries === "dgram";
      stream.opened([socket.localAddr(), socket.remoteAddr() ?? to]);
    } catch (err) {
      socket.close();
      return this.#refuse(stream, err);
    }
    this.#own(socket, stream, network);
  }

  // listenPacket opens a socket for packets and answers stream.
  listenPacket(stream: Stream, request: Omit<BindRequest, "room">): void {
    listenPacket({ ...request, room: this.#shared }, this.lookup).then(
      (socket) => this.#connected(stream, socket, request.network, noOptions),
      (err: unknown) => this.#refuse(stream, err),
    );
  }

  // listenMulticast joins a group and answers stream.
  listenMulticast(stream: Stream, request: Omit<MulticastRequest, "room">): void {
    try {
      const socket = listenMulticast({ ...request, room: this.#shared });
      this.#connected(stream, socket, request.network, noOptions);
    } catch (err) {
      this.#refuse(stream, err);
    }
  }

  // listen opens a listening socket and answers stream. The file of a Unix listener goes when it is closed.
  listen(stream: Stream, request: Omit<BindRequest, "room">, options: TCPOptions): void {
    if (this.#listeners >= this.session.limits.listeners) {
      return stream.refused(["errno", "socket", "EMFILE", ["limit", "listeners"]], null, null);
    }
    this.#listeners++;
    const path = request.target?.[0] === 1 ? request.target[1] : null;
    listen({ ...request, room: this.#shared }, this.lookup).then(
      (socket) => this.#announced(stream, socket, request.network, { ...options, path }),
      (err: unknown) => {
        this.#listeners--;
        this.#refuse(stream, err);
      },
    );
  }

  #announced(stream: Stream, socket: Socket, network: Network, options: ListenOptions): void {
    if (stream.state !== "opening") {
      this.#listeners--;
      socket.close(); // the session ended meanwhile
      return unlink(options.path);
    }
    stream.becomeListener(() => {});
    stream.opened(options.fromFile ? [network.base, socket.localAddr()] : [socket.localAddr()]);
    const listener = new ListenerSock(socket, stream, {
      roomForStream: () => this.session.size < this.session.limits.streams && this.#shared.hasRoom,
      accepted: (accepted) => this.#accepted(accepted, stream, network, options),
      closed: () => {
        this.#listeners--;
        if (listener.unlinkOnClose) unlink(options.path);
      },
    });
    this.#listening.set(stream, listener);
  }

  #accepted(socket: Socket, listener: Stream, network: Network, options: TCPOptions): boolean {
    let addresses: (SockAddr | null)[];
    try {
      if (network.base === "tcp") this.#setUp(socket, options);
      addresses = [socket.localAddr(), socket.remoteAddr()];
    } catch (err) {
      socket.close(); // it was reset before we looked at it
      if (err instanceof SysError) return false;
      throw err;
    }
    this.#own(socket, listener.accepted(addresses), network);
    return true;
  }

  // fileConn makes a connection, or a listener, of a file and answers stream.
  fileConn(stream: Stream, fd: Fd, isListener: boolean): void {
    let socket: Socket;
    try {
      this.#shared.checkRoom();
      socket = fd.toSocket();
    } catch (err) {
      return this.#refuse(stream, err);
    }
    try {
      const { family, type } = socket.kind();
      const network = networkOf(family, type);
      if (network === null) throw new SysError("", "EPROTONOSUPPORT");
      if (isListener) {
        if (network.base === "udp" || network.base === "ip" || network.base === "unixgram") {
          throw new SysError("", "EINVAL");
        }
        this.#listeners++;
        return this.#announced(stream, socket, network, { ...noOptions, path: null, fromFile: true });
      }
      stream.isUnnumbered = network.carries === "dgram";
      stream.opened([network.base, socket.localAddr(), socket.remoteAddr()]);
      this.#own(socket, stream, network);
    } catch (err) {
      socket.close();
      this.#refuse(stream, err);
    }
  }

  #setUp(socket: Socket, options: TCPOptions): void {
    if (options.noDelay) socket.setOption("TCP_NODELAY", 1);
    if (options.keepAlive <= 0) return;
    socket.setOption("SO_KEEPALIVE", 1);
    socket.setOption("TCP_KEEPIDLE", options.keepAlive);
    socket.setOption("TCP_KEEPINTVL", options.keepAlive);
  }

  #own(socket: Socket, stream: Stream, network: Network): void {
    const { limits } = this.session;
    const pump =
      network.base === "tcp"
        ? new Sock(socket, stream, this.#slab, limits)
        : network.base === "unix"
          ? new UnixSock(socket, stream, this.files, limits)
          : new PacketSock(socket, stream, network, this.files, limits);
    this.#pumps.set(stream, pump);
  }

  #refuse(stream: Stream, err: unknown): void {
    if (err instanceof DialError) return stream.refused(err.pieces, err.source, err.addr);
    if (err instanceof PiecesError) return stream.refused(err.pieces, null, null);
    if (err instanceof SysError) return stream.refused(["errno", err.syscall, err.errno], null, null);
    this.log.error({ err }, "operation failed");
    stream.refused(["text", "internal error"], null, null);
  }
}
