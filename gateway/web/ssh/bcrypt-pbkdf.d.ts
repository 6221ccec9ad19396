// The package has no types of its own.
declare module "bcrypt-pbkdf" {
  /** pbkdf derives key from a passphrase; it returns -1 if it refuses the sizes. */
  export function pbkdf(
    pass: Uint8Array,
    passLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number;
}
