// listener has what all listeners share, as conn does for connections.

import { opError } from "./conn.js";
import { same } from "./errorvalue.js";
import type { Incoming, listenFD } from "./fd.js";
import { type Addr, type Conn, ErrClosed, type Listener, type OpError, type Time } from "./net.js";
import { File } from "./osfile.js";

/** listener is the common part of TCPListener and UnixListener; C is what it accepts. */
export abstract class listener<C extends Conn> implements Listener {
  protected readonly fd: listenFD;

  constructor(fd: listenFD) {
    this.fd = fd;
  }

  /** Accept waits for the next connection. signal ends the wait; the listener stays usable. */
  async Accept(signal?: AbortSignal): Promise<C> {
    try {
      return this.connection(await this.fd.Accept(signal));
    } catch (err) {
      throw this.failed("accept", err);
    }
  }

  /** Close stops listening. Connections that were accepted stay; those that nobody accepted are reset. */
  async Close(): Promise<void> {
    try {
      await this.fd.Close();
    } catch (err) {
      throw this.failed("close", err);
    }
  }

  /** Addr returns the address that is listened on, with what the kernel chose if that was left to it. */
  Addr(): Addr {
    return this.fd.laddr;
  }

  /** SetDeadline sets the deadline of Accept, for calls that wait already too; null takes it away. */
  SetDeadline(t: Time | null): void {
    try {
      this.fd.SetDeadline(t);
    } catch (err) {
      throw this.failed("set", err);
    }
  }

  /**
   * File duplicates the socket and gives the duplicate as a file, of which FileListener makes a listener. The duplicate
   * goes on listening when the listener is closed.
   */
  async File(): Promise<File> {
    try {
      const { session, number } = await this.fd.dup();
      return new File(async () => session, number, this.fd.name);
    } catch (err) {
      throw this.failed("file", err);
    }
  }

  /** Iterating accepts one connection after the other and ends when the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<C, void, undefined> {
    for (;;) {
      let c: C;
      try {
        c = await this.Accept();
      } catch (err) {
        if (this.fd.closed && same((err as OpError).Err, ErrClosed)) {
          return;
        }
        throw err;
      }
      yield c;
    }
  }

  /** The end of an `await using` closes the listener, if that was not done. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.fd.closed) {
      await this.Close();
    }
  }

  protected abstract connection(incoming: Incoming): C;

  protected failed(op: string, err: unknown): OpError {
    return opError({ Op: op, Net: this.fd.net, Addr: this.fd.laddr, Err: err as Error });
  }
}
