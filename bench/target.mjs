// The program that is dialled: it gives, takes and gives back bytes, as the first eight of a connection say (work.mjs).
import { createServer } from "node:net";
import { answer } from "./child.mjs";
import { headerBytes, op, readHeader } from "./work.mjs";

const piece = Buffer.alloc(256 * 1024, 0x55);

/** @param {import("node:net").Socket} socket */
function serve(socket) {
  socket.setNoDelay(true);
  socket.on("error", () => {}); // the client has seen enough
  let head = Buffer.alloc(0);
  /** @param {Buffer} chunk */
  const onHead = (chunk) => {
    head = Buffer.concat([head, chunk]);
    if (head.length < headerBytes) return;
    socket.off("data", onHead);
    const { kind, bytes } = readHeader(head);
    const rest = head.subarray(headerBytes);
    if (kind === op.echo) {
      socket.on("data", (b) => socket.write(b));
      if (rest.length > 0) socket.write(rest);
      return;
    }
    if (kind === op.give || kind === op.both) give(socket, bytes);
    let taken = rest.length;
    if (kind === op.take || kind === op.both) {
      socket.on("data", (b) => {
        taken += b.length;
        if (taken === bytes) socket.write("!");
      });
    } else socket.resume();
  };
  socket.on("data", onHead);
}

/**
 * @param {import("node:net").Socket} socket
 * @param {number} bytes
 */
function give(socket, bytes) {
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const n = Math.min(left, piece.length);
      left -= n;
      if (!socket.write(n === piece.length ? piece : piece.subarray(0, n))) return;
    }
  };
  socket.on("drain", more);
  more();
}

/** @param {(socket: import("node:net").Socket) => void} handler */
function listen(handler) {
  return new Promise((resolve) => {
    const server = createServer(handler);
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
}

answer({
  ports: async () => ({
    work: await listen(serve),
    // A greeter says one byte to whoever comes.
    greeter: await listen((socket) => {
      socket.on("error", () => {});
      socket.resume();
      socket.write("!");
    }),
    // An idler says nothing.
    idler: await listen((socket) => {
      socket.on("error", () => {});
      socket.resume();
    }),
  }),
});
