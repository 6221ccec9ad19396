// Logging in: the methods in OpenSSH's order, as far as the server takes them and somebody answers.

import type { SshAuthenticatingEventArgs } from "@microsoft/dev-tunnels-ssh/events/sshAuthenticatingEventArgs.js";
import { AuthenticationInfoResponseMessage } from "@microsoft/dev-tunnels-ssh/messages/authenticationMessages.js";
import type { AuthenticationMethod } from "@microsoft/dev-tunnels-ssh/messages/authenticationMethod.js";
import type { SshClientCredentials } from "@microsoft/dev-tunnels-ssh/sshCredentials.js";
import { CanceledError, SSHError } from "./error.js";
import { keyPairOf } from "./keypair.js";
import type { Ask, LoginOptions } from "./options.js";
import type { PrivateKey } from "./privatekey.js";
import type { Session } from "./session.js";

const passwordTries = 3; // as OpenSSH's NumberOfPasswordPrompts
const maxPrompts = 32;
const again = "Permission denied, please try again.";

type Method = "publickey" | "keyboard-interactive" | "password";

/** login resolves when the user is logged in. */
export async function login(session: Session, options: LoginOptions): Promise<void> {
  const { user: username, key } = options;
  // Asking for nothing tells which methods there are; a server may also let anybody in.
  if (await attempt(session, "none", { username })) {
    return;
  }
  const pair = key === null ? null : await keyPairOf(key);
  const left = {
    publickey: pair === null ? 0 : 1,
    "keyboard-interactive": passwordTries,
    password: passwordTries,
  };
  const order: readonly Method[] = ["publickey", "keyboard-interactive", "password"];
  let isRefused = false;
  try {
    for (;;) {
      const method = order.find((name) => session.methods.includes(name) && left[name] > 0);
      if (method === undefined) {
        throw new SSHError(denied(session, key));
      }
      left[method]--;
      const about = isRefused ? again : "";
      if (await tried(session, method, options, pair, about)) {
        return;
      }
      isRefused = method !== "publickey" && !session.isPartial;
    }
  } finally {
    pair?.dispose();
  }
}

async function tried(
  session: Session,
  method: Method,
  { user: username, ask }: LoginOptions,
  pair: Awaited<ReturnType<typeof keyPairOf>> | null,
  about: string,
): Promise<boolean> {
  switch (method) {
    case "publickey":
      return await attempt(session, method, { username, publicKeys: pair === null ? [] : [pair] });
    case "password": {
      const answers = await ask(about, [{ text: `Password for ${username}`, isSecret: true }]);
      const password = answers?.[0];
      if (password === undefined) {
        throw new CanceledError();
      }
      return await attempt(session, method, { username, passwordProvider: async () => [username, password] });
    }
    case "keyboard-interactive":
      return await interactively(session, username, ask, about);
  }
}

// interactively lets the server ask what it wants, as often as it wants.
async function interactively(session: Session, username: string, ask: Ask, about: string): Promise<boolean> {
  let failed: (err: unknown) => void = () => {};
  const failing = new Promise<never>((_, reject) => {
    failed = reject;
  });
  const listening = session.onAuthenticating((args) => {
    args.authenticationPromise = answered(args, ask, about).catch((err: unknown) => {
      failed(err);
      return null;
    });
  });
  try {
    return await Promise.race([attempt(session, "keyboard-interactive", { username }), failing]);
  } finally {
    listening.dispose();
  }
}

async function answered(args: SshAuthenticatingEventArgs, ask: Ask, about: string): Promise<null> {
  const { name = "", instruction = "", prompts = [] } = args.infoRequest ?? {};
  if (prompts.length > maxPrompts) {
    throw new SSHError(
      `the server asks ${prompts.length} questions at once; at most ${maxPrompts} are answered`,
    );
  }
  const said = [about, name, instruction].filter((text) => text !== "").join("\n");
  const questions = prompts.map(({ prompt, echo }) => ({ text: prompt, isSecret: !echo }));
  const answers = questions.length === 0 ? [] : await ask(said, questions);
  if (answers === null) {
    throw new CanceledError();
  }
  args.infoResponse = new AuthenticationInfoResponseMessage();
  args.infoResponse.responses = [...answers];
  return null;
}

// attempt tries one method, and none of the others that the library would go on with.
function attempt(
  session: Session,
  method: `${AuthenticationMethod}`,
  credentials: SshClientCredentials,
): Promise<boolean> {
  session.config.authenticationMethods.splice(0, Number.POSITIVE_INFINITY, method as AuthenticationMethod);
  return new Promise((resolve, reject) => {
    session
      .authenticateClient(credentials, (err, isDone) =>
        err === undefined ? resolve(isDone === true) : reject(err),
      )
      .catch(reject);
  });
}

function denied({ methods }: Session, key: PrivateKey | null): string {
  const words = `permission denied (${methods.join(",")})`;
  const knows = methods.some((name) => name === "password" || name === "keyboard-interactive");
  if (methods.includes("publickey") && !knows) {
    return key === null
      ? `${words}: the server takes keys only, and none was given`
      : `${words}: the server does not take this key for this user`;
  }
  return words;
}
