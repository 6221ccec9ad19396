// Case is one thing to try: a message for the decoder, or a session to play. It is written as JSON, so that what failed
// can be tried again.

/** Step is one thing that the hostile side of a session does. */
export type Step =
  /** send sends a message. */
  | { readonly do: "send"; readonly bytes: Uint8Array }
  /** ack acknowledges every numbered frame that came. */
  | { readonly do: "ack" }
  /** turn lets the other side act, until it has sent so many numbered frames, or does not. */
  | { readonly do: "turn"; readonly frames?: number }
  /** cut breaks the link; resume makes another, and says hello with the session's id and key, but for what is wrong. */
  | { readonly do: "cut" }
  | { readonly do: "resume"; readonly wrong: "" | "key" | "id" | "epoch" | "received" };

export const targets = ["decode", "session", "client", "gateway", "library"] as const;

export type Target = (typeof targets)[number];

export interface Case {
  readonly target: Target;
  /** recording is the name of the session that it was made of. */
  readonly recording: string;
  /** greets says that the hostile side begins with a good handshake. */
  readonly greets: boolean;
  readonly steps: readonly Step[];
}

/** frames are how many frames a case has. */
export function frames({ steps }: Case): number {
  return steps.filter((step) => step.do === "send").length;
}

export function formatCase(c: Case): string {
  const steps = c.steps.map((step) =>
    step.do === "send" ? { ...step, bytes: Buffer.from(step.bytes).toString("base64") } : step,
  );
  return `${JSON.stringify({ ...c, steps }, null, 1)}\n`;
}

export function parseCase(text: string): Case {
  const read = JSON.parse(text) as Case;
  const steps = read.steps.map((step) =>
    step.do === "send"
      ? { ...step, bytes: new Uint8Array(Buffer.from(step.bytes as unknown as string, "base64")) }
      : step,
  );
  return { ...read, steps };
}
