// The way to name servers: a new socket for each question, so that a forged answer has to guess its port too.

import { randomInt } from "node:crypto";
import { again, readable, Socket, SysError, writable } from "../native/index.js";
import {
  type DNSConn,
  type DNSTransport,
  type Stop,
  StoppedError,
  type TransportFailure,
} from "../src/names/dnsclient.js";
import type { Pieces } from "../src/wire/errors.js";
import type { SockAddr } from "../src/wire/sockaddr.js";
import { parseIP, parseIPv4 } from "./iptext.js";

const idLimit = 2 ** 16;
const maxPort = 65535;

// OperationError is what failed on a socket, as it is told in a "dns" error (docs/protocol.md, part 8).
class OperationError extends Error {
  constructor(
    readonly pieces: Pieces,
    readonly isTimeout: boolean,
  ) {
    super(`gonet: ${pieces.join(" ")}`);
  }
}

// dnsSockets is the DNSTransport over the machine's own sockets.
export const dnsSockets: DNSTransport = {
  async dial(network, server, timeoutMs, stop) {
    const conn = new ServerConn(network, serverAddress(server), performance.now() + timeoutMs, stop);
    try {
      await conn.connect();
    } catch (err) {
      conn.close();
      throw err;
    }
    return conn;
  },

  describe(err): TransportFailure {
    if (!(err instanceof OperationError)) throw err;
    return { what: err.pieces, isTimeout: err.isTimeout, isSocket: true };
  },

  id: () => randomInt(idLimit),
};

// serverAddress reads "192.0.2.1:53" or "[2001:db8::1]:53". It throws TypeError if it is no address with a port.
export function serverAddress(server: string): SockAddr {
  const colon = server.lastIndexOf(":");
  const host = server.slice(0, Math.max(colon, 0));
  const digits = server.slice(colon + 1);
  const port = /^[0-9]{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
  if (port > 0 && port <= maxPort) {
    const v4 = parseIPv4(host);
    if (v4 !== null) return [4, v4, port];
    const v6 = /^\[(.*)\]$/.exec(host)?.[1];
    const parsed = v6 === undefined ? null : parseIP(v6);
    if (parsed !== null && parsed[0] === 6) return [6, parsed[1], port, parsed[3]];
  }
  throw new TypeError(`gonet: not the address of a name server: ${server}`);
}

class ServerConn implements DNSConn {
  readonly keepsMessages: boolean;
  readonly #network: "udp" | "tcp";
  readonly #server: SockAddr;
  readonly #end: number;
  readonly #stop: Stop | undefined;
  #socket: Socket | null = null;
  #local: SockAddr | null = null;

  constructor(network: "udp" | "tcp", server: SockAddr, end: number, stop: Stop | undefined) {
    this.keepsMessages = network === "udp";
    this.#network = network;
    this.#server = server;
    this.#end = end;
    this.#stop = stop;
  }

  async connect(): Promise<void> {
    await this.#do("dial", async () => {
      const socket = Socket.open(this.#server[0], this.keepsMessages ? "dgram" : "stream");
      this.#socket = socket;
      if (socket.connect(this.#server)) return;
      do {
        await this.#ready(socket, writable);
      } while (!socket.finishConnect());
    });
    this.#local = this.#open().localAddr();
  }

  async write(b: Uint8Array): Promise<void> {
    await this.#do("write", async () => {
      const socket = this.#open();
      for (let n = 0; n < b.length; ) {
        const taken = socket.write(b, n, b.length - n);
        if (taken === again) await this.#ready(socket, writable);
        else n += taken;
      }
    });
  }

  read(b: Uint8Array): Promise<number> {
    return this.#do("read", async () => {
      const socket = this.#open();
      for (;;) {
        const n = socket.read(b, 0, b.length);
        if (n !== again) return n;
        await this.#ready(socket, readable);
      }
    });
  }

  close(): void {
    this.#socket?.close();
  }

  #open(): Socket {
    return this.#socket as Socket; // connect has succeeded
  }

  // #do tells the errors of one operation, as Go does: with both addresses once there are two.
  async #do<T>(op: "dial" | "read" | "write", act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (err) {
      if (!(err instanceof SysError) && !(err instanceof LateError)) throw err;
      const isLate = err instanceof LateError;
      const [call, errno] = isLate ? ["", ""] : [err.syscall, err.errno];
      throw new OperationError(
        ["op", op, this.#network, this.#local, this.#server, call, errno],
        isLate || errno === "ETIMEDOUT" || errno === "EAGAIN",
      );
    }
  }

  // #ready waits until the socket is ready for what events say.
  #ready(socket: Socket, events: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = this.#stop;
      const settle = (then: () => void) => {
        clearTimeout(timer);
        stop?.removeEventListener("abort", onStop);
        socket.onReady = null;
        if (!socket.closed) socket.wait(0);
        then();
      };
      const onStop = () => settle(() => reject(new StoppedError()));
      const onLate = () => settle(() => reject(new LateError()));
      const timer = setTimeout(onLate, Math.max(0, this.#end - performance.now()));
      if (stop?.aborted) return onStop();
      stop?.addEventListener("abort", onStop);
      socket.onReady = () => settle(resolve);
      socket.wait(events);
    });
  }
}

class LateError extends Error {}
