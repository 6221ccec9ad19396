// npm run build: all builds and the type declarations, into dist/.
import { allBuilds, declarations } from "./builds.mjs";
import { main } from "./process.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup({ builds: allBuilds });
  await declarations();
});
