// Errors as they are shown: Go's text as it is, and what only a gateway can know below it.

import type { gateway } from "gonet";
import { visibleText } from "./visible.js";

/** ErrorText is an error in words. */
export interface ErrorText {
  /** text is what Go prints. */
  readonly text: string;
  /** detail is the sentence behind it, the policy's rule or the limit; it may be empty. */
  readonly detail: string;
}

/** errorText is err in words. */
export function errorText(err: unknown): ErrorText {
  if (!(err instanceof Error)) {
    return { text: visibleText(String(err)), detail: "" };
  }
  return { text: visibleText(err.message), detail: visibleText(detailText(err.cause)) };
}

function detailText(cause: unknown): string {
  if (!isDetail(cause)) {
    return "";
  }
  const { code, rule, limit, reason } = cause;
  const known = [
    rule ? `the gateway's rule "${rule}"` : "",
    limit ? `the gateway's limit "${limit}"` : "",
    reason ?? "",
  ].filter((s) => s !== "");
  return known.length === 0 ? code : `${known.join("; ")} (${code})`;
}

function isDetail(v: unknown): v is gateway.Detail {
  return typeof v === "object" && v !== null && typeof (v as { code?: unknown }).code === "string";
}
