// Errors as they are shown: Go's text as it is, and what only a gateway can know below it.

import { ErrClosed, errors, type gateway, os } from "gonet";
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

/** isLost says that a socket is gone, closed or with its session: every further call will fail too. */
export function isLost(err: unknown): boolean {
  const { cause } = err as { cause?: unknown };
  return errors.Is(err, ErrClosed) || (isDetail(cause) && cause.code === "GONET_SESSION_LOST");
}

/** rawSocketHint says what is missing if a raw socket was not permitted, or else what errorText says. */
export function rawSocketHint(err: unknown): string {
  return errors.Is(err, os.ErrPermission)
    ? "The gateway may not open raw sockets: it needs the capability CAP_NET_RAW, or to be run by root."
    : errorText(err).detail;
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
