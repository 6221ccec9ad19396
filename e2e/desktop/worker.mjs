// A double of Electron's utility process: a thread of Node with the built process script of the app in it. What Electron gives
// that script is process.parentPort; here it is the thread's own port, in Electron's shape.
import { parentPort } from "node:worker_threads";

const portMain = (port) => ({
  on: (event, listener) => port.on(event, event === "message" ? (data) => listener({ data }) : listener),
  postMessage: (message) => port.postMessage(message),
  start: () => port.start(),
  close: () => port.close(),
});

const parent = {
  on: (_, listener) =>
    parentPort.on("message", ({ data, port }) => listener({ data, ports: port ? [portMain(port)] : [] })),
  postMessage: (message) => parentPort.postMessage(message),
};
Object.defineProperty(process, "parentPort", { value: parent });

await import(new URL("../../dist/app/process.js", import.meta.url).href);
