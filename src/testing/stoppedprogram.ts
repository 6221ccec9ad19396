// A client in a process of its own, which stopped.test.ts stops: it echoes numbers through a gateway and tells what it sees.

import { connect } from "../node.js";

const [url = "", token = "", address = ""] = process.argv.slice(2);
const everyMs = 20;

/** Told is what it tells: a state of its session, a number that came back, or what ended it. */
export type Told =
  | { readonly state: string; readonly reason: string }
  | { readonly back: number }
  | { readonly failed: string; readonly code: string; readonly reason: string };

const tell = (told: Told): void => void process.send?.(told);

process.on("disconnect", () => process.exit(0));
const net = await connect(url, { token });
net.session.watch(({ state, reason }) => tell({ state, reason }));
const c = await net.Dial("tcp", address);
const write = async (n: number): Promise<void> => {
  await c.Write(new TextEncoder().encode(`${n}\n`)).catch(() => {}); // Read tells
  setTimeout(write, everyMs, n + 1);
};
void write(0);
try {
  let rest = "";
  for await (const chunk of c) {
    const lines = (rest + new TextDecoder().decode(chunk)).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) tell({ back: Number(line) });
  }
} catch (err) {
  const { message, cause } = err as Error & { cause: { code: string; reason: string } };
  tell({ failed: message, code: cause.code, reason: cause.reason });
}
