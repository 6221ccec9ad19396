// A private key, as the SSH library wants it to sign with.

import type { KeyPair } from "@microsoft/dev-tunnels-ssh/algorithms/publicKeyAlgorithm.js";
import { ECDsa, Rsa } from "@microsoft/dev-tunnels-ssh/algorithms/sshAlgorithms.js";
import { BigInt as Mpint } from "@microsoft/dev-tunnels-ssh/io/bigInt.js";
import { Buffer } from "./buffer.js";
import { Ed25519KeyPair } from "./ed25519.js";
import type { PrivateKey } from "./privatekey.js";

/** keyPairOf makes the library's key pair. */
export async function keyPairOf(key: PrivateKey): Promise<KeyPair> {
  switch (key.type) {
    case "ssh-ed25519":
      return new Ed25519KeyPair(key.seed.slice());
    case "ssh-rsa": {
      const pair = new Rsa.KeyPair();
      const [dp, dq] = [modulo(key.d, key.p), modulo(key.d, key.q)];
      await pair.importParameters({
        modulus: number(key.n),
        exponent: number(key.e),
        d: number(key.d),
        p: number(key.p),
        q: number(key.q),
        dp: number(dp),
        dq: number(dq),
        qi: number(key.qInverse),
      });
      return pair;
    }
    default: {
      const pair = new ECDsa.KeyPair();
      const size = (key.point.length - 1) / 2;
      await pair.importParameters({
        curve: ECDsa.curves.find(({ name }) => name === key.curve) ?? {},
        x: number(key.point.subarray(1, 1 + size)),
        y: number(key.point.subarray(1 + size)),
        d: number(key.scalar),
      });
      return pair;
    }
  }
}

function number(bytes: Uint8Array): Mpint {
  return Mpint.fromBytes(Buffer.from(bytes), { unsigned: true });
}

// modulo is d mod (p - 1), which OpenSSH's form leaves out.
function modulo(d: Uint8Array, p: Uint8Array): Uint8Array {
  const value = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const hex = (value(d) % (value(p) - 1n)).toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
}
