// Typing a line here and sending it whole: for peers that do not echo. What is typed can be corrected until Enter.

const enter = "\r";
const backspace = "\x7f";
const interrupt = "\x03";
const eraseLine = "\x15";
const escapeChar = "\x1b";
const firstPrintable = " ";

/** maxLineChars is the most that a line may have; what is typed beyond it is not taken. */
export const maxLineChars = 4096;

/** LocalLine is the line that is being typed. */
export class LocalLine {
  #line: string[] = [];

  /** type takes what was typed: what to show of it, and the lines that are complete, without their ends. */
  type(text: string): { readonly echo: string; readonly lines: readonly string[] } {
    const lines: string[] = [];
    let echo = "";
    // Keys that are no characters come as escape sequences: a line has no use for them.
    for (const char of text.startsWith(escapeChar) && !isPaste(text) ? "" : unpasted(text)) {
      if (char === enter || char === "\n") {
        lines.push(this.#line.join(""));
        this.#line = [];
        echo += "\r\n";
      } else if (char === backspace || char === "\b") {
        echo += this.#erase(1);
      } else if (char === eraseLine || char === interrupt) {
        echo += this.#erase(this.#line.length);
      } else if (char >= firstPrintable && this.#line.length < maxLineChars) {
        this.#line.push(char);
        echo += char;
      }
    }
    return { echo, lines };
  }

  // A wide character takes two cells; the terminal knows where a line began, so it is shown again as a whole.
  #erase(count: number): string {
    if (this.#line.length === 0) {
      return "";
    }
    const wasWide = this.#line.splice(-count).map((char) => (isWide(char) ? 2 : 1));
    const cells = wasWide.reduce((sum, n) => sum + n, 0);
    return "\b \b".repeat(cells);
  }
}

const pasteBegin = "\x1b[200~";
const pasteEnd = "\x1b[201~";

function isPaste(text: string): boolean {
  return text.startsWith(pasteBegin);
}

function unpasted(text: string): string {
  return text.replaceAll(pasteBegin, "").replaceAll(pasteEnd, "");
}

// The blocks of wide characters, roughly: what is off by a cell is off until the next line.
function isWide(char: string): boolean {
  return /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Emoji_Presentation}/u.test(
    char,
  );
}
