// The messages that a terminal needs and the SSH library lacks: RFC 4254, sections 6.2, 6.4 and 6.7, and the banner of
// RFC 4252, section 5.4.

import type { SshDataReader, SshDataWriter } from "@microsoft/dev-tunnels-ssh/io/sshData.js";
import {
  AuthenticationMessage,
  AuthenticationRequestMessage,
} from "@microsoft/dev-tunnels-ssh/messages/authenticationMessages.js";
import type { AuthenticationMethod } from "@microsoft/dev-tunnels-ssh/messages/authenticationMethod.js";
import { ChannelRequestMessage } from "@microsoft/dev-tunnels-ssh/messages/connectionMessages.js";
import { Buffer } from "./buffer.js";
import type { Size } from "./options.js";

// The size in pixels; 0 means that it is of no account.
const noPixels = 0;

function writeSize(writer: SshDataWriter, { columns, rows }: Size): void {
  writer.writeUInt32(columns);
  writer.writeUInt32(rows);
  writer.writeUInt32(noPixels);
  writer.writeUInt32(noPixels);
}

/** PtyRequest asks for a terminal at the other end. */
export class PtyRequest extends ChannelRequestMessage {
  readonly #term: string;
  readonly #size: Size;

  constructor(term: string, size: Size) {
    super("pty-req", true);
    this.#term = term;
    this.#size = size;
  }

  protected override onWrite(writer: SshDataWriter): void {
    super.onWrite(writer);
    const endOfModes = 0; // none: the other end's own are right for a terminal that understands everything
    writer.writeString(this.#term, "ascii");
    writeSize(writer, this.#size);
    writer.writeBinary(Buffer.from([endOfModes]));
  }
}

/** EnvRequest sets a variable. Servers take few of them (AcceptEnv) and need not say so. */
export class EnvRequest extends ChannelRequestMessage {
  readonly #name: string;
  readonly #value: string;

  constructor(name: string, value: string) {
    super("env", false);
    this.#name = name;
    this.#value = value;
  }

  protected override onWrite(writer: SshDataWriter): void {
    super.onWrite(writer);
    writer.writeString(this.#name, "ascii");
    writer.writeString(this.#value, "utf8");
  }
}

/** WindowChange says that the terminal has another size. */
export class WindowChange extends ChannelRequestMessage {
  readonly #size: Size;

  constructor(size: Size) {
    super("window-change", false);
    this.#size = size;
  }

  protected override onWrite(writer: SshDataWriter): void {
    super.onWrite(writer);
    writeSize(writer, this.#size);
  }
}

/** InteractiveRequest asks the server to put its questions. The library's own leaves out what RFC 4256 has at its end. */
export class InteractiveRequest extends AuthenticationRequestMessage {
  constructor({ username, serviceName }: AuthenticationRequestMessage) {
    super();
    this.methodName = "keyboard-interactive" as AuthenticationMethod;
    Object.assign(this, { username, serviceName });
  }

  protected override onWrite(writer: SshDataWriter): void {
    super.onWrite(writer);
    writer.writeString("", "ascii"); // the language: the server's own
    writer.writeString("", "ascii"); // its ways of asking: all of them
  }
}

/** bannerNumber is the number of SSH_MSG_USERAUTH_BANNER. */
export const bannerNumber = 53;

/** Banner is a text that the server wants to be shown before somebody logs in. */
export class Banner extends AuthenticationMessage {
  /** text is what the server sent; it may be anything. */
  text = "";

  override get messageType(): number {
    return bannerNumber;
  }

  protected override onRead(reader: SshDataReader): void {
    this.text = reader.readString("utf8");
    reader.readString("ascii"); // its language
  }
}

/** passwordChangeNumber is the number of SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, which it has only after a password was sent. */
export const passwordChangeNumber = 60;

/** PasswordChange says that a password was right and has expired (RFC 4252, section 8). */
export class PasswordChange extends AuthenticationMessage {
  override get messageType(): number {
    return passwordChangeNumber;
  }

  protected override onRead(): void {} // what it says is for who can change it, which nobody can here
}
