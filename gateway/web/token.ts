// The token comes in the fragment of the address, which no browser sends anywhere, and leaves it at once. It is kept
// in memory only: what sessionStorage or the history hold is copied into a duplicated tab.

const prefix = "#token=";

// What a bearer token may consist of (RFC 6750, section 2.1).
const tokenPattern = /^[A-Za-z0-9\-._~+/]{1,4096}=*$/;

/** TakenToken is what was found in a fragment. */
export interface TakenToken {
  /** token is null if there was none, or none that could be one. */
  readonly token: string | null;
  /** isPresent says that the fragment has to be replaced by rest. */
  readonly isPresent: boolean;
  /** rest is the fragment without the token: "#token=t&/tcp" leaves "#/tcp". */
  readonly rest: string;
}

/** tokenInHash finds the token in a fragment. */
export function tokenInHash(hash: string): TakenToken {
  if (!hash.startsWith(prefix)) {
    return { token: null, isPresent: false, rest: hash };
  }
  const [encoded = "", ...others] = hash.slice(prefix.length).split("&");
  const rest = others.join("&");
  return { token: checked(encoded), isPresent: true, rest: rest === "" ? "" : `#${rest}` };
}

/** tokenInPaste finds the token in what somebody pasted: the token, or the whole address that has it. */
export function tokenInPaste(text: string): string | null {
  const at = text.indexOf(prefix);
  return at < 0 ? checked(text.trim()) : tokenInHash(text.slice(at).trim()).token;
}

function checked(encoded: string): string | null {
  try {
    const token = decodeURIComponent(encoded);
    return tokenPattern.test(token) ? token : null;
  } catch {
    return null; // a percent sign that encodes nothing
  }
}
