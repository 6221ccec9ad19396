// A host's key, as people compare it.

import { base64, Reader } from "./wire.js";

/** HostKey is what a server proved to have. */
export interface HostKey {
  /** type is the name of its algorithm: "ssh-ed25519". */
  readonly type: string;
  /** fingerprint is "SHA256:" and base64 without padding, as OpenSSH prints it. */
  readonly fingerprint: string;
}

/** hostKeyOf is the key in a public key blob. */
export async function hostKeyOf(blob: Uint8Array): Promise<HostKey> {
  return { type: new Reader(blob).text(), fingerprint: await fingerprintOf(blob) };
}

/** fingerprintOf is what `ssh-keygen -l` prints for a public key blob. */
export async function fingerprintOf(blob: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(blob));
  return `SHA256:${base64(new Uint8Array(digest)).replace(/=+$/, "")}`;
}
