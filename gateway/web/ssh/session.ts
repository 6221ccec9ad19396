// The library's session, listening for what the library itself has no use for.

import {
  AuthenticationFailureMessage,
  AuthenticationRequestMessage,
} from "@microsoft/dev-tunnels-ssh/messages/authenticationMessages.js";
import { SshChannelOpenFailureReason } from "@microsoft/dev-tunnels-ssh/messages/connectionMessages.js";
import { KeyExchangeInitMessage } from "@microsoft/dev-tunnels-ssh/messages/kexMessages.js";
import type { SshMessage } from "@microsoft/dev-tunnels-ssh/messages/sshMessage.js";
import {
  DisconnectMessage,
  SshDisconnectReason,
} from "@microsoft/dev-tunnels-ssh/messages/transportMessages.js";
import { SshClientSession } from "@microsoft/dev-tunnels-ssh/sshClientSession.js";
import type { SshSessionConfiguration } from "@microsoft/dev-tunnels-ssh/sshSessionConfiguration.js";
import type { CancellationToken } from "@microsoft/dev-tunnels-ssh/util/cancellation.js";
import { Banner, InteractiveRequest, PasswordChange } from "./messages.js";

// Messages up to this number are about the session and its keys (RFC 4250, section 4.1.2).
const lastKexNumber = 49;

// A server may say as much as this before the login; OpenSSH's own limit is about the same.
const maxBannerChars = 65_536;

/** Session is a session of a client. */
export class Session extends SshClientSession {
  /** methods are those with which one may go on, as the server said last. */
  methods: readonly string[] = [];
  /** isPartial says that the last method was right and did not suffice. */
  isPartial = false;
  /** farewell is why the session ended, in the server's words or for what it asked, or "". */
  farewell = "";
  readonly #onBanner: (text: string) => void;
  #sending: Promise<void> = Promise.resolve();
  #bannerChars = 0;

  constructor(config: SshSessionConfiguration, onBanner: (text: string) => void) {
    super(config);
    this.#onBanner = onBanner;
    // Nothing was forwarded, so the server has nothing to open.
    this.onChannelOpening((opening) => {
      if (opening.isRemoteRequest) {
        opening.failureReason = SshChannelOpenFailureReason.administrativelyProhibited;
      }
    });
  }

  // Whether a message has to wait for new keys the library looks at when it gets it. So it gets one after the other: while it
  // has several, one may go out when the keys are being changed already, and servers end the session for that.
  override sendMessage(message: SshMessage, cancellation?: CancellationToken): Promise<void> {
    if (message.messageType <= lastKexNumber) {
      return super.sendMessage(message, cancellation);
    }
    const isInteractive =
      message instanceof AuthenticationRequestMessage && message.methodName === "keyboard-interactive";
    const whole = isInteractive ? new InteractiveRequest(message) : message;
    const sending = this.#sending.then(() => super.sendMessage(whole, cancellation));
    this.#sending = sending.catch(() => {});
    return sending;
  }

  protected override handleMessage(message: SshMessage): void | Promise<void> {
    if (message instanceof Banner) {
      const rest = maxBannerChars - this.#bannerChars;
      this.#bannerChars += message.text.length;
      if (rest > 0) {
        this.#onBanner(message.text.slice(0, rest));
      }
      return;
    }
    if (message instanceof PasswordChange) {
      this.farewell = "the password has expired, and has to be changed by another way";
      return this.close(SshDisconnectReason.authCancelledByUser);
    }
    if (message instanceof AuthenticationFailureMessage) {
      this.methods = message.methodNames ?? [];
      this.isPartial = message.partialSuccess;
    } else if (message instanceof DisconnectMessage) {
      this.farewell = message.description ?? "";
    }
    if (message instanceof KeyExchangeInitMessage && this.kexService?.exchanging === false) {
      return this.#exchange(message, this.kexService);
    }
    return super.handleMessage(message);
  }

  // exchange answers a server that wants new keys. The library answers only if it wanted them first.
  async #exchange(message: SshMessage, kex: NonNullable<typeof this.kexService>): Promise<void> {
    const [init] = await kex.startKeyExchange(false);
    await super.sendMessage(init);
    await super.handleMessage(message);
  }
}
