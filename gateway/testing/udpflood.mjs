// Sends datagrams to a port of loopback as fast as it can, until it is told to stop; then it tells how many.
import { createSocket } from "node:dgram";

const port = Number(process.argv[2]);
const packet = Buffer.alloc(1400, 5);
const atOnce = 64;
const socket = createSocket("udp4");
let sent = 0;
let isOver = false;

function more() {
  if (isOver) return;
  for (let i = 0; i < atOnce; i++) socket.send(packet, port, "127.0.0.1", () => sent++);
  setImmediate(more);
}

process.on("message", () => {
  isOver = true;
  setImmediate(() => process.send(sent, () => process.exit(0)));
});
process.on("disconnect", () => process.exit(1)); // whoever started it is gone
process.send("begun");
more();
