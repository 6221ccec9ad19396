// Giving text to the system: as a file, and to the clipboard.

import { el } from "../dom.js";

// Some browsers begin to read the file only after the click was handled.
const keepURLMs = 60_000;

/** saveFile downloads parts as a file of that name. */
export function saveFile(name: string, parts: readonly string[]): void {
  const url = URL.createObjectURL(new Blob([...parts], { type: "text/plain;charset=utf-8" }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), keepURLMs);
}

/**
 * copyText puts text on the clipboard. Over plain HTTP a page has no clipboard: then the text of element is selected
 * instead, for the keyboard's own copy, and it resolves to false.
 */
export async function copyText(text: string, element: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return false;
  }
}

/** fileName makes a name for a file: what stands for the time and no character that a system would refuse. */
export function fileName(what: string, at: Date, ending: string): string {
  const stamp = at.toISOString().slice(0, "2026-01-01T00:00:00".length).replace(/[:T]/g, "-");
  const safe = what
    .replace(/[^A-Za-z0-9.-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, 60);
  return `${safe === "" ? "gonet" : safe}-${stamp}.${ending}`;
}
