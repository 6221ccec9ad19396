// What a connection to the targets begins with: one line of JSON that says what to do with the rest.

/** Order is what a target is told to do. Data comes from a seed (data.ts); id is for a later "ask". */
export type Order =
  /** give everything back */
  | { readonly do: "echo" }
  /** take everything up to the end, then say its hash */
  | { readonly do: "sink" }
  /** give so many bytes and end */
  | { readonly do: "source"; readonly seed: number; readonly bytes: number }
  /** both at once */
  | { readonly do: "both"; readonly seed: number; readonly bytes: number }
  /** end at once, or say that it is ready; take everything, and keep what became of it */
  | { readonly do: "take"; readonly id: string; readonly endFirst: boolean }
  /** give so many bytes; at the first byte that comes, reset the connection */
  | { readonly do: "reset"; readonly seed: number; readonly bytes: number }
  /** say what became of the connection of that id, when it is over */
  | { readonly do: "ask"; readonly id: string }
  /** connect so often to a port, each time with other data, have it echoed, and say "ok" */
  | {
      readonly do: "call";
      readonly port: number;
      readonly times: number;
      readonly seed: number;
      readonly bytes: number;
    }
  /** send so many datagrams with that text to a group, and say "ok" */
  | {
      readonly do: "multicast";
      readonly group: string;
      readonly port: number;
      readonly text: string;
      readonly times: number;
    };

/** Taken is what became of a connection with "take": the bytes that came, and the error it ended with. */
export interface Taken {
  readonly bytes: number;
  readonly hash: string;
  readonly error: string | null;
}

/** Targets says where they are. Addresses are "host:port". */
export interface Targets {
  readonly tcp: string;
  readonly udp: string;
  readonly unix: string;
  readonly dns: string;
  /** nobody is a port where nobody listens, full one whose queue of connections is full: it swallows what comes. */
  readonly nobody: string;
  readonly full: string;
}

/** ready is what "take" says: a reset that comes before the order was read looks like an end to Node. */
export const ready = "!";

/** hostName is the name that our name server knows for 127.0.0.1. */
export const hostName = "echo.soak.test";
