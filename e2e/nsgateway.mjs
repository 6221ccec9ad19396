// A gateway in a network namespace, started by netns.ts. The socket it listens on is one from outside the namespace, so that a
// browser outside can talk to it.
import { createServer } from "node:http";
import { serve } from "gonet/gateway";

process.once("message", (_, listening) => {
  const server = createServer();
  server.listen(listening, async () => {
    const { openURL } = await serve({ server });
    process.send(openURL);
  });
});
process.once("disconnect", () => process.exit(0));
