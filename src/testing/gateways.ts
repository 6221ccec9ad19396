// A gateway and a client for tests in Node, joined in each of the three ways.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { MessageChannel } from "node:worker_threads";
import { WebSocketServer } from "ws";
import { Sessions, type SessionsOptions } from "../../gateway/sessions.js";
import { connectOver, type Net } from "../connect.js";
import { connect } from "../node.js";
import type { MessagePortLike } from "../wire/messageport.js";
import { MessagePortTransport } from "../wire/messageport.js";
import { pair } from "../wire/pair.js";

/** Joined is a client and the gateway it talks to. */
export interface Joined {
  readonly net: Net;
  readonly sessions: Sessions;
  /** close ends both; nothing is left open afterwards. */
  close(): Promise<void>;
}

const caller = { remoteAddress: "127.0.0.1", origin: null, principal: "test" };

/** overMemory joins them by the in-memory pair. */
export async function overMemory(options: SessionsOptions = {}): Promise<Joined> {
  const sessions = new Sessions(options);
  const link = pair({ defer: setImmediate });
  sessions.serve(link.b, caller);
  const net = await connectOver(async () => link.a);
  return joined(net, sessions, async () => {});
}

/** overWebSocket joins them by a real WebSocket on loopback. */
export async function overWebSocket(options: SessionsOptions = {}): Promise<Joined> {
  const sessions = new Sessions(options);
  const server = createServer();
  const wss = new WebSocketServer({ server, perMessageDeflate: false });
  wss.on("connection", (ws, request) => sessions.accept(ws, caller, request.socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const net = await connect(`ws://127.0.0.1:${port}`);
  return joined(net, sessions, async () => {
    wss.close();
    await new Promise((resolve) => server.close(resolve));
  });
}

/** overMessagePort joins them by the two ends of a MessageChannel. */
export async function overMessagePort(options: SessionsOptions = {}): Promise<Joined> {
  const sessions = new Sessions(options);
  const { port1, port2 } = new MessageChannel();
  sessions.serve(new MessagePortTransport(port2 as unknown as MessagePortLike), caller);
  const net = await connect(port1 as unknown as MessagePortLike);
  return joined(net, sessions, async () => {});
}

function joined(net: Net, sessions: Sessions, after: () => Promise<void>): Joined {
  return {
    net,
    sessions,
    async close() {
      await net.session.close();
      await sessions.close();
      await after();
    },
  };
}

/** ways are all of them by name. */
export const ways = {
  memory: overMemory,
  WebSocket: overWebSocket,
  MessagePort: overMessagePort,
} as const;
