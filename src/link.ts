// The way to a gateway: one session, opened when it is first needed, and again at the next operation after it
// was lost.

import { goError, isSessionError, lostError } from "./goerror.js";
import { GatewayError, type OpenTransport } from "./opentransport.js";
import { type Detail, syscallError, withDetail } from "./pieces.js";
import { onReturn, Redial } from "./redial.js";
import { Turns } from "./turns.js";
import { closeCode, DeadlineError, RefusedError } from "./wire/errors.js";
import { type Opening, Session } from "./wire/session.js";
import type { Limit, Stream } from "./wire/stream.js";
import type { Transport } from "./wire/transport.js";

const agent = "gonet";

/** SessionStatus is what can be seen of a link's session. */
export interface SessionStatus {
  /**
   * state is "idle" before the first operation and when nothing was open for a long time, else "connecting", "attached", "detached" while its link is broken and
   * another is looked for, and "lost" after it ended.
   */
  readonly state: "idle" | "connecting" | "attached" | "detached" | "lost";
  /** reason says why the session is detached or was lost. */
  readonly reason: string;
  /** lastHeard is when the gateway was last heard, in milliseconds since 1970; null if it never was. */
  readonly lastHeard: number | null;
  /** givesUpAt is when a detached session will be lost, in milliseconds since 1970; null if it is not detached. */
  readonly givesUpAt: number | null;
  /** endsAt is when the gateway, which is going down, will end the session, in milliseconds since 1970; else null. */
  readonly endsAt: number | null;
}

type Condition = Pick<SessionStatus, "state" | "reason" | "endsAt">;

/** LateError is the end of an open by its limit; refused is what the gateway said about how far it had got, if it did. */
export class LateError extends DeadlineError {
  readonly refused: RefusedError | null;

  constructor(refused: RefusedError | null) {
    super();
    this.refused = refused;
  }
}

// How long the gateway has to say how far an operation had got when it was canceled.
const answerMs = 30;

/** OpenOptions are what an open may need besides. */
export interface OpenOptions {
  /** session is the one to ask; without it, the link's own. */
  readonly session?: Session;
  /** onOpened is called before anything that the stream brings, to say what it carries. */
  readonly onOpened?: (stream: Stream, result: readonly unknown[]) => void;
}

/** Opened is a stream that the gateway opened. */
export interface Opened {
  readonly stream: Stream;
  readonly session: Session;
  readonly result: readonly unknown[];
}

// A dial that waits for its turn takes a tenth of the memory of one that is under way. The session has fewer under way yet.
const dialsAtOnce = 512;

export class Link {
  readonly turns = new Turns(dialsAtOnce);
  readonly #open: () => OpenTransport;
  #session: Promise<Session> | null = null;
  #condition: Condition = { state: "idle", reason: "", endsAt: null };
  #current: { session: Session; redial: Redial } | null = null;
  readonly #watchers = new Set<(status: SessionStatus) => void>();
  // #stop is aborted by close: it ends an attempt to connect, too.
  readonly #stop = new AbortController();

  // open is asked for the way anew each time a session is needed.
  constructor(open: () => OpenTransport) {
    this.#open = open;
  }

  get status(): SessionStatus {
    const { session, redial } = this.#current ?? {};
    const { state, endsAt } = this.#condition;
    const isDetached = state === "detached" && redial !== undefined;
    return {
      ...this.#condition,
      lastHeard: session === undefined ? null : epochMs(session.lastHeard),
      givesUpAt: isDetached ? Math.min(epochMs(redial.givesUpAt), endsAt ?? Number.POSITIVE_INFINITY) : null,
    };
  }

  // watch calls fn with every change of the status until the returned function is called.
  watch(fn: (status: SessionStatus) => void): () => void {
    this.#watchers.add(fn);
    return () => this.#watchers.delete(fn);
  }

  // connect opens the session if there is none. It fails with a GatewayError.
  connect(signal?: AbortSignal): Promise<Session> {
    if (this.#stop.signal.aborted) {
      return Promise.reject(this.#stop.signal.reason);
    }
    if (this.#session === null) {
      const session = this.#newSession(signal);
      this.#session = session;
      session.catch(() => {
        if (this.#session === session) {
          this.#session = null; // the next operation tries again
        }
      });
    }
    return this.#session;
  }

  async #newSession(signal?: AbortSignal): Promise<Session> {
    this.#set({ state: "connecting", reason: "", endsAt: null });
    try {
      const stop = signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal]);
      const open = this.#open();
      return await this.#greet(await open(stop), open, stop);
    } catch (err) {
      this.#lost(err instanceof Error ? err.message : String(err));
      throw err;
    }
  }

  #greet(transport: Transport, open: OpenTransport, stop: AbortSignal): Promise<Session> {
    return new Promise((resolve, reject) => {
      let endListening = (): void => {};
      const giveUp = (): void => {
        reject(stop.reason);
        session.close();
      };
      const session = new Session({
        role: "client",
        agent,
        resume: open.resumes === true,
        onAttached: () => {
          stop.removeEventListener("abort", giveUp);
          redial.attached();
          this.#set({ state: "attached", reason: "" });
          resolve(session);
        },
        onDetached: (_, code, reason) => {
          this.#set({ state: "detached", reason: reason || `the link ended (${code})` });
          redial.detached(code);
        },
        onDrain: (_, deadlineMs) => this.#set({ endsAt: Date.now() + deadlineMs }),
        onOver: (_, reason) => {
          stop.removeEventListener("abort", giveUp);
          endListening();
          redial.stop();
          if (reason.isIdle) {
            this.#session = null;
            this.#set({ state: "idle", reason: "", endsAt: null });
          } else {
            this.#lost(reason.message);
          }
          reject(
            new GatewayError(reason.message.replace(/^gonet: /, ""), "GONET_UNREACHABLE", "unreachable"),
          );
        },
      });
      const redial = new Redial(session, {
        open: (signal) => open(signal, session.gatewayID),
        refusal,
        waitMs: (err) => (err instanceof GatewayError ? err.retryAfterMs : null) ?? 0,
        delaysMs: open.redialMs,
      });
      this.#current = { session, redial };
      if (open.resumes === true) {
        endListening = onReturn(() => {
          session.probe();
          redial.hurry();
        });
      }
      session.attach(transport);
      stop.addEventListener("abort", giveUp);
      if (stop.aborted) {
        giveUp();
      }
    });
  }

  #lost(reason: string): void {
    this.#session = null;
    this.#set({ state: "lost", reason, endsAt: null });
  }

  #set(change: Partial<Condition>): void {
    this.#condition = { ...this.#condition, ...change };
    const { status } = this;
    for (const watcher of this.#watchers) {
      try {
        watcher(status);
      } catch (err) {
        queueMicrotask(() => {
          throw err; // it is the watcher's own, and no reason to end the session
        });
      }
    }
  }

  // close ends the session; every socket of it is closed. There is no new one.
  async close(): Promise<void> {
    this.#stop.abort(new GatewayError("this client was closed", "GONET_UNREACHABLE", "closed"));
    const session = await this.#session?.catch(() => null);
    session?.close();
  }

  /**
   * open asks the gateway to open op. If limit passes first, it fails with LateError, and what the gateway opens all
   * the same is closed. A refusal is a RefusedError; no way to the gateway is the error of a network that is down.
   */
  async open(op: string, args: readonly unknown[], limit: Limit, options: OpenOptions = {}): Promise<Opened> {
    let opening: Opening | null = null;
    let unsubscribe = (): void => {};
    const late = new Promise<never>((_, reject) => {
      const expire = (): void => {
        if (opening === null) {
          return reject(new LateError(null));
        }
        const timer = setTimeout(() => reject(new LateError(null)), answerMs);
        opening.cancel((refused) => {
          clearTimeout(timer);
          reject(new LateError(refused));
        });
      };
      if (limit.expired) {
        expire();
      }
      unsubscribe = limit.subscribe(expire);
    });
    const opened = async (): Promise<Opened> => {
      const session = options.session ?? (await this.#attached());
      if (limit.expired) {
        throw new LateError(null);
      }
      opening = session.open(op, args, options.onOpened);
      const { stream, answer } = opening;
      try {
        return { stream, session, result: await answer };
      } catch (err) {
        return limit.expired && !(err instanceof RefusedError) ? late : Promise.reject(err);
      }
    };
    try {
      return await Promise.race([late, opened()]);
    } finally {
      unsubscribe();
      late.catch(() => {}); // it may have lost the race and still fail
    }
  }

  // call asks the gateway a question that is about no stream. It fails with Go's error, or with LateError if limit
  // passes first. Whoever lost the gateway over a question has no network; there is no connection that was reset.
  async call(op: string, args: readonly unknown[], limit?: Limit): Promise<readonly unknown[]> {
    const answer = this.#attached().then((session) => session.call(op, args));
    try {
      return await (limit === undefined ? answer : within(limit, answer));
    } catch (err) {
      throw isSessionError(err) ? lostError(err, "connect", "ENETDOWN") : goError(err, op);
    }
  }

  async #attached(): Promise<Session> {
    try {
      return await this.connect();
    } catch (err) {
      const detail: Detail =
        err instanceof GatewayError
          ? { code: err.code, reason: err.message }
          : { code: "GONET_UNREACHABLE", reason: String(err) };
      throw withDetail(syscallError("connect", "ENETDOWN"), detail);
    }
  }
}

// epochMs is the time of the wall clock at a time of performance.now.
function epochMs(at: number): number {
  return Math.round(Date.now() + at - performance.now());
}

// refusal is the code with which a session ends whose new link was refused for good; null if the gateway was not reached,
// or has no room just now.
function refusal(err: unknown): number | null {
  if (!(err instanceof GatewayError)) {
    return null;
  }
  switch (err.reason) {
    case "token":
      return closeCode.token;
    case "origin":
    case "host":
      return closeCode.forbidden;
    case "gone":
      return closeCode.noSession;
    default:
      return null;
  }
}

async function within<T>(limit: Limit, work: Promise<T>): Promise<T> {
  let unsubscribe = (): void => {};
  const late = new Promise<never>((_, reject) => {
    const expire = (): void => reject(new LateError(null));
    if (limit.expired) {
      expire();
    }
    unsubscribe = limit.subscribe(expire);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    unsubscribe();
  }
}
