// Whose page it is: the app has one origin of its own, and nobody else gets anything.

export const scheme = "app";
export const host = "gonet";

/** origin is the origin of the app's pages. */
export const origin = `${scheme}://${host}`;

/** pageURL is the page that every window shows. */
export const pageURL = `${origin}/`;

/** isOwnPage says whether url is the app's page, with whatever fragment. */
export function isOwnPage(url: string): boolean {
  return url === pageURL || url.startsWith(`${pageURL}#`);
}

/** isOwn says whether url is a file of the app. */
export function isOwn(url: string): boolean {
  return url.startsWith(pageURL);
}

/** Frame is what is looked at of the frame that a message came from. */
export interface Frame {
  readonly url: string;
  readonly origin: string;
  readonly parent: object | null;
}

/** isTopPage says whether frame is the page of a window itself: not a frame in it, and of the app's own origin. */
export function isTopPage(frame: Frame | null): boolean {
  return frame !== null && frame.parent === null && frame.origin === origin && isOwnPage(frame.url);
}
