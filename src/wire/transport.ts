// Transport is what a session needs of a link: whole messages, in order, until it ends. A WebSocket, a
// MessagePort and the in-memory pair of the tests satisfy it.
export interface Transport {
  // receiver is set by the session before the link can deliver anything; onClose comes once, last.
  receiver: Receiver | null;
  // messageBytes is how large a message of several frames gets; 64 KiB if it is not there. A frame of that size goes
  // alone: copying it into a message with others would cost more than the message that is saved.
  readonly messageBytes?: number;
  // memory says until when a message's memory is looked at: "copied" is until send returns, "sent" until the peer has the
  // message. If it is not there, the peer may be given the memory itself.
  readonly memory?: "copied" | "sent";
  // send puts one message on its way. The bytes belong to the link and the session's replay queue from
  // now on; nobody changes them.
  send(message: Uint8Array): void;
  // bufferedBytes tells how much waits on this side of the link, or null if the link cannot tell.
  bufferedBytes(): number | null;
  // cork and uncork bracket several sends that may leave together.
  cork(): void;
  uncork(): void;
  // close ends the link after what was sent; terminate ends it at once.
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface Receiver {
  onMessage(message: Uint8Array): void;
  // onDrain says that bufferedBytes went down; a link without such an event never calls it.
  onDrain(): void;
  onClose(code: number, reason: string): void;
}
