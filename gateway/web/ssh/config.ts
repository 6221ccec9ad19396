// What is offered to the server: the algorithms in order of preference, and nothing that is known to be weak.

import { SshAlgorithms } from "@microsoft/dev-tunnels-ssh/algorithms/sshAlgorithms.js";
import { SshSessionConfiguration } from "@microsoft/dev-tunnels-ssh/sshSessionConfiguration.js";
import { Curve25519 } from "./curve25519.js";
import { Ed25519 } from "./ed25519.js";
import { Banner, bannerNumber, PasswordChange, passwordChangeNumber } from "./messages.js";

/**
 * newConfig makes the configuration of one session. knownType is the type of the host key that is remembered: it is asked
 * for first, as OpenSSH does it, so that a host that got one more key does not look like another host.
 */
export function newConfig(knownType: string | null): SshSessionConfiguration {
  const config = new SshSessionConfiguration();
  const { keyExchange, publicKey, encryption, hmac } = SshAlgorithms;
  // No finite fields: whatever server runs has one of these curves.
  replace(config.keyExchangeAlgorithms, [
    new Curve25519("curve25519-sha256"),
    new Curve25519("curve25519-sha256@libssh.org"),
    keyExchange["ecdhNistp256Sha256"],
    keyExchange["ecdhNistp384Sha384"],
    keyExchange["ecdhNistp521Sha512"],
  ]);
  const keys = [
    new Ed25519(),
    publicKey["ecdsaSha2Nistp256"],
    publicKey["ecdsaSha2Nistp384"],
    publicKey["ecdsaSha2Nistp521"],
    publicKey["rsaWithSha512"],
    publicKey["rsaWithSha256"],
  ];
  const isKnown = (key: (typeof keys)[number]) => key?.keyAlgorithmName === knownType;
  replace(config.publicKeyAlgorithms, [...keys.filter(isKnown), ...keys.filter((key) => !isKnown(key))]);
  replace(config.encryptionAlgorithms, [encryption["aes256Gcm"], encryption["aes256Ctr"]]);
  // No "encrypt then MAC": with it, messages could be cut away before the login (CVE-2023-48795), and the library lacks the
  // strict key exchange that prevents it. GCM and plain MACs are not touched by that.
  replace(config.hmacAlgorithms, [hmac["hmacSha256"], hmac["hmacSha512"]]);
  replace(config.protocolExtensions, ["server-sig-algs"]);
  config.messages.set(bannerNumber, Banner);
  config.contextualMessages.set("password", new Map([[passwordChangeNumber, PasswordChange]]));
  return config;
}

function replace<V>(list: (V | null)[], values: readonly (V | null | undefined)[]): void {
  list.splice(0, list.length, ...values.filter((value) => value !== undefined));
}
