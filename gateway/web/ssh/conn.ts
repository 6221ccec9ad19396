// What SSH needs of a connection: a few methods of Go's net.Conn. Those of gonet fit, and so does a double of 20 lines.

/** Conn is a stream of bytes in both directions. */
export interface Conn {
  /** Read fills b with what is there and resolves to the number of bytes; at the end it rejects. */
  Read(b: Uint8Array): Promise<number>;
  /** Write resolves when all of b was taken. */
  Write(b: Uint8Array): Promise<number>;
  Close(): Promise<void>;
  /** SetDeadline makes calls that wait fail at t; null is never. */
  SetDeadline(t: Date | null): void;
}
