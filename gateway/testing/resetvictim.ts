// A gateway to be mistreated while it looks at tokens, which takes it 0 to 300 ms. It says its port and what goes wrong.
import { setTimeout as sleep } from "node:timers/promises";
import { openGateway } from "../gateway.js";
import { DoorDouble } from "./doordouble.js";

const longestMs = 300;

process.on("uncaughtException", (err) => console.log(`uncaught ${err.message}`));
process.on("unhandledRejection", (err) => console.log(`unhandled ${err}`));

const door = new DoorDouble();
const gateway = await openGateway(
  {
    webRoot: null,
    authenticate: async (token) => {
      await sleep(token === "quick" ? 0 : Math.random() * longestMs);
      return token === "wrong" ? null : "somebody";
    },
  },
  door,
);
console.log(`ready ${new URL(gateway.url).port}`);
