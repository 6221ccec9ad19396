// The library's session, listening for what the library itself has no use for.

import {
  AuthenticationFailureMessage,
  AuthenticationRequestMessage,
} from "@microsoft/dev-tunnels-ssh/messages/authenticationMessages.js";
import { SshChannelOpenFailureReason } from "@microsoft/dev-tunnels-ssh/messages/connectionMessages.js";
import type { SshMessage } from "@microsoft/dev-tunnels-ssh/messages/sshMessage.js";
import { DisconnectMessage } from "@microsoft/dev-tunnels-ssh/messages/transportMessages.js";
import { SshClientSession } from "@microsoft/dev-tunnels-ssh/sshClientSession.js";
import type { SshSessionConfiguration } from "@microsoft/dev-tunnels-ssh/sshSessionConfiguration.js";
import type { CancellationToken } from "@microsoft/dev-tunnels-ssh/util/cancellation.js";
import { Banner, InteractiveRequest } from "./messages.js";

// A server may say as much as this before the login; OpenSSH's own limit is about the same.
const maxBannerChars = 65_536;

/** Session is a session of a client. */
export class Session extends SshClientSession {
  /** methods are those with which one may go on, as the server said last. */
  methods: readonly string[] = [];
  /** isPartial says that the last method was right and did not suffice. */
  isPartial = false;
  /** farewell is what the server said when it ended the session, or "". */
  farewell = "";
  readonly #onBanner: (text: string) => void;
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

  override async sendMessage(message: SshMessage, cancellation?: CancellationToken): Promise<void> {
    const isInteractive =
      message instanceof AuthenticationRequestMessage && message.methodName === "keyboard-interactive";
    await super.sendMessage(isInteractive ? new InteractiveRequest(message) : message, cancellation);
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
    if (message instanceof AuthenticationFailureMessage) {
      this.methods = message.methodNames ?? [];
      this.isPartial = message.partialSuccess;
    } else if (message instanceof DisconnectMessage) {
      this.farewell = message.description ?? "";
    }
    return super.handleMessage(message);
  }
}
