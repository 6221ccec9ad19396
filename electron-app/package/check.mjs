// npm run check: electron-builder's own check of its configuration, without building anything.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { validateConfiguration } = require("app-builder-lib/out/util/config/config.js");
const { DebugLogger } = require("builder-util");

const config = JSON.parse(readFileSync(new URL("electron-builder.json", import.meta.url), "utf8"));
await validateConfiguration(config, new DebugLogger(false));
console.log("electron-builder.json is as electron-builder wants it");
