// Key exchange by X25519 (RFC 8731), which the SSH library lacks.

import {
  type KeyExchange,
  KeyExchangeAlgorithm,
} from "@microsoft/dev-tunnels-ssh/algorithms/keyExchangeAlgorithm.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { Buffer } from "./buffer.js";
import { equal, FormatError, join, mpint, string } from "./wire.js";

const keyBytes = 32;
const bitsPerByte = 8;
const digestBytes = 32;

/** Curve25519 is the algorithm, for the configuration of the SSH library. */
export class Curve25519 extends KeyExchangeAlgorithm {
  constructor(name: "curve25519-sha256" | "curve25519-sha256@libssh.org") {
    super(name, keyBytes * bitsPerByte, "SHA2-256", digestBytes);
  }

  override createKeyExchange(): KeyExchange {
    return new Exchange();
  }
}

class Exchange implements KeyExchange {
  readonly digestLength = digestBytes;
  readonly #secret: Uint8Array;
  readonly #mine: Uint8Array;
  // What the library writes at the end of what the exchange hash is made of, and what RFC 8731 wants there.
  #ending: { readonly written: Uint8Array; readonly wanted: Uint8Array } | null = null;

  constructor() {
    const { secretKey, publicKey } = x25519.keygen();
    this.#secret = secretKey;
    this.#mine = publicKey;
  }

  async startKeyExchange(): Promise<Buffer> {
    return Buffer.from(this.#mine);
  }

  async decryptKeyExchange(value: Buffer): Promise<Buffer> {
    const theirs = new Uint8Array(value);
    if (theirs.length !== keyBytes) {
      throw new FormatError("the server's key for the exchange has the wrong length");
    }
    // It throws if the result is all zeros, as RFC 8731 demands: then the server's key was a trick.
    const shared = mpint(x25519.getSharedSecret(this.#secret, theirs));
    this.#secret.fill(0);
    this.#ending = {
      written: join(mpint(this.#mine), mpint(theirs), shared),
      wanted: join(string(this.#mine), string(theirs), shared),
    };
    const lengthBytes = 4;
    return Buffer.from(shared.subarray(lengthBytes)); // the library puts the length before it
  }

  // sign is the hash: of the exchange first, then of the keys that are derived from it. For the exchange the library takes
  // the two public keys for numbers, as they are in older methods, and so leaves out or adds a zero before them; here they
  // are strings. Only the hash of the exchange ends with all three values, so what is put right can't be anything else.
  async sign(data: Buffer): Promise<Buffer> {
    let bytes = new Uint8Array(data);
    const ending = this.#ending;
    if (ending !== null && equal(bytes.subarray(-ending.written.length), ending.written)) {
      bytes = join(bytes.subarray(0, -ending.written.length), ending.wanted) as Uint8Array<ArrayBuffer>;
      this.#ending = null;
    }
    return Buffer.from(await crypto.subtle.digest("SHA-256", bytes));
  }

  dispose(): void {
    this.#secret.fill(0);
  }
}
