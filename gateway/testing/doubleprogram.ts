// The program with the double behind its door: everything is real but the sessions.
import { run } from "../cli.js";
import { openGateway } from "../gateway.js";
import { DoorDouble } from "./doordouble.js";

process.exitCode = await run(process.argv.slice(2), (options) => openGateway(options, new DoorDouble()));
