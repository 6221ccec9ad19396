// The colours of the terminal: the page's own, and sixteen that can be read on them.

import type { ITheme } from "@xterm/xterm";

const light: ITheme = {
  black: "#1a2029",
  red: "#b3261e",
  green: "#1a7a3c",
  yellow: "#8d5a00",
  blue: "#1559b8",
  magenta: "#8a2ea6",
  cyan: "#0b6e7d",
  white: "#6a7383",
  brightBlack: "#586172",
  brightRed: "#c9362d",
  brightGreen: "#1f7f41",
  brightYellow: "#946000",
  brightBlue: "#1f66cc",
  brightMagenta: "#9a3cb8",
  brightCyan: "#0d7686",
  brightWhite: "#3a4250",
};

const dark: ITheme = {
  black: "#3a4250",
  red: "#ff8f86",
  green: "#5fce86",
  yellow: "#e8b04b",
  blue: "#79b0ff",
  magenta: "#d8a0f0",
  cyan: "#56cddb",
  white: "#c9d0dc",
  brightBlack: "#8590a3",
  brightRed: "#ffaca5",
  brightGreen: "#86e0a4",
  brightYellow: "#f3c877",
  brightBlue: "#a3c8ff",
  brightMagenta: "#e7c2f7",
  brightCyan: "#86e2ec",
  brightWhite: "#ffffff",
};

const darkMedia = matchMedia("(prefers-color-scheme: dark)");

/** watchTheme calls use with the theme now and whenever the page's colours change, until the signal stops it. */
export function watchTheme(use: (theme: ITheme) => void, signal: AbortSignal): void {
  const apply = (): void => use(themeOf(darkMedia.matches));
  darkMedia.addEventListener("change", apply, { signal });
  apply();
}

function themeOf(isDark: boolean): ITheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ...(isDark ? dark : light),
    background: token("--surface"),
    foreground: token("--text"),
    cursor: token("--accent"),
    cursorAccent: token("--surface"),
    selectionBackground: isDark ? "#2f5570" : "#b7d7f5",
    selectionInactiveBackground: isDark ? "#2a3a4a" : "#dbe6f0",
  };
}
