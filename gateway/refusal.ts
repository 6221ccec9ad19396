// Why a request is not let in: one table for the upgrade, the check and everything else that is answered over HTTP.

// refusals has each way of being refused. The key goes to the log; reason is what a program sees (the Gonet-Reason
// header and the JSON of /gonet/v1/check), message what a person sees. Neither ever repeats anything the caller sent.
export const refusals = {
  method: { status: 405, reason: "method", message: "this is answered to GET only" },
  path: { status: 404, reason: "path", message: "there is nothing here" },
  malformed: { status: 400, reason: "malformed", message: "the request is malformed" },
  headers: { status: 431, reason: "malformed", message: "the request has too many headers" },
  duplicate: { status: 400, reason: "malformed", message: "a security header was sent twice" },
  urlToken: { status: 400, reason: "malformed", message: "a token does not belong in a URL" },
  range: { status: 416, reason: "malformed", message: "one range at a time" },
  host: { status: 421, reason: "host", message: "this gateway does not answer to that host name" },
  origin: { status: 403, reason: "origin", message: "pages of this origin may not use the gateway" },
  noToken: { status: 401, reason: "token", message: "a token is needed" },
  badToken: { status: 401, reason: "token", message: "the token is not valid" },
  protocol: { status: 400, reason: "protocol", message: "the subprotocol gonet.v1 is missing" },
  upgrade: { status: 426, reason: "protocol", message: "this is answered to a WebSocket (version 13) only" },
  pending: { status: 503, reason: "limit", message: "too many connections are being opened, try again" },
  limit: { status: 503, reason: "limit", message: "the gateway has as many sessions as it may" },
  memory: { status: 503, reason: "limit", message: "the gateway has no memory left, try again" },
  draining: { status: 503, reason: "draining", message: "the gateway is going down" },
  internal: { status: 500, reason: "internal", message: "the gateway failed" },
} as const;

export type RefusalName = keyof typeof refusals;

// retryAfterSeconds is when a caller refused for want of room should come back.
const retryAfterSeconds = "5";

// refusalHeaders has the headers that the status of a refusal asks for (RFC 9110, sections 10.2.1, 10.2.3, 11.6.1, 15.5.22).
export function refusalHeaders(name: RefusalName): Record<string, string> {
  const { status, reason } = refusals[name];
  const headers: Record<string, string> = { "Gonet-Reason": reason };
  if (status === 401) headers["WWW-Authenticate"] = "Bearer";
  if (status === 405) headers["Allow"] = "GET";
  if (status === 503) headers["Retry-After"] = retryAfterSeconds;
  if (status === 426) {
    headers["Upgrade"] = "websocket";
    headers["Sec-WebSocket-Version"] = "13";
  }
  return headers;
}
