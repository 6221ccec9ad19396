#!/usr/bin/env node
// The program `gonet`.
import { run } from "./cli.js";
import { serve } from "./index.js";

process.exitCode = await run(process.argv.slice(2), serve);
