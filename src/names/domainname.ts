// What may be looked up as a name at all. Both ends must agree on it: the page refuses without asking, the gateway
// never passes anything else on.

// RFC 1035, 2.3.4: a name has at most 255 octets on the wire, two of which are lengths that the text does not show.
const maxNameLength = 253;
const maxLabelLength = 63;

/**
 * isDomainName reports whether s may be looked up as a name at all: labels of ASCII letters, digits, "-" and "_", not
 * beginning or ending with "-", with or without a final dot, and not only digits and dots. "." is one.
 */
export function isDomainName(s: string): boolean {
  if (s === ".") {
    return true;
  }
  const name = s.endsWith(".") ? s.slice(0, -1) : s;
  if (name.length === 0 || name.length > maxNameLength || !/[A-Za-z_-]/.test(name)) {
    return false;
  }
  return name.split(".").every((label) => label.length <= maxLabelLength && isLabel(label));
}

function isLabel(s: string): boolean {
  return /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(s);
}
