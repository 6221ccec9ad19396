// npm run app: builds what changed of the desktop app and starts it. What follows `--` goes to the app.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { appBuilds } from "./builds.mjs";
import { findElectron, whyNoElectron } from "./electron.mjs";
import { Failure, main, root } from "./process.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup({ builds: appBuilds });
  const electron = findElectron();
  if (electron === null) throw new Failure(whyNoElectron);
  const child = spawn(electron, [join(root, "dist/app"), ...process.argv.slice(2)], { stdio: "inherit" });
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on("exit", (...how) => resolve(how));
    child.on("error", reject);
  });
  if (code !== 0) throw new Failure(`The app ended with ${signal ?? code}.`);
});
