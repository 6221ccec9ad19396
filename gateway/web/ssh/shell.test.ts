// Against a real OpenSSH server: what people meet when they log in.

import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyPair } from "@microsoft/dev-tunnels-ssh/algorithms/publicKeyAlgorithm.js";
import { SshAlgorithms } from "@microsoft/dev-tunnels-ssh/algorithms/sshAlgorithms.js";
import {
  type SshAuthenticatingEventArgs,
  SshAuthenticationType,
} from "@microsoft/dev-tunnels-ssh/events/sshAuthenticatingEventArgs.js";
import type { SshDataWriter } from "@microsoft/dev-tunnels-ssh/io/sshData.js";
import { AuthenticationInfoRequestMessage } from "@microsoft/dev-tunnels-ssh/messages/authenticationMessages.js";
import { KeyExchangeService } from "@microsoft/dev-tunnels-ssh/services/keyExchangeService.js";
import { SshServerSession } from "@microsoft/dev-tunnels-ssh/sshServerSession.js";
import { SshSessionConfiguration } from "@microsoft/dev-tunnels-ssh/sshSessionConfiguration.js";
import { NodeStream } from "@microsoft/dev-tunnels-ssh/streams.js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { installLimitMs } from "../../../src/testing/debian.js";
import { type Joined, overMemory } from "../../../src/testing/gateways.js";
import { type KeyType, makeKey, type Sshd, startSshd, whyNoSshd } from "../../../src/testing/sshd.js";
import type { HostKey } from "./hostkey.js";
import { PasswordChange } from "./messages.js";
import type { Ask, Prompt, ShellOptions } from "./options.js";
import { parsePrivateKey } from "./privatekey.js";
import { openShell, type Shell } from "./shell.js";

const why = whyNoSshd();

/** nobody logs in nowhere. */
const nobody: ShellOptions = {
  user: "u",
  key: null,
  term: "xterm",
  size: { columns: 80, rows: 24 },
  env: {},
  knownType: null,
  trust: async () => true,
  banner: () => {},
  ask: async () => null,
};

describe.skipIf(why !== "")(`an SSH session with OpenSSH's server ${why}`, () => {
  let joined: Joined;
  let sshd: Sshd;
  let folder: string;

  beforeAll(async () => {
    joined = await overMemory();
    sshd = await startSshd({ hostKeys: ["ed25519", "ecdsa", "rsa"] });
    folder = mkdtempSync(join(tmpdir(), "gonet-ssh-"));
  }, installLimitMs);

  afterAll(async () => {
    await joined?.close();
    await sshd?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const options = (over: Partial<ShellOptions> = {}): ShellOptions => ({
    user: sshd.user,
    key: null,
    term: "xterm-256color",
    size: { columns: 80, rows: 24 },
    env: { LANG: "C.UTF-8" },
    knownType: null,
    trust: async () => true,
    banner: () => {},
    ask: async () => [sshd.password],
    ...over,
  });

  const open = async (over: Partial<ShellOptions> = {}, port = sshd.port): Promise<Shell> =>
    await openShell(await joined.net.Dial("tcp", `127.0.0.1:${port}`), options(over));

  test("a password lets in, and the host key is the one that ssh-keygen prints", async () => {
    const seen: HostKey[] = [];
    const asked: Prompt[] = [];
    const shell = await open({
      trust: async (key) => seen.push(key) > 0,
      ask: async (_, prompts) => {
        asked.push(...prompts);
        return [sshd.password];
      },
    });
    await shell.write(utf8("stty size; echo $TERM $LANG; exit 7\n"));
    const said = await everything(shell);
    expect(said).toContain("24 80");
    expect(said).toContain("xterm-256color C.UTF-8");
    expect(shell.exit).toEqual({ status: 7 });
    expect(seen).toEqual([{ type: "ssh-ed25519", fingerprint: sshd.fingerprints.ed25519 }]);
    expect(asked).toEqual([{ text: `Password for ${sshd.user}`, isSecret: true }]);
  });

  test.each<KeyType>(["ed25519", "ecdsa", "rsa"])("a user key of type %s lets in", async (type) => {
    const { privateKey, publicKey } = makeKey(folder, type);
    sshd.authorize(publicKey);
    const ask = vi.fn(async () => null);
    const shell = await open({ key: await parsePrivateKey(privateKey), ask });
    await shell.write(utf8("exit\n"));
    await everything(shell);
    expect(shell.exit).toEqual({ status: 0 });
    expect(ask).not.toHaveBeenCalled();
  });

  test.each([
    ["ed25519", "ssh-ed25519"],
    ["ecdsa", "ecdsa-sha2-nistp256"],
    ["rsa", "ssh-rsa"],
  ] as const)("a host that is known by its %s key shows that one", async (type, knownType) => {
    const seen: HostKey[] = [];
    const shell = await open({ knownType, trust: async (key) => seen.push(key) > 0 });
    expect(seen).toEqual([{ type: knownType, fingerprint: sshd.fingerprints[type] }]);
    await shell.close();
  });

  test("a key that the server does not know is followed by the password", async () => {
    const { privateKey } = makeKey(folder, "ed25519");
    const shell = await open({ key: await parsePrivateKey(privateKey) });
    await shell.close();
    expect(shell.exit).toMatchObject({ error: { message: "closed" } });
  });

  test("a wrong password is asked for again, three times in all", async () => {
    const asked: string[] = [];
    const opening = open({
      ask: async (about) => {
        asked.push(about);
        return ["wrong"];
      },
    });
    await expect(opening).rejects.toThrow("permission denied (publickey,password)");
    expect(asked).toEqual([
      "",
      "Permission denied, please try again.",
      "Permission denied, please try again.",
    ]);
  });

  test("who does not want to answer is not logged in, and nothing stays open", async () => {
    const conn = await joined.net.Dial("tcp", `127.0.0.1:${sshd.port}`);
    await expect(openShell(conn, options({ ask: async () => null }))).rejects.toThrow("canceled");
    await expect(conn.Read(new Uint8Array(1))).rejects.toThrow("use of closed network connection");
    await expect(open({ trust: async () => false })).rejects.toThrow("the host key was not accepted");
  });

  test("a reader that stops holds the server back, and loses nothing", async () => {
    const shell = await open();
    await shell.write(utf8("stty -echo; echo; seq 1 600000; touch done; exit\n"));
    let said = "";
    const decoder = new TextDecoder();
    for (let pieces = 0; ; pieces++) {
      // Three times, long enough for all of it to come if nothing held it.
      if (pieces % 10 === 5 && pieces < 30) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(existsSync(join(sshd.home, "done"))).toBe(false);
      }
      const piece = await shell.read();
      if (piece === null) break;
      said += decoder.decode(piece, { stream: true });
    }
    const numbers = said.split("\r\n").filter((line) => /^\d+$/.test(line));
    expect(numbers).toHaveLength(600_000);
    expect(numbers.every((line, i) => Number(line) === i + 1)).toBe(true);
  });

  test("another size reaches the programs that run", async () => {
    const shell = await open();
    await shell.resize({ columns: 132, rows: 43 });
    await shell.write(utf8("stty size; exit\n"));
    expect(await everything(shell)).toContain("43 132");
  });

  test("a shell that is killed says by what", async () => {
    const shell = await open();
    await shell.write(utf8("kill -KILL $$\n"));
    await everything(shell);
    expect(shell.exit).toEqual({ signal: "KILL" });
  });

  test.each(["the server", "the client"])(
    "new keys are agreed on in the middle of the work if %s wants them",
    async (who) => {
      const often = await startSshd({ config: who === "the server" ? ["RekeyLimit 64K"] : [] });
      // The library's own limit is half a gigabyte.
      const few = { get: () => (who === "the client" ? 65_536 : 2 ** 29), set: () => {}, configurable: true };
      Object.defineProperty(SshSessionConfiguration.prototype, "keyRotationThreshold", few);
      const exchanges = vi.spyOn(KeyExchangeService.prototype, "finishKeyExchange");
      try {
        const shell = await open({ user: often.user, ask: async () => [often.password] }, often.port);
        await shell.write(utf8("stty -echo; echo; seq 1 100000; read x; seq 100001 150000; exit 4\n"));
        // Both ends talk while it happens.
        const typing = (async () => {
          for (let i = 0; i < 200; i++) await shell.write(utf8("x".repeat(100)));
          await shell.write(utf8("\n"));
        })();
        const said = await everything(shell);
        await typing;
        expect(shell.exit).toEqual({ status: 4 });
        const numbers = said.split("\r\n").filter((line) => /^\d+$/.test(line));
        expect(numbers).toHaveLength(150_000);
        expect(exchanges.mock.calls.length).toBeGreaterThan(2);
      } finally {
        exchanges.mockRestore();
        Reflect.deleteProperty(SshSessionConfiguration.prototype, "keyRotationThreshold");
        await often.close();
      }
    },
  );

  test("a server that has only what is weak is refused by name", async () => {
    const weak = await startSshd({ config: ["Ciphers aes128-cbc", "MACs hmac-sha1"] });
    try {
      await expect(open({}, weak.port)).rejects.toThrow("aes128-cbc");
    } finally {
      await weak.close();
    }
  });

  test.each([
    ["ecdh-sha2-nistp256", "aes256-ctr", "hmac-sha2-256"],
    ["ecdh-sha2-nistp384", "aes256-gcm@openssh.com", "hmac-sha2-512"],
    ["ecdh-sha2-nistp521", "aes256-ctr", "hmac-sha2-512"],
    ["curve25519-sha256@libssh.org", "aes256-ctr", "hmac-sha2-256"],
  ])("%s, %s and %s do, too", async (kex, cipher, mac) => {
    const other = await startSshd({ config: [`KexAlgorithms ${kex}`, `Ciphers ${cipher}`, `MACs ${mac}`] });
    try {
      const shell = await open({ user: other.user, ask: async () => [other.password] }, other.port);
      await shell.write(utf8("echo $((6 * 7)); exit\n"));
      expect(await everything(shell)).toContain("42");
    } finally {
      await other.close();
    }
  });

  test("a banner comes as it is", async () => {
    const chatty = await startSshd({ banner: "Grüße\n\x1b[31mred\n" });
    try {
      const said: string[] = [];
      const banner = (text: string) => said.push(text);
      const shell = await open(
        { user: chatty.user, banner, ask: async () => [chatty.password] },
        chatty.port,
      );
      await shell.close();
      // OpenSSH itself makes what is not ASCII visible.
      expect(said.join("")).toMatch(/Gr.*e\r?\n.*\[31mred/);
    } finally {
      await chatty.close();
    }
  });
});

describe("what servers ask that Debian's does not", () => {
  let joined: Joined;
  let hostKey: KeyPair;

  beforeAll(async () => {
    joined = await overMemory();
    hostKey = await SshAlgorithms.publicKey["ecdsaSha2Nistp256"]!.generateKeyPair();
  });

  afterAll(() => joined.close());

  /** asking logs in to a server that treats attempts as authenticate does. */
  async function asking(
    authenticate: (session: SshServerSession, args: SshAuthenticatingEventArgs) => Promise<object | null>,
    ask: Ask,
  ): Promise<unknown> {
    const server = createServer((socket) => {
      const session = new SshServerSession(new SshSessionConfiguration());
      session.credentials = { publicKeys: [hostKey] };
      session.onAuthenticating((args) => {
        args.authenticationPromise = authenticate(session, args);
      });
      session.connect(new NodeStream(socket)).catch(() => {});
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const conn = await joined.net.Dial("tcp", `127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      return await openShell(conn, { ...nobody, ask });
    } catch (err) {
      return err;
    } finally {
      await conn.Close().catch(() => {});
      server.close();
    }
  }

  test("several questions at once, some of which may be seen", async () => {
    const asked: unknown[] = [];
    const answered: unknown[] = [];
    await asking(
      async (_, args) => {
        if (args.authenticationType !== SshAuthenticationType.clientInteractive) return null;
        if (args.infoResponse === null) {
          args.infoRequest = new AuthenticationInfoRequestMessage();
          Object.assign(args.infoRequest, {
            name: "Second factor",
            instruction: "Look at the device",
            language: "",
          });
          args.infoRequest.prompts = [
            { prompt: "Password: ", echo: false },
            { prompt: "Code: ", echo: true },
          ];
          return null;
        }
        answered.push(args.infoResponse.responses);
        return {};
      },
      async (about, prompts) => {
        asked.push(about, ...prompts);
        return ["geheim", "123 456"];
      },
    );
    expect(asked).toEqual([
      "Second factor\nLook at the device",
      { text: "Password: ", isSecret: true },
      { text: "Code: ", isSecret: false },
    ]);
    expect(answered).toEqual([["geheim", "123 456"]]);
  });

  test("a new password, in the place of one that has expired", async () => {
    const err = await asking(
      async (session, args) => {
        if (args.authenticationType !== SshAuthenticationType.clientPassword) return null;
        await session.sendMessage(new Expired());
        return await new Promise(() => {});
      },
      async (_, prompts) => prompts.map(() => "old"),
    );
    expect(String(err)).toContain("the password has expired");
  });
});

class Expired extends PasswordChange {
  protected override onWrite(writer: SshDataWriter): void {
    writer.writeString("Your password has expired", "utf8");
    writer.writeString("", "utf8");
  }
}

describe("what is no SSH server", () => {
  let joined: Joined;

  beforeAll(async () => {
    joined = await overMemory();
  });

  afterAll(() => joined.close());

  const trying = async (serve: (socket: Socket) => void): Promise<unknown> => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      serve(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const conn = await joined.net.Dial("tcp", `127.0.0.1:${port}`);
    const opening = openShell(conn, nobody);
    const err = await opening.catch((reason: unknown) => reason);
    await expect(conn.Read(new Uint8Array(1))).rejects.toThrow("use of closed network connection");
    server.close();
    return err;
  };

  test("one that speaks something else is refused", async () => {
    const err = await trying((socket) => socket.write("HTTP/1.1 400 Bad Request\r\n".repeat(30)));
    expect(String(err)).toContain("Failed to read the protocol version");
  });

  test("one that closes is reported in Go's words", async () => {
    expect(String(await trying((socket) => socket.end()))).toContain("EOF");
    expect(String(await trying((socket) => socket.once("data", () => socket.resetAndDestroy())))).toContain(
      "connection reset by peer",
    );
  });

  test("one that speaks the old version is refused", async () => {
    expect(String(await trying((socket) => socket.write("SSH-1.5-old\r\n")))).toContain(
      "the server speaks SSH 1.5",
    );
  });

  test("one that claims a huge packet is refused", async () => {
    const err = await trying((socket) => socket.write("SSH-2.0-x\r\n\xff\xff\xff\xff\0\0\0\0", "latin1"));
    expect(String(err)).toContain("Invalid packet length");
  });

  test("one that says nothing is given up when the time for the handshake is over", async () => {
    const deadlines: (Date | null)[] = [];
    const conn = {
      Read: async () => {
        throw new Error("i/o timeout"); // as of a connection whose deadline is over
      },
      Write: async (b: Uint8Array) => b.length,
      Close: async () => {},
      SetDeadline: (t: Date | null) => deadlines.push(t),
    };
    await expect(openShell(conn, nobody)).rejects.toThrow("i/o timeout");
    expect(deadlines).toEqual([expect.any(Date)]);
    expect(deadlines[0]!.getTime()).toBeGreaterThan(Date.now());
  });
});

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s);

async function everything(shell: Shell): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  for (;;) {
    const piece = await shell.read();
    if (piece === null) return said + decoder.decode();
    said += decoder.decode(piece, { stream: true });
  }
}
