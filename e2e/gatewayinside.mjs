// A gateway inside a network namespace, and a way to it from outside: a Unix socket, since those are not divided by
// namespaces of networks.
import { connect, createServer } from "node:net";
import { serve } from "gonet/gateway";

const [socketPath, host] = process.argv.slice(2);
const gateway = await serve({ host: "127.0.0.1", port: 0, hosts: [host] });
const port = Number(new URL(gateway.url).port);

const way = createServer((near) => {
  const far = connect(port, "127.0.0.1");
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
  near.pipe(far).pipe(near);
});
way.listen(socketPath, () => process.send?.({ token: gateway.token }));
