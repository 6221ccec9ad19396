// Errors of SSH in words that say what is the matter.

/** SSHError is an error that people can read. */
export class SSHError extends Error {
  override readonly name = "SSHError";
}

/** CanceledError says that somebody did not want to go on. */
export class CanceledError extends SSHError {
  constructor() {
    super("canceled");
  }
}
