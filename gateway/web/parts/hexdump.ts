// Bytes as rows of sixteen: offset, two columns of hexadecimal digits, and the printable ASCII of them.

/** bytesPerRow is that of hexdump -C and of most others. */
export const bytesPerRow = 16;

const offsetDigits = 8;
const half = bytesPerRow / 2;
const firstPrintable = 0x20;
const lastPrintable = 0x7e;

const hexOf: readonly string[] = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, "0"));
const charOf: readonly string[] = Array.from({ length: 256 }, (_, b) =>
  b >= firstPrintable && b <= lastPrintable ? String.fromCharCode(b) : ".",
);

/** hexDump is bytes as rows; offset is that of the first byte in its stream. No bytes give no row. */
export function hexDump(bytes: Uint8Array, offset = 0): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += bytesPerRow) {
    rows.push(row(bytes.subarray(at, at + bytesPerRow), offset + at));
  }
  return rows.join("\n");
}

function row(bytes: Uint8Array, offset: number): string {
  let digits = "";
  let chars = "";
  for (let i = 0; i < bytesPerRow; i++) {
    const b = bytes[i];
    digits += i === half ? "  " : " ";
    digits += b === undefined ? "  " : hexOf[b];
    chars += b === undefined ? "" : charOf[b];
  }
  return `${offset.toString(16).padStart(offsetDigits, "0")} ${digits}  |${chars}|`;
}

/** hexRows is how many rows a dump of that many bytes has. */
export function hexRows(length: number): number {
  return Math.ceil(length / bytesPerRow);
}
