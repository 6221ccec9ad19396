// The preload script: all that a page gets of the app, as window.gonetHost. It passes on what was asked and what came, and
// looks at both; whether a page may have a port, the main process decides.

import { contextBridge, ipcRenderer } from "electron";
import { channels, type GoneMessage, type OpenAnswer, type PortMessage, parseOpen } from "./channels.js";

const gonetHost = {
  /**
   * open asks for a port to the gateway. The port comes in a message to the window: { type: "gonet-port", ticket }. With a
   * generation, only that life of the gateway's process will do.
   */
  async open(...args: [ticket: string, generation: number | null]): Promise<OpenAnswer> {
    const request = parseOpen(args);
    if (request === null) throw new TypeError("gonetHost.open takes a ticket and a generation");
    return (await ipcRenderer.invoke(channels.open, request.ticket, request.generation)) as OpenAnswer;
  },
};

/** HostAPI is what the page sees. */
export type HostAPI = typeof gonetHost;

ipcRenderer.on(channels.port, (event, message: PortMessage) => {
  window.postMessage(message, window.location.origin, [...event.ports]);
});

ipcRenderer.on(channels.gone, (_, message: GoneMessage) => {
  window.postMessage(message, window.location.origin);
});

contextBridge.exposeInMainWorld("gonetHost", gonetHost);
