// Keys of Ed25519 (RFC 8709), for hosts and for users, which the SSH library lacks.

import {
  type KeyPair,
  PublicKeyAlgorithm,
} from "@microsoft/dev-tunnels-ssh/algorithms/publicKeyAlgorithm.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { Buffer } from "./buffer.js";
import { FormatError, join, Reader, string } from "./wire.js";

const name = "ssh-ed25519";
const keyBytes = 32;
const signatureBytes = 64;

/** ed25519Blob is a public key as SSH writes it. */
export function ed25519Blob(point: Uint8Array): Uint8Array {
  return join(string(name), string(point));
}

/** Ed25519KeyPair is a public key, and the private one if it is known. */
export class Ed25519KeyPair implements KeyPair {
  readonly keyAlgorithmName = name;
  comment: string | null = null;
  #point: Uint8Array | null = null;
  readonly #seed: Uint8Array | null;

  constructor(seed: Uint8Array | null = null) {
    this.#seed = seed;
    if (seed !== null) {
      this.#point = ed25519.getPublicKey(seed);
    }
  }

  get hasPublicKey(): boolean {
    return this.#point !== null;
  }

  get hasPrivateKey(): boolean {
    return this.#seed !== null;
  }

  async setPublicKeyBytes(blob: Buffer): Promise<void> {
    const reader = new Reader(blob);
    const [type, point] = [reader.text(), reader.string()];
    if (type !== name || point.length !== keyBytes || reader.left > 0) {
      throw new FormatError(`this is no public key of ${name}`);
    }
    this.#point = point.slice(); // the library uses the memory of blob again
  }

  async getPublicKeyBytes(): Promise<Buffer | null> {
    return this.#point === null ? null : Buffer.from(ed25519Blob(this.#point));
  }

  sign(data: Uint8Array): Uint8Array {
    if (this.#seed === null) {
      throw new Error("there is no private key to sign with");
    }
    return ed25519.sign(data, this.#seed);
  }

  verify(data: Uint8Array, signature: Uint8Array): boolean {
    // As RFC 8032 has it: no point of small order, no number that is not reduced.
    const { length } = signature;
    return this.#point !== null && length === signatureBytes && verified(signature, data, this.#point);
  }

  async generate(): Promise<void> {
    throw new Error("keys are not made here");
  }

  async importParameters(): Promise<void> {
    throw new Error("keys come in through the constructor");
  }

  async exportParameters(): Promise<never> {
    throw new Error("keys are not given away");
  }

  dispose(): void {
    this.#seed?.fill(0);
  }
}

function verified(signature: Uint8Array, data: Uint8Array, point: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, data, point, { zip215: false });
  } catch {
    return false; // no point of the curve
  }
}

/** Ed25519 is the algorithm, for the configuration of the SSH library. */
export class Ed25519 extends PublicKeyAlgorithm {
  constructor() {
    super(name, name, "SHA2-512");
  }

  override createKeyPair(): KeyPair {
    return new Ed25519KeyPair();
  }

  override async generateKeyPair(): Promise<KeyPair> {
    throw new Error("keys are not made here");
  }

  override createSigner(pair: KeyPair) {
    return {
      digestLength: signatureBytes,
      sign: async (data: Buffer) => Buffer.from(own(pair).sign(data)),
      dispose: () => {},
    };
  }

  override createVerifier(pair: KeyPair) {
    return {
      digestLength: signatureBytes,
      verify: async (data: Buffer, signature: Buffer) => own(pair).verify(data, signature),
      dispose: () => {},
    };
  }
}

function own(pair: KeyPair): Ed25519KeyPair {
  if (!(pair instanceof Ed25519KeyPair)) {
    throw new TypeError("not a key of Ed25519");
  }
  return pair;
}
