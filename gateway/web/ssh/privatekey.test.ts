// Keys as ssh-keygen makes them, and as nobody should.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installLimitMs, whyNoProgram } from "../../../src/testing/debian.js";
import { makeKey } from "../../../src/testing/sshd.js";
import { fingerprintOf } from "./hostkey.js";
import { keyPairOf } from "./keypair.js";
import { KeyError, maxKeyChars, maxRounds, PassphraseError, parsePrivateKey } from "./privatekey.js";
import { base64, join as joined, string, uint32 } from "./wire.js";

const why = whyNoProgram("ssh-keygen", "openssh-client");
const cases = [
  ["ed25519", 0, "ssh-ed25519"],
  ["ecdsa", 256, "ecdsa-sha2-nistp256"],
  ["ecdsa", 384, "ecdsa-sha2-nistp384"],
  ["ecdsa", 521, "ecdsa-sha2-nistp521"],
  ["rsa", 2048, "ssh-rsa"],
] as const;

const armored = (bytes: Uint8Array): string =>
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${base64(bytes)}\n-----END OPENSSH PRIVATE KEY-----\n`;

const unarmored = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(text.replace(/-----[^-]+-----/g, ""), "base64"));

describe.skipIf(why !== "")(`keys of ssh-keygen ${why}`, () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gonet-keys-"));
  }, installLimitMs);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(cases)(
    "%s with %i bits is read, and makes a pair with the same public half",
    async (type, bits, name) => {
      const { privateKey, fingerprint } = makeKey(folder, type, { bits, comment: "Zoë's key" });
      const key = await parsePrivateKey(privateKey);
      expect(key).toMatchObject({ type: name, comment: "Zoë's key" });
      expect(await fingerprintOf(key.publicBlob)).toBe(fingerprint);
      const pair = await keyPairOf(key);
      expect(pair.hasPrivateKey).toBe(true);
      expect(await fingerprintOf(new Uint8Array((await pair.getPublicKeyBytes())!))).toBe(fingerprint);
    },
  );

  test("a passphrase opens a key, and another one does not", async () => {
    const { privateKey, fingerprint } = makeKey(folder, "ed25519", { passphrase: "naïve 日本", rounds: 2 });
    const opened = await parsePrivateKey(privateKey, "naïve 日本");
    expect(await fingerprintOf(opened.publicBlob)).toBe(fingerprint);
    for (const [passphrase, isMissing] of [
      [null, true],
      ["", true],
      ["naive", false],
    ] as const) {
      const failing = parsePrivateKey(privateKey, passphrase);
      await expect(failing).rejects.toThrow(PassphraseError);
      await expect(failing).rejects.toMatchObject({ isMissing });
    }
  });

  test("what stands around a key, and how its lines end, is of no account", async () => {
    const { privateKey } = makeKey(folder, "ed25519");
    const wrapped = `Here it is:\r\n${privateKey.replaceAll("\n", "\r\n")}\r\nBye`;
    expect(await parsePrivateKey(wrapped)).toEqual(await parsePrivateKey(privateKey));
  });

  test("a key that was cut off anywhere is refused, and nothing else is thrown", async () => {
    const bytes = unarmored(makeKey(folder, "ed25519").privateKey);
    for (let n = 0; n < bytes.length; n++) {
      await expect(parsePrivateKey(armored(bytes.subarray(0, n)))).rejects.toThrow(KeyError);
    }
  });

  test("a key with any byte changed is refused or read, and nothing else is thrown", async () => {
    const bytes = unarmored(makeKey(folder, "rsa", { bits: 1024 }).privateKey);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = bytes.slice();
        changed[at]! ^= change;
        await parsePrivateKey(armored(changed)).catch((err) => expect(err).toBeInstanceOf(KeyError));
      }),
      { numRuns: 500 },
    );
  });

  test("the public half by itself is recognised", async () => {
    const { publicKey } = makeKey(folder, "ed25519");
    await expect(parsePrivateKey(publicKey)).rejects.toThrow("this is the public key");
  });
});

describe("what is no key of OpenSSH", () => {
  test.each([
    ["nothing", "", "this is no private key"],
    ["PEM", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "ssh-keygen -p -f FILE"],
    ["PKCS #8", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "in PEM form"],
    ["PuTTY's", "PuTTY-User-Key-File-3: ssh-ed25519", "PuTTYgen"],
    ["without its end", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "its last line is missing"],
    ["not base64", armored(Uint8Array.of(1)).replace("AQ", "A*"), "not base64"],
    ["too long", "x".repeat(maxKeyChars + 1), "too long for a key"],
  ])("%s is refused in clear words", async (_, text, words) => {
    await expect(parsePrivateKey(text)).rejects.toThrow(words);
    await expect(parsePrivateKey(text)).rejects.toThrow(KeyError);
  });

  const magic = new TextEncoder().encode("openssh-key-v1\0");
  const sealed = (rounds: number, cipher = "aes256-ctr") =>
    armored(
      joined(
        magic,
        string(cipher),
        string("bcrypt"),
        string(joined(string("salt salt salt 16"), uint32(rounds))),
        uint32(1),
        string("public"),
        string(new Uint8Array(64)),
      ),
    );

  test("a key may not cost more rounds of bcrypt than the limit", async () => {
    await expect(parsePrivateKey(sealed(maxRounds + 1), "x")).rejects.toThrow(`at most ${maxRounds}`);
    await expect(parsePrivateKey(sealed(0), "x")).rejects.toThrow("0 rounds");
    await expect(parsePrivateKey(sealed(1), "x")).rejects.toThrow(PassphraseError); // as many as that are done
  });

  test("a cipher that is not supported is named", async () => {
    await expect(parsePrivateKey(sealed(1, "3des-cbc"), "x")).rejects.toThrow("3des-cbc");
  });

  test("a length that is only claimed allocates nothing", async () => {
    const huge = joined(magic, uint32(0xffff_ffff));
    await expect(parsePrivateKey(armored(huge))).rejects.toThrow("too early");
  });

  test("several keys in one are refused", async () => {
    const two = joined(magic, string("none"), string("none"), string(""), uint32(2), string(""), string(""));
    await expect(parsePrivateKey(armored(two))).rejects.toThrow("there are 2 keys");
  });
});
