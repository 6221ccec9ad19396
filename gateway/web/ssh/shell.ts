// A shell on another machine, over a connection: openShell goes from the first byte to the prompt, Shell is what then comes
// and goes. What people have to decide is asked through functions, so there is no page in here.

import { SshAuthenticationType } from "@microsoft/dev-tunnels-ssh/events/sshAuthenticatingEventArgs.js";
import { ChannelRequestMessage } from "@microsoft/dev-tunnels-ssh/messages/connectionMessages.js";
import { SshDisconnectReason } from "@microsoft/dev-tunnels-ssh/messages/transportMessages.js";
import { SshChannel } from "@microsoft/dev-tunnels-ssh/sshChannel.js";
import { Buffer } from "./buffer.js";
import { newConfig } from "./config.js";
import type { Conn } from "./conn.js";
import { ConnStream } from "./connstream.js";
import { SSHError } from "./error.js";
import { hostKeyOf } from "./hostkey.js";
import { login } from "./login.js";
import { EnvRequest, PtyRequest, WindowChange } from "./messages.js";
import type { ShellOptions, Size } from "./options.js";
import { Session } from "./session.js";
import { join } from "./wire.js";

// What the server must have done before anybody is asked anything. Its own limit for logging in is mostly 120 s.
const handshakeMs = 30_000;
// 1.99 is a server that speaks the old one too (RFC 4253, section 5.1).
const versions = ["2.0", "1.99"];
// As much as the server sends ahead of what was read. It is the library's own window: with another one it counts wrong.
const windowBytes = SshChannel.defaultMaxWindowSize;

/** Exit is how a shell ended: by its own status, by a signal, or because the connection did. */
export interface Exit {
  readonly status?: number;
  readonly signal?: string;
  readonly error?: unknown;
}

/** Shell is a shell that runs. */
export interface Shell {
  /** exit is how it ended, or null as long as it runs. */
  readonly exit: Exit | null;
  /** read gives what comes, piece by piece, and null at the end. The server is held back until read is called again. */
  read(): Promise<Uint8Array | null>;
  /** write sends what was typed. */
  write(bytes: Uint8Array): Promise<void>;
  /** resize tells the shell the size of the terminal. */
  resize(size: Size): Promise<void>;
  /** close ends the shell and the connection. */
  close(): Promise<void>;
}

/** openShell logs in and starts a shell. If it rejects, the connection is closed. */
export async function openShell(conn: Conn, options: ShellOptions): Promise<Shell> {
  const stream = new ConnStream(conn);
  const session = new Session(newConfig(options.knownType), options.banner);
  try {
    conn.SetDeadline(new Date(Date.now() + handshakeMs));
    await shakeHands(session, stream);
    conn.SetDeadline(null);
    await trusted(session, options);
    await login(session, options);
    const shell = new RunningShell(session, stream, await channelOf(session, options));
    await shell.start();
    return shell;
  } catch (err) {
    session.dispose();
    stream.dispose();
    throw reasonOf(err, session, stream);
  }
}

async function shakeHands(session: Session, stream: ConnStream): Promise<void> {
  const connecting = session.connect(stream);
  // The library notices a wrong version, and goes on waiting.
  const checking = session["versionExchangePromise"]?.then(() => {
    const version = session.remoteVersion?.protocolVersion ?? "that nobody knows";
    if (!versions.includes(version)) {
      throw new SSHError(`the server speaks SSH ${version}, and not 2.0`);
    }
  });
  await Promise.all([connecting, checking]);
}

async function trusted(session: Session, { trust }: ShellOptions): Promise<void> {
  let isAsked = false;
  const listening = session.onAuthenticating((args) => {
    const { authenticationType, publicKey } = args;
    if (authenticationType === SshAuthenticationType.serverPublicKey && publicKey !== null) {
      isAsked = true;
      args.authenticationPromise = publicKey.getPublicKeyBytes().then(async (blob) => {
        const isTrusted = blob !== null && (await trust(await hostKeyOf(new Uint8Array(blob))));
        return isTrusted ? {} : null;
      });
    }
  });
  const isTrusted = await session.authenticateServer();
  listening.dispose();
  if (!isAsked || !isTrusted) {
    throw new SSHError("the host key was not accepted");
  }
}

async function channelOf(session: Session, { term, size, env }: ShellOptions): Promise<SshChannel> {
  const channel = await session.openChannel("session", null);
  if (!(await channel.request(new PtyRequest(term, size)))) {
    throw new SSHError("the server gives no terminal");
  }
  for (const [name, value] of Object.entries(env)) {
    await channel.request(new EnvRequest(name, value));
  }
  return channel;
}

// reasonOf is the error that was there first: the connection's own words, then the server's, then the library's.
function reasonOf(err: unknown, { farewell }: Session, stream: ConnStream): unknown {
  if (err instanceof SSHError) {
    return err;
  }
  if (farewell !== "") {
    return new SSHError(`the server ended it: ${farewell}`);
  }
  if (stream.error !== null) {
    return stream.error;
  }
  return new SSHError(err instanceof Error ? err.message : String(err));
}

class RunningShell implements Shell {
  readonly #session: Session;
  readonly #stream: ConnStream;
  readonly #channel: SshChannel;
  readonly #pieces: Uint8Array[] = [];
  // taken is how much read gave away last: it is done with when read is called again.
  #taken = 0;
  #held = 0;
  #exit: Exit | null = null;
  #wake: () => void = () => {};

  constructor(session: Session, stream: ConnStream, channel: SshChannel) {
    this.#session = session;
    this.#stream = stream;
    this.#channel = channel;
    channel.onDataReceived((data) => this.#keep(data));
    channel.onExtendedDataReceived(({ data }) => this.#keep(data));
    channel.onClosed(({ exitStatus, exitSignal, error }) => {
      this.#end(
        exitStatus !== undefined
          ? { status: exitStatus }
          : exitSignal !== undefined
            ? { signal: exitSignal }
            : { error: error === undefined ? null : reasonOf(error, session, stream) },
      );
    });
  }

  async start(): Promise<void> {
    if (!(await this.#channel.request(new ChannelRequestMessage("shell", true)))) {
      throw new SSHError("the server starts no shell");
    }
  }

  get exit(): Exit | null {
    return this.#exit;
  }

  async read(): Promise<Uint8Array | null> {
    this.#held -= this.#taken;
    this.#channel.adjustWindow(this.#taken);
    this.#taken = 0;
    while (this.#pieces.length === 0 && this.#exit === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    // All that is there: servers send a line at a time, and each piece costs its reader a turn.
    const pieces = this.#pieces.splice(0);
    if (pieces.length === 0) {
      return null;
    }
    const all = join(...pieces);
    this.#taken = all.length;
    return all;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#exit === null && bytes.length > 0) {
      await this.#channel.send(Buffer.from(bytes));
    }
  }

  async resize(size: Size): Promise<void> {
    if (this.#exit === null) {
      await this.#channel.request(new WindowChange(size));
    }
  }

  async close(): Promise<void> {
    this.#end({ error: new SSHError("closed") });
    await this.#session.close(SshDisconnectReason.byApplication);
    this.#session.dispose();
    this.#stream.dispose();
  }

  #keep(data: Uint8Array): void {
    this.#held += data.length;
    if (this.#held > windowBytes) {
      this.#end({ error: new SSHError("the server sends more than it was allowed to") });
      this.#session.close(SshDisconnectReason.protocolError).catch(() => {});
      return;
    }
    this.#pieces.push(new Uint8Array(data)); // the library uses the memory again
    this.#wake();
  }

  #end(exit: Exit): void {
    if (this.#exit === null) {
      this.#exit = exit;
      this.#wake();
    }
  }
}
