// What gonet is compared with: the least relay that joins a WebSocket to a socket of Node's net, with back-pressure both
// ways. One WebSocket is one connection, its port is in the URL.
import { connect } from "node:net";
import { WebSocketServer } from "ws";
import { answer, memory, usage } from "./child.mjs";

/** aheadBytes is how much may wait in the WebSocket before the socket is paused. */
const aheadBytes = 1024 * 1024;

/**
 * @param {import("ws").WebSocket} ws
 * @param {number} port
 */
function join(ws, port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("data", (b) => {
    ws.send(b, () => {
      if (socket.isPaused() && ws.bufferedAmount < aheadBytes) socket.resume();
    });
    if (ws.bufferedAmount >= aheadBytes) socket.pause();
  });
  ws.on("message", (/** @type {Buffer} */ b) => {
    if (!socket.write(b)) ws.pause();
  });
  socket.on("drain", () => ws.resume());
  socket.on("error", () => ws.terminate());
  socket.on("close", () => ws.close());
  ws.on("error", () => socket.destroy());
  ws.on("close", () => socket.destroy());
}

answer({
  start: () =>
    new Promise((resolve) => {
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
      server.on("connection", (ws, request) => {
        join(ws, Number(new URL(request.url ?? "", "ws://relay").searchParams.get("port")));
      });
      server.on("listening", () => {
        const address = server.address();
        resolve({ url: `ws://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/` });
      });
    }),
  usage,
  memory,
});
