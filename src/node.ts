// The same library for Node: WebSockets are those of the package ws.

import { WebSocket } from "ws";
import { useWebSocket } from "./opentransport.js";

const handshakeTimeoutMs = 30_000;

useWebSocket((url, protocols) => {
  const ws = new WebSocket(url, protocols, {
    perMessageDeflate: false,
    handshakeTimeout: handshakeTimeoutMs,
  });
  return ws as unknown as ReturnType<Parameters<typeof useWebSocket>[0]>;
});

export * from "./index.js";
