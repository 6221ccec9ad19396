// Asking name servers: which names, which servers, how often, and what counts as an answer. What a server says is not
// trusted beyond that; how it is reached is a DNSTransport's business, so the same client runs at both ends.

import {
  encodeQuestion,
  MalformedError,
  Message,
  maxPacketBytes,
  type Question,
  type RecordType,
  responseCode,
} from "./dnsmessage.js";
import { isDomainName } from "./domainname.js";

/** DNSConfig is what resolv.conf(5) says, as far as it counts. */
export interface DNSConfig {
  /** servers are "host:port", in the order to ask them. */
  readonly servers: readonly string[];
  /** search are the suffixes to try, each with a final dot. */
  readonly search: readonly string[];
  /** ndots is how many dots a name needs to be tried as it stands first. */
  readonly ndots: number;
  /** timeoutMs is how long one server has for one question. */
  readonly timeoutMs: number;
  /** attempts is how often all servers are asked. */
  readonly attempts: number;
  /** rotate has each question begin with the next server. */
  readonly rotate: boolean;
  /** singleRequest asks for A and AAAA one after the other. */
  readonly singleRequest: boolean;
  /** useTCP never asks over UDP. */
  readonly useTCP: boolean;
}

/** Stop ends a lookup early: an AbortSignal. */
export interface Stop {
  readonly aborted: boolean;
  addEventListener(type: "abort", fn: () => void): void;
  removeEventListener(type: "abort", fn: () => void): void;
}

/** DNSConn is a connection to one server. Its calls reject when its time is over or it is stopped. */
export interface DNSConn {
  /** keepsMessages is true if one write is one message, as with UDP. */
  readonly keepsMessages: boolean;
  write(b: Uint8Array): Promise<void>;
  /** read fills b and resolves to the number of bytes; 0 is the end of a stream, or an empty datagram. */
  read(b: Uint8Array): Promise<number>;
  close(): void;
}

/** What is what went wrong: its text, or its pieces for whoever makes the text. */
export type What = string | readonly unknown[];

/** TransportFailure is an error of a DNSTransport, described. */
export interface TransportFailure {
  readonly what: What;
  readonly isTimeout: boolean;
  /** isSocket is true for an error of the socket: trying again may help. */
  readonly isSocket: boolean;
}

/** DNSTransport reaches servers. */
export interface DNSTransport {
  /** dial makes a connection that lasts at most timeoutMs. */
  dial(network: "udp" | "tcp", server: string, timeoutMs: number, stop: Stop | undefined): Promise<DNSConn>;
  /** describe says what an error of dial or of a DNSConn means. */
  describe(err: unknown): TransportFailure;
  /** id is a number for the next question that nobody can guess, below 2^16. */
  id(): number;
}

/** NameErrorFields are the fields of a {@link NameError}; what is left out is empty or false. */
export interface NameErrorFields {
  readonly what: What;
  readonly name: string;
  readonly server?: string;
  readonly isTimeout?: boolean;
  readonly isTemporary?: boolean;
  readonly isNotFound?: boolean;
}

/** NameError is why a name was not resolved: what a DNSError is made of. */
export class NameError extends Error {
  readonly what: What;
  /** lookedUp is the name. */
  readonly lookedUp: string;
  readonly server: string;
  readonly isTimeout: boolean;
  readonly isTemporary: boolean;
  readonly isNotFound: boolean;

  constructor(fields: NameErrorFields) {
    super(`gonet: lookup of ${fields.name} failed`);
    this.name = "NameError";
    this.what = fields.what;
    this.lookedUp = fields.name;
    this.server = fields.server ?? "";
    this.isTimeout = fields.isTimeout ?? false;
    this.isTemporary = fields.isTemporary ?? false;
    this.isNotFound = fields.isNotFound ?? false;
  }

  /** about is the same error, told about another name. */
  about(name: string): NameError {
    return new NameError({ ...this, what: this.what, name });
  }

  /** mayPass is true if the same question may be answered later. */
  get mayPass(): boolean {
    return this.isTimeout || this.isTemporary;
  }
}

/** StoppedError says that a lookup was stopped. */
export class StoppedError extends Error {
  constructor() {
    super("gonet: lookup stopped");
    this.name = "StoppedError";
  }
}

/** noSuchHost is the error of a name that does not exist, or has nothing of the kind. */
export function noSuchHost(name: string, server = ""): NameError {
  return new NameError({ what: "no such host", name, server, isNotFound: true });
}

/** cannotUnmarshal and cannotMarshal are Go's words for an unreadable answer; which it is depends on what was asked. */
export const cannotUnmarshal = "cannot unmarshal DNS message";
export const cannotMarshal = "cannot marshal DNS message";

/** Answer is a message whose next record is of the type asked for, and the server it came from. */
export interface Answer {
  readonly message: Message;
  readonly server: string;
}

/** AskOptions are about one lookup. */
export interface AskOptions {
  /** strict gives up at the first error that may pass, instead of going on with other names and families. */
  readonly strict: boolean;
  readonly stop?: Stop | undefined;
}

const maxNameLength = 254; // with the final dot
const lengthBytes = 2; // before a message on a stream (RFC 1035, 4.2.2)

/**
 * nameList gives the names to ask for in the place of name, in order, each with a final dot. A name that may not be asked
 * for (RFC 7686: ".onion") has none.
 */
export function nameList(config: DNSConfig, name: string): string[] {
  if (/\.onion\.?$/i.test(name)) {
    return [];
  }
  const rooted = name.endsWith(".");
  if (name.length > maxNameLength || (name.length === maxNameLength && rooted)) {
    return [];
  }
  if (rooted) {
    return [name];
  }
  const absolute = `${name}.`;
  const suffixed = config.search
    .map((suffix) => absolute + suffix)
    .filter((full) => full.length <= maxNameLength);
  return name.split(".").length - 1 >= config.ndots ? [absolute, ...suffixed] : [...suffixed, absolute];
}

/** DNSClient asks name servers. */
export class DNSClient {
  readonly #transport: DNSTransport;
  #turn = 0; // counts questions, for rotate

  constructor(transport: DNSTransport) {
    this.#transport = transport;
  }

  /** search asks for records of a type under name, or under name and a suffix. It rejects with the last NameError. */
  async search(config: DNSConfig, name: string, type: RecordType, options: AskOptions): Promise<Answer> {
    if (!isDomainName(name)) {
      throw noSuchHost(name);
    }
    let failure: NameError | null = null;
    for (const full of nameList(config, name)) {
      try {
        return await this.ask(config, full, type, options);
      } catch (err) {
        failure = nameError(err).about(name);
        if (options.strict && failure.mayPass) {
          break;
        }
      }
    }
    throw failure ?? new NameError({ what: cannotUnmarshal, name });
  }

  /** ask asks for records of a type under exactly name, which ends with a dot. It rejects with NameError. */
  async ask(config: DNSConfig, name: string, type: RecordType, options: AskOptions): Promise<Answer> {
    const first = config.rotate ? this.#turn++ : 0;
    const { servers } = config;
    let failure: NameError | null = null;
    for (let i = 0; i < config.attempts * servers.length; i++) {
      const server = servers[(first + i) % servers.length] as string;
      try {
        const message = await this.#exchange(config, server, name, type, options.stop);
        checkAnswer(message, type);
        return { message, server };
      } catch (err) {
        failure = this.#failure(err, name, server);
        if (failure.isNotFound) {
          break; // another server would say the same
        }
      }
    }
    // There is a server, and at least one attempt: so there is a failure.
    throw failure as NameError;
  }

  #failure(err: unknown, name: string, server: string): NameError {
    if (err instanceof StoppedError) {
      throw err;
    }
    if (err instanceof AnswerError) {
      return new NameError({ ...err.flags, what: err.what, name, server });
    }
    const { what, isTimeout, isSocket } = this.#transport.describe(err);
    return new NameError({ what, name, server, isTimeout, isTemporary: isSocket });
  }

  // #exchange asks one server once; over TCP again if the answer did not fit a packet.
  async #exchange(
    config: DNSConfig,
    server: string,
    name: string,
    type: RecordType,
    stop: Stop | undefined,
  ): Promise<Message> {
    const question = { id: this.#transport.id(), name, type };
    const bytes = encodeQuestion(question);
    if (bytes === null) {
      throw new AnswerError(cannotMarshal);
    }
    for (const network of config.useTCP ? (["tcp"] as const) : (["udp", "tcp"] as const)) {
      if (stop?.aborted) {
        throw new StoppedError();
      }
      const conn = await this.#transport.dial(network, server, config.timeoutMs, stop);
      let message: Message;
      try {
        message = await (conn.keepsMessages ? packetAnswer : streamAnswer)(conn, bytes, question);
      } finally {
        conn.close();
      }
      if (message.header.questions !== 1) {
        throw new AnswerError(invalidResponse);
      }
      if (!message.header.isTruncated) {
        return message;
      }
    }
    throw new AnswerError("no answer from DNS server");
  }
}

const invalidResponse = "invalid DNS response";
const misbehaving = "server misbehaving";

// AnswerError is what is wrong with an answer.
class AnswerError extends Error {
  constructor(
    readonly what: string,
    readonly flags: { readonly isTemporary?: boolean; readonly isNotFound?: boolean } = {},
  ) {
    super(what);
  }
}

// packetAnswer asks over UDP. What does not answer the question may be forged: it is passed over, and the right answer
// waited for.
async function packetAnswer(conn: DNSConn, bytes: Uint8Array, question: Question): Promise<Message> {
  await conn.write(bytes);
  const b = new Uint8Array(maxPacketBytes);
  for (;;) {
    const n = await conn.read(b);
    try {
      const message = new Message(b.slice(0, n));
      if (message.answersTo(question)) {
        return message;
      }
    } catch (err) {
      if (!(err instanceof MalformedError)) throw err;
    }
  }
}

// streamAnswer asks over TCP, where the connection vouches for the answer.
async function streamAnswer(conn: DNSConn, bytes: Uint8Array, question: Question): Promise<Message> {
  const framed = new Uint8Array(lengthBytes + bytes.length);
  new DataView(framed.buffer).setUint16(0, bytes.length);
  framed.set(bytes, lengthBytes);
  await conn.write(framed);
  const length = new DataView((await readFull(conn, lengthBytes)).buffer).getUint16(0);
  const answer = await readFull(conn, length);
  try {
    const message = new Message(answer);
    if (message.answersTo(question)) {
      return message;
    }
  } catch (err) {
    throw err instanceof MalformedError ? new AnswerError(cannotUnmarshal) : err;
  }
  throw new AnswerError(invalidResponse);
}

async function readFull(conn: DNSConn, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const b = new Uint8Array(length);
  for (let n = 0; n < length; ) {
    const more = await conn.read(b.subarray(n));
    if (more === 0) {
      throw new AnswerError(n === 0 ? "EOF" : "unexpected EOF");
    }
    n += more;
  }
  return b;
}

// checkAnswer passes over the records before the first of the type, aliases in general. It throws AnswerError if the
// server has none, or is not up to its task.
function checkAnswer(message: Message, type: RecordType): void {
  const { code, isAuthoritative, canRecurse } = message.header;
  if (code === responseCode.nameError) {
    throw notFound();
  }
  try {
    const isEmpty = message.next() === null;
    if (code === responseCode.success && isEmpty && !isAuthoritative && !canRecurse) {
      throw new AnswerError("lame referral");
    }
    if (code !== responseCode.success) {
      throw new AnswerError(misbehaving, { isTemporary: code === responseCode.serverFailure });
    }
    for (let record = message.next(); record?.type !== type; record = message.next()) {
      if (record === null) {
        throw notFound();
      }
      message.skip();
    }
  } catch (err) {
    throw err instanceof MalformedError ? new AnswerError(cannotUnmarshal) : err;
  }
}

function notFound(): AnswerError {
  return new AnswerError("no such host", { isNotFound: true });
}

/** nameError is err if it is a NameError; anything else is thrown on. */
export function nameError(err: unknown): NameError {
  if (err instanceof NameError) {
    return err;
  }
  throw err;
}
