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
  let about = "";
  try {
    for (;;) {
      const method = order.find((name) => session.methods.includes(name) && left[name] > 0);
      if (method === undefined) {
        throw new SSHError(denied(session, key));
      }
      left[method]--;
      const { isDone, wasAsked } = await tried(session, method, options, pair, about);
      if (isDone) {
        return;
      }
      if (!wasAsked) {
        left[method] = 0;
      }
      about = wasAsked && !session.isPartial ? again : about;
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
): Promise<{ readonly isDone: boolean; readonly wasAsked: boolean }> {
  switch (method) {
    case "publickey": {
      const publicKeys = pair === null ? [] : [pair];
      return { isDone: await attempt(session, method, { username, publicKeys }), wasAsked: false };
    }
    case "password": {
      const answers = await ask(about, [{ text: `Password for ${username}`, isSecret: true }]);
      const password = answers?.[0];
      if (password === undefined) {
        throw new CanceledError();
      }
      const credentials = {
        username,
        passwordProvider: async () => [username, password] as [string, string],
      };
      return { isDone: await attempt(session, method, credentials), wasAsked: true };
    }
    case "keyboard-interactive":
      return await interactively(session, username, ask, about);
  }
}

// interactively lets the server ask what it wants, as often as it wants. A server that refuses without having asked anything
// has nothing to ask.
async function interactively(
  session: Session,
  username: string,
  ask: Ask,
  about: string,
): Promise<{ readonly isDone: boolean; readonly wasAsked: boolean }> {
  let wasAsked = false;
  let failed: (err: unknown) => void = () => {};
  const failing = new Promise<never>((_, reject) => {
    failed = reject;
  });
  const listening = session.onAuthenticating((args) => {
    wasAsked = true;
    args.authenticationPromise = answered(args, ask, about).catch((err: unknown) => {
      failed(err);
      return null;
    });
  });
  try {
    const isDone = await Promise.race([attempt(session, "keyboard-interactive", { username }), failing]);
    return { isDone, wasAsked };
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
