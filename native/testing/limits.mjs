// Ends of a process, and a process without descriptors: node native/testing/limits.mjs <program>.

import { binding, errno, listen, ok, open, pair, readable, until, writable } from "./raw.mjs";

const programs = { exit, idle, descriptors };

async function exit() {
  const [client, server] = await pair();
  ok(client.wait(readable));
  server.onReady = () => process.exit(7);
  ok(server.wait(writable));
}

async function idle() {
  await pair();
  open();
  console.log("open");
}

async function descriptors() {
  const listener = listen();
  const client = open();
  client.connect(listener.localAddr());
  await until(listener, readable);
  const fill = [];
  let last = binding.open(4, 0, 0);
  for (; typeof last === "object"; last = binding.open(4, 0, 0)) fill.push(last);
  const name = (code) => (code === -errno.EMFILE ? "EMFILE" : code);
  const refused = listener.accept();
  fill.pop().close();
  const accepted = listener.accept();
  // Writing needs descriptors too, if nothing was written before.
  for (const socket of fill) socket.close();
  console.log(name(last), name(refused), typeof accepted === "object" ? "recovered" : accepted);
}

await programs[process.argv[2]]();
