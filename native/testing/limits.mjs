// Ends of a process, and a process without descriptors or privileges: node native/testing/limits.mjs <program>.

import { binding, errno, listen, ok, open, pair, raw, readable, until, writable } from "./raw.mjs";

const programs = { exit, idle, descriptors, unprivileged, signal };

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

function unprivileged() {
  // Any user but root will do; this one owns nothing on most systems.
  const nobody = 65534;
  process.setgid(nobody);
  process.setuid(nobody);
  const name = (code) => (code === -errno.EPERM ? "EPERM" : code);
  console.log(name(binding.open(4, raw, 1)), name(binding.open(6, raw, 58)));
}

// signal writes to a socket nobody reads from, in a process that SIGPIPE would end.
async function signal() {
  const onSignal = () => console.log("SIGPIPE");
  process.on("SIGPIPE", onSignal);
  process.off("SIGPIPE", onSignal);
  const [client, server] = await pair();
  const fd = ok(client.dup());
  ok(client.shutdown(1));
  const written = fd.write(new Uint8Array(1), 0, 1);
  console.log(written === -errno.EPIPE ? "EPIPE" : written);
  // What would have happened without the addon's care.
  if (process.argv[3] === "control") process.kill(process.pid, "SIGPIPE");
  server.close();
}

await programs[process.argv[2]]();
