// The other end of a connection, made with Node's own sockets and nothing of gonet.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";

/** PlainServer listens on a free port of loopback. */
export class PlainServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #arrived: Socket[] = [];
  readonly #wanted: ((socket: Socket) => void)[] = [];

  private constructor(pauseOnConnect: boolean) {
    // Paused sockets read nothing until they are resumed: what is sent to them fills the kernel's buffers.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}); // close follows, and what is tested is the other end
      socket.once("close", () => this.#sockets.delete(socket));
      const wanted = this.#wanted.shift();
      if (wanted === undefined) {
        this.#arrived.push(socket);
      } else {
        wanted(socket);
      }
    });
  }

  static async listen({ paused = false, host = "127.0.0.1" } = {}): Promise<PlainServer> {
    const plain = new PlainServer(paused);
    plain.#server.listen(0, host);
    await once(plain.#server, "listening");
    return plain;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** address is "host:port", as Dial takes it. */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** accepted is the next connection. */
  async accepted(): Promise<Socket> {
    return this.#arrived.shift() ?? new Promise((resolve) => this.#wanted.push(resolve));
  }

  /** acceptedFrom is the connection that comes from a port, in whatever order they come. */
  async acceptedFrom(port: number): Promise<Socket> {
    for (;;) {
      const found = [...this.#sockets].find(({ remotePort }) => remotePort === port);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#server.once("connection", () => resolve()));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }
}

/** plainDial connects to "host:port" with a socket of Node's. */
export async function plainDial(address: string): Promise<Socket> {
  const [host = "", port] = address.split(/:(?=\d+$)/);
  const socket = new Socket({ allowHalfOpen: true });
  socket.connect(Number(port), host.replace(/^\[|\]$/g, ""));
  await once(socket, "connect");
  return socket;
}

/** ended is what a socket brought up to its end, or the error code it ended with. */
export async function ended(socket: Socket): Promise<{ bytes: Buffer; error: string | null }> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {}); // it stays in errored
  await new Promise<void>((resolve) => {
    socket.once("end", resolve);
    socket.once("close", () => resolve());
    socket.resume();
  });
  const failure = socket.errored as NodeJS.ErrnoException | null;
  return { bytes: Buffer.concat(chunks), error: failure?.code ?? null };
}

/** roomy waits until a socket takes more, or takes nothing any more. */
export async function roomy(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    if (socket.destroyed) resolve();
    else socket.on("drain", done).on("close", done);
  });
}
