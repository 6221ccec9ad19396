// What openShell is given. These types know nothing of the library below, so neither does who uses them.

import type { HostKey } from "./hostkey.js";
import type { PrivateKey } from "./privatekey.js";

/** Size is that of a terminal in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Prompt is one question that somebody has to answer. */
export interface Prompt {
  readonly text: string;
  /** isSecret says that the answer must not be seen. */
  readonly isSecret: boolean;
}

/** Ask puts questions to a person: all at once, with what the server says about them. null is that nobody wants to answer. */
export type Ask = (about: string, prompts: readonly Prompt[]) => Promise<readonly string[] | null>;

/** LoginOptions say who logs in, and how. */
export interface LoginOptions {
  readonly user: string;
  readonly key: PrivateKey | null;
  readonly ask: Ask;
}

/** ShellOptions say what to log in to, and who answers the questions. */
export interface ShellOptions extends LoginOptions {
  /** term is the name of the kind of terminal, in terminfo's words. */
  readonly term: string;
  readonly size: Size;
  readonly env: Readonly<Record<string, string>>;
  /** knownType is the type of the host key that is remembered, or null. */
  readonly knownType: string | null;
  /** trust decides whether a host is the right one by its key. */
  readonly trust: (key: HostKey) => Promise<boolean>;
  /** banner shows what the server says before the login. It may be anything. */
  readonly banner: (text: string) => void;
}
