// The session with the gateway, as the page handles it: the token, connecting, and what became of it.

import * as net from "gonet";

/** Access says whether the page can get to the gateway. */
export type Access =
  /** needed: no token was given yet. */
  | "needed"
  /** failed: with the token that is there, the last attempt to connect failed. */
  | "failed"
  /** given: there is a token, and nothing that speaks against it. */
  | "given";

// In the desktop app nobody else can reach the gateway, and no token is needed: the app hands its page a port.
const isDesktop = "gonetHost" in globalThis;

// The smallest question a gateway can be asked; asking it opens a session if there is none.
const question = "localhost:0";

/** Session is the one session of the page. */
export class Session {
  /** onChange is called after every change. */
  onChange: () => void = () => {};
  #access: Access = isDesktop ? "given" : "needed";
  #state: net.gateway.SessionStatus["state"] = net.session.status.state;
  #since = Date.now();

  constructor() {
    net.session.watch((status) => {
      if (status.state === "attached") {
        this.#access = "given";
      } else if (status.state === "lost" && this.#state === "connecting" && this.takesToken) {
        this.#access = "failed";
      }
      this.#state = status.state;
      this.#since = Date.now();
      this.onChange();
    });
  }

  /** takesToken says that it takes a token to get to the gateway. */
  get takesToken(): boolean {
    return !isDesktop;
  }

  /** place is where the gateway is. */
  get place(): string {
    return isDesktop ? "this computer" : location.host;
  }

  get access(): Access {
    return this.#access;
  }

  /** status is what the session says at this moment: when it was last heard changes without a word. */
  get status(): net.gateway.SessionStatus {
    return net.session.status;
  }

  /** since is when the status became what it is. */
  get since(): number {
    return this.#since;
  }

  /** use takes a token and connects with it. */
  use(token: string): void {
    net.configure({ token });
    this.#access = "given";
    this.connect();
    this.onChange();
  }

  /** connect opens the session if there is none. What comes of it is in the status. */
  connect(): void {
    net.ResolveTCPAddr("tcp", question).catch(() => {}); // the answer is of no interest, and failing shows in the status
  }
}
