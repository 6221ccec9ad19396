// What the SSH library uses of vscode-jsonrpc: events and cancellation. The whole package talks to Node's sockets.
export { CancellationToken, CancellationTokenSource } from "vscode-jsonrpc/lib/cancellation.js";
export { Emitter, Event } from "vscode-jsonrpc/lib/events.js";
