// Private keys in the form that ssh-keygen writes ("BEGIN OPENSSH PRIVATE KEY"), with and without a passphrase. The form is
// in OpenSSH's PROTOCOL.key.

import { pbkdf } from "bcrypt-pbkdf";
import { equal, FormatError, Reader } from "./wire.js";

/** PrivateKey is a key pair that can sign. */
export type PrivateKey = { readonly comment: string; readonly publicBlob: Uint8Array } & (
  | { readonly type: "ssh-ed25519"; readonly seed: Uint8Array }
  | {
      readonly type: "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521";
      readonly curve: string;
      /** point is the public point, not compressed. */
      readonly point: Uint8Array;
      readonly scalar: Uint8Array;
    }
  | {
      readonly type: "ssh-rsa";
      readonly n: Uint8Array;
      readonly e: Uint8Array;
      readonly d: Uint8Array;
      readonly p: Uint8Array;
      readonly q: Uint8Array;
      /** qInverse is the inverse of q modulo p. */
      readonly qInverse: Uint8Array;
    }
);

/** KeyError says in a sentence what is wrong with a key. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/** PassphraseError says that a key needs a passphrase, or another one. */
export class PassphraseError extends KeyError {
  /** isMissing says that none was given. */
  readonly isMissing: boolean;

  constructor(isMissing: boolean) {
    super(isMissing ? "the key is protected by a passphrase" : "the passphrase is wrong");
    this.isMissing = isMissing;
  }
}

/** maxKeyChars is more than any key takes: RSA with 16,384 bits has about 13,000. */
export const maxKeyChars = 32_768;
/** maxRounds bounds what a key may cost to open: ssh-keygen takes 16 unless told otherwise, and 1,000 are minutes. */
export const maxRounds = 1_000;

const magic = new TextEncoder().encode("openssh-key-v1\0");
const begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
const end = "-----END OPENSSH PRIVATE KEY-----";
const pointTag = 4; // of a point that is not compressed
const curveBytes: Readonly<Record<string, number>> = { nistp256: 32, nistp384: 48, nistp521: 66 };
const ed25519Bytes = 32;

/** parsePrivateKey reads a key. It rejects with a KeyError; with a PassphraseError if another passphrase may help. */
export async function parsePrivateKey(text: string, passphrase: string | null = null): Promise<PrivateKey> {
  try {
    return await parse(text, passphrase);
  } catch (err) {
    throw err instanceof FormatError ? new KeyError(`the key is damaged: ${err.message}`) : err;
  }
}

async function parse(text: string, passphrase: string | null): Promise<PrivateKey> {
  const reader = new Reader(unarmored(text));
  if (!equal(reader.take(magic.length), magic)) {
    throw new FormatError("it does not begin as OpenSSH's keys do");
  }
  const [cipher, kdf, kdfOptions] = [reader.text(), reader.text(), reader.string()];
  const count = reader.uint32();
  if (count !== 1) {
    throw new KeyError(`there are ${count} keys in it, and only one can be used`);
  }
  const publicBlob = reader.string();
  const sealed = reader.string();
  // What follows the sealed part is the tag of ciphers that have one.
  const opened = await unseal(cipher, kdf, kdfOptions, sealed, passphrase);
  return content(new Reader(opened), cipher !== "none", publicBlob);
}

// unarmored is what stands in base64 between the two lines.
function unarmored(text: string): Uint8Array {
  if (text.length > maxKeyChars) {
    throw new KeyError("this is too long for a key");
  }
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0) {
    throw new KeyError(whatElse(text));
  }
  if (to < from) {
    throw new FormatError("its last line is missing");
  }
  try {
    const binary = atob(text.slice(from + begin.length, to).replace(/\s+/g, ""));
    return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    throw new FormatError("there is something in it that is not base64");
  }
}

// whatElse says what a text is that is no private key of OpenSSH.
function whatElse(text: string): string {
  if (/^(ssh-|ecdsa-|sk-)\S+ AAAA/m.test(text)) {
    return "this is the public key; the private one is in the file without .pub";
  }
  if (/PuTTY-User-Key-File/.test(text)) {
    return "this is a key in PuTTY's form; PuTTYgen exports it in OpenSSH's";
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    return "this is a key in PEM form; `ssh-keygen -p -f FILE` rewrites it in OpenSSH's";
  }
  return `this is no private key: there is no line ${begin}`;
}

async function unseal(
  cipher: string,
  kdf: string,
  kdfOptions: Uint8Array,
  sealed: Uint8Array,
  passphrase: string | null,
): Promise<Uint8Array> {
  if (cipher === "none" && kdf === "none") {
    return sealed;
  }
  const keyBytes = { "aes256-ctr": 32, "aes128-ctr": 16 }[cipher];
  if (keyBytes === undefined || kdf !== "bcrypt") {
    throw new KeyError(
      `the key is protected by ${cipher} with ${kdf}; \`ssh-keygen -p -f FILE\` protects it by aes256-ctr with bcrypt`,
    );
  }
  if (passphrase === null || passphrase === "") {
    throw new PassphraseError(true);
  }
  const options = new Reader(kdfOptions);
  const [salt, rounds] = [options.string(), options.uint32()];
  if (rounds < 1 || rounds > maxRounds) {
    throw new KeyError(
      `opening the key would take ${rounds} rounds of bcrypt; at most ${maxRounds} are done`,
    );
  }
  const blockBytes = 16;
  const derived = new Uint8Array(keyBytes + blockBytes);
  const pass = new TextEncoder().encode(passphrase);
  if (pbkdf(pass, pass.length, salt, salt.length, derived, derived.length, rounds) !== 0) {
    throw new FormatError("bcrypt does not take its salt");
  }
  const key = await crypto.subtle.importKey("raw", derived.slice(0, keyBytes), "AES-CTR", false, ["decrypt"]);
  const counter = derived.slice(keyBytes);
  const bitsPerByte = 8;
  const length = blockBytes * bitsPerByte;
  return new Uint8Array(
    await crypto.subtle.decrypt({ name: "AES-CTR", counter, length }, key, new Uint8Array(sealed)),
  );
}

function content(reader: Reader, wasSealed: boolean, publicBlob: Uint8Array): PrivateKey {
  // The same number twice: a wrong passphrase makes two different ones of them.
  const [first, second] = [reader.uint32(), reader.uint32()];
  if (first !== second) {
    throw wasSealed ? new PassphraseError(false) : new FormatError("its check numbers differ");
  }
  const key = fields(reader, publicBlob);
  checkPadding(reader);
  if (new Reader(publicBlob).text() !== key.type) {
    throw new FormatError("its public half is of another type");
  }
  return key;
}

function fields(reader: Reader, publicBlob: Uint8Array): PrivateKey {
  const type = reader.text();
  switch (type) {
    case "ssh-ed25519": {
      const [point, both] = [reader.string(), reader.string()];
      const seed = both.subarray(0, ed25519Bytes);
      if (point.length !== ed25519Bytes || !equal(both.subarray(ed25519Bytes), point)) {
        throw new FormatError("its two halves do not belong together");
      }
      return { type, seed, publicBlob, comment: reader.text() };
    }
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521": {
      const [curve, point, scalar] = [reader.text(), reader.string(), withoutSign(reader.string())];
      const size = curveBytes[curve];
      if (size === undefined || !type.endsWith(curve)) {
        throw new FormatError("its curve is not that of its type");
      }
      if (point.length !== 1 + 2 * size || point[0] !== pointTag || scalar.length > size) {
        throw new FormatError("its numbers are not of the size of its curve");
      }
      return { type, curve, point, scalar, publicBlob, comment: reader.text() };
    }
    case "ssh-rsa": {
      const number = () => withoutSign(reader.string());
      const [n, e, d, qInverse, p, q] = [number(), number(), number(), number(), number(), number()];
      return { type, n, e, d, p, q, qInverse, publicBlob, comment: reader.text() };
    }
    default:
      throw new KeyError(`keys of type ${type} are not supported; ed25519, ECDSA and RSA are`);
  }
}

// checkPadding holds the rest to 1, 2, 3, ... as PROTOCOL.key has it.
function checkPadding(reader: Reader): void {
  const rest = reader.take(reader.left);
  const maxPaddingBytes = 255;
  if (rest.length > maxPaddingBytes || rest.some((b, i) => b !== i + 1)) {
    throw new FormatError("there is something behind it");
  }
}

function withoutSign(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((b) => b !== 0);
  if (first < 0) {
    throw new FormatError("a number in it is 0");
  }
  return bytes.subarray(first);
}
