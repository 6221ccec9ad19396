// A double of what Electron gives a preload script, for a page of Chromium: messages go through functions that the test put on
// the page, and a port is a real MessageChannel whose other end is carried there message by message.

interface Bridge {
  doubleInvoke(channel: string, args: unknown[]): Promise<unknown>;
  doubleSend(port: number, bytes: string | null): Promise<void>;
  doubleHand(port: number | null, channel: string, message: unknown): void;
  doubleReceive(port: number, bytes: string | null): void;
}

type Listener = (event: { ports: readonly MessagePort[] }, message: unknown) => void;
type Base64 = { toBase64(): string };
type FromBase64 = { fromBase64(text: string): Uint8Array };

/** electronDouble is run in the page, before the preload script. It gives the script's require. */
export function electronDouble(): (name: string) => object {
  const bridge = window as unknown as Bridge;
  const listeners = new Map<string, Listener>();
  const ports = new Map<number, MessagePort>();
  bridge.doubleHand = (number, channel, message) => {
    if (number === null) return listeners.get(channel)?.({ ports: [] }, message);
    const { port1, port2 } = new MessageChannel();
    ports.set(number, port2);
    port2.onmessage = ({ data }) => {
      const isBytes = data instanceof Uint8Array;
      void bridge.doubleSend(number, isBytes ? (data as unknown as Base64).toBase64() : "");
    };
    port2.addEventListener("close", () => void bridge.doubleSend(number, null));
    listeners.get(channel)?.({ ports: [port1] }, message);
  };
  bridge.doubleReceive = (number, bytes) => {
    const port = ports.get(number);
    if (bytes === null) port?.close();
    else port?.postMessage((Uint8Array as unknown as FromBase64).fromBase64(bytes));
  };
  const electron = {
    ipcRenderer: {
      invoke: (channel: string, ...args: unknown[]) => bridge.doubleInvoke(channel, args),
      on: (channel: string, listener: Listener) => listeners.set(channel, listener),
    },
    contextBridge: {
      exposeInMainWorld: (name: string, api: object) => Object.assign(window, { [name]: api }),
    },
  };
  return (name) => {
    if (name !== "electron") throw new Error(`a sandboxed preload script has no ${name}`);
    return electron;
  };
}
