// A transcript as text, for files and for the clipboard.

import { formatClock } from "./format.js";
import { hexDump } from "./hexdump.js";
import { type Data, type Entry, join } from "./transcript.js";
import { type Part, textOf, visible } from "./visible.js";

/** Form is how data is shown. */
export type Form = "text" | "hex";

/** partsOf is the text of data in parts. */
export function partsOf(data: Data): Part[] {
  const all = join(data.before, data.bytes);
  return visible(all, data.isContinued);
}

/** entryText is one entry, its head and what it says, with a line break at the end. */
export function entryText(entry: Entry, form: Form): string {
  const time = formatClock(entry.at);
  if (entry.kind === "note") {
    const detail = entry.detail === "" ? "" : ` — ${entry.detail}`;
    return `${time} -- ${entry.text}${detail}\n`;
  }
  const arrow = entry.kind === "in" ? "<-" : "->";
  const body = form === "hex" ? hexDump(entry.bytes, entry.offset) : textOf(partsOf(entry));
  const end = body.endsWith("\n") || body === "" ? "" : "\n";
  const peer = entry.peer === "" ? "" : ` ${entry.kind === "in" ? "from" : "to"} ${entry.peer}`;
  return `${time} ${arrow} ${entry.bytes.length} B${peer}\n${body}${end}`;
}
