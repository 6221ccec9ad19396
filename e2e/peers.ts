// What the tools talk to: real servers on free ports of loopback. They are closed after the test.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

// A connection on loopback that is not there after this is not coming.
const noAnswerMs = 300;

/** Peers makes servers. */
export class Peers {
  readonly #servers: Server[] = [];
  readonly #sockets: Socket[] = [];
  readonly #children: ChildProcess[] = [];

  /** port starts server and gives its port. */
  async port(server: Server): Promise<number> {
    this.#servers.push(server);
    server.on("connection", (socket) => {
      this.#sockets.push(socket);
      socket.on("error", () => {}); // some tests reset their connections
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  /** freePort is a port that nobody listens on. */
  async freePort(): Promise<number> {
    const server = createServer();
    const free = await this.port(server);
    await new Promise((done) => server.close(done));
    return free;
  }

  /**
   * stuckPort is a port that accepts no connection and refuses none: a program listens and is stopped before it accepts, and
   * once its backlog is full, nobody is answered.
   */
  async stuckPort(): Promise<number> {
    const program =
      "const s = require('net').createServer(); s.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.stdout.write(String(s.address().port)))";
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    this.#children.push(child);
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    child.kill("SIGSTOP");
    const stuck = Number(line);
    for (let isFull = false; !isFull; ) {
      const socket = connect(stuck, "127.0.0.1");
      socket.on("error", () => {});
      this.#sockets.push(socket);
      const answered = once(socket, "connect").then(() => true);
      isFull = !(await Promise.race([answered, new Promise((done) => setTimeout(done, noAnswerMs))]));
    }
    return stuck;
  }

  /** end closes all of them. */
  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const child of this.#children) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    for (const server of this.#servers) {
      if (server.listening) await new Promise((done) => server.close(done));
    }
  }
}

/** echo is a server that sends back what it gets, and ends when it is told to. */
export const echo = (): Server => createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));

/** gathered collects what a server or a socket gets. */
export function gathered(socket: Socket): { text: () => string } {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  return { text: () => Buffer.concat(chunks).toString("latin1") };
}
