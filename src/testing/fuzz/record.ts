// Plays the scenes between a client and a gateway, both real, and keeps what they say to each other.

import { Sessions } from "../../../gateway/sessions.js";
import { connectOver } from "../../connect.js";
import { type Pair, pair } from "../../wire/pair.js";
import type { Transport } from "../../wire/transport.js";
import { Peers } from "./peers.js";
import { formatRecordings, type Message, type Recording } from "./recordings.js";
import { type Scene, scenes } from "./scenes.js";

const patienceMs = 5_000;
const caller = { remoteAddress: "127.0.0.1", origin: null, principal: "recorder" };

async function record(name: string, scene: Scene, peers: Peers): Promise<Recording> {
  const sessions = new Sessions({ dnsServers: [peers.names.address] });
  const messages: Message[] = [];
  const links: Pair[] = [];
  const open = async (): Promise<Transport> => {
    const link = pair({ defer: setImmediate });
    const number = links.push(link);
    const keep = (from: Message["from"]) => (bytes: Uint8Array) => {
      messages.push({ link: number, from, bytes: new Uint8Array(bytes) });
      return bytes;
    };
    link.a.onSend = keep("client");
    link.b.onSend = keep("gateway");
    sessions.serve(link.b, caller);
    return link.a;
  };
  const net = await connectOver(Object.assign(open, { resumes: true, redialMs: [0] }));
  const cut = async (): Promise<void> => {
    const attached = new Promise<void>((resolve) => {
      const stop = net.session.watch(({ state }) => {
        if (state !== "attached") return;
        stop();
        resolve();
      });
    });
    links.at(-1)?.cut();
    await attached;
  };
  const late = setTimeout(() => {
    throw new Error(`${name} never ends`);
  }, patienceMs);
  await scene({ net, peers, cut });
  clearTimeout(late);
  await net.session.close();
  await sessions.close();
  return { name, messages };
}

/** recordAll gives the text of recordings.txt. */
export async function recordAll(): Promise<string> {
  const peers = await Peers.start();
  try {
    const recordings: Recording[] = [];
    for (const [name, scene] of Object.entries(scenes)) recordings.push(await record(name, scene, peers));
    return formatRecordings(recordings);
  } finally {
    await peers.close();
  }
}
