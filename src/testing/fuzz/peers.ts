// The far ends of what is recorded and fuzzed: small servers of Node's own, on an address of loopback that nobody else
// uses, and a name server that knows a few names.

import { createSocket, type Socket as UDPSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Asked, data, type NameServer, nameServer, type Said } from "../nameserver.js";

/** peerHost is where they are; a client that is bound to 127.0.0.1 reaches nothing but loopback. */
export const peerHost = "127.86.0.1";

const zone: { readonly [name: string]: Said } = {
  "echo.test.": { records: [data.A(peerHost)] },
  "two.test.": { records: [data.A("127.86.0.2"), data.A(peerHost)] },
};

function say({ name, type }: Asked): Said {
  switch (type) {
    case "A":
      return zone[name] ?? { code: 3 };
    case "MX":
      return { records: [data.MX(10, "mx.test.")] };
    case "TXT":
      return { records: [data.TXT("v=1", "two parts")] };
    case "SRV":
      return { records: [data.SRV(1, 2, 80, "echo.test.")] };
    case "CNAME":
    case "NS":
    case "PTR":
      return { records: [data.name("echo.test.")] };
    default:
      return name in zone ? {} : { code: 3 };
  }
}

/** Peers are the servers, as addresses to dial. */
export class Peers {
  readonly #tcp: Server;
  readonly #udp: UDPSocket;
  readonly #sockets = new Set<Socket>();
  readonly names: NameServer;
  /** deadPort is one where nobody listens. */
  readonly deadPort: number;

  private constructor(tcp: Server, udp: UDPSocket, names: NameServer, deadPort: number) {
    this.#tcp = tcp;
    this.#udp = udp;
    this.names = names;
    this.deadPort = deadPort;
    tcp.on("connection", (socket) => this.#connected(socket));
    udp.on("message", (packet, from) => udp.send(packet, from.port, from.address, () => {}));
    udp.on("error", () => {}); // an answer that nobody waited for
  }

  static async start(): Promise<Peers> {
    const tcp = createServer({ allowHalfOpen: true, noDelay: true });
    tcp.listen(0, peerHost);
    const udp = createSocket("udp4");
    udp.bind(0, peerHost);
    const dead = createServer();
    dead.listen(0, peerHost);
    await Promise.all([once(tcp, "listening"), once(udp, "listening"), once(dead, "listening")]);
    const { port } = dead.address() as AddressInfo;
    await new Promise((resolve) => dead.close(resolve));
    return new Peers(tcp, udp, await nameServer(say), port);
  }

  get tcpPort(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  get udpPort(): number {
    return this.#udp.address().port;
  }

  get tcp(): string {
    return `${peerHost}:${this.tcpPort}`;
  }

  get udp(): string {
    return `${peerHost}:${this.udpPort}`;
  }

  get dead(): string {
    return `${peerHost}:${this.deadPort}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#tcp.close(resolve));
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()));
    await this.names.close();
  }

  // #connected says back what it is told; "reset" has it reset the connection, and "large <n>" say so many bytes.
  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {}); // close follows
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("end", () => socket.end());
    socket.on("data", (chunk) => {
      const said = chunk.length < 20 ? chunk.toString("latin1") : "";
      if (said === "reset") socket.resetAndDestroy();
      else if (said.startsWith("large ")) socket.write(Buffer.alloc(Number(said.slice(6)) || 0, 0x6c));
      else socket.write(chunk);
    });
  }
}
