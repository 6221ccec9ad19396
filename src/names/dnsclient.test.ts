import { describe, expect, test } from "vitest";
import {
  DNSClient,
  type DNSConfig,
  type DNSConn,
  type DNSTransport,
  NameError,
  nameList,
  type Stop,
  StoppedError,
} from "./dnsclient.js";
import { recordType } from "./dnsmessage.js";

const config: DNSConfig = {
  servers: ["a:53", "b:53", "c:53"],
  search: ["one.test.", "two.test."],
  ndots: 1,
  timeoutMs: 10,
  attempts: 2,
  rotate: false,
  singleRequest: false,
  useTCP: false,
};

// Transport gives every question to say, which answers with a message made of the question, or fails.
class Transport implements DNSTransport {
  readonly dials: string[] = [];
  open = 0;
  readonly #say: (server: string, question: Uint8Array, stop?: Stop) => Uint8Array | Promise<Uint8Array>;

  constructor(say: (server: string, question: Uint8Array, stop?: Stop) => Uint8Array | Promise<Uint8Array>) {
    this.#say = say;
  }

  async dial(network: "udp" | "tcp", server: string, timeoutMs: number, stop?: Stop): Promise<DNSConn> {
    expect(timeoutMs).toBe(config.timeoutMs);
    this.dials.push(`${network} ${server}`);
    this.open++;
    let question = new Uint8Array();
    return {
      keepsMessages: true,
      write: async (b) => {
        question = b.slice();
      },
      read: async (b) => {
        const answer = await this.#say(server, question, stop);
        b.set(answer);
        return answer.length;
      },
      close: () => {
        this.open--;
      },
    };
  }

  describe(err: unknown) {
    return { what: (err as Error).message, isTimeout: (err as Error).message === "late", isSocket: true };
  }

  id() {
    return 7;
  }
}

// reply is an answer without records: flags 8180, and the code.
function reply(question: Uint8Array, code: number, truncated = false): Uint8Array {
  const b = question.slice();
  b.set([truncated ? 0x83 : 0x81, 0x80 | code], 2);
  b.set([0, 0], 10); // no additional records are told of
  return b;
}

const options = { strict: false };

async function failed(call: Promise<unknown>): Promise<NameError> {
  const err = await call.then(
    () => null,
    (e: unknown) => e,
  );
  expect(err).toBeInstanceOf(NameError);
  return err as NameError;
}

describe("nameList", () => {
  const long = `${"a.".repeat(124)}abcd`; // 252
  test.each<[name: string, change: Partial<DNSConfig>, want: readonly string[]]>([
    ["a.b", {}, ["a.b.", "a.b.one.test.", "a.b.two.test."]],
    ["a", {}, ["a.one.test.", "a.two.test.", "a."]],
    ["a.b", { ndots: 2 }, ["a.b.one.test.", "a.b.two.test.", "a.b."]],
    ["a", { ndots: 0 }, ["a.", "a.one.test.", "a.two.test."]],
    ["a.b.", { ndots: 5 }, ["a.b."]],
    ["a", { search: [] }, ["a."]],
    [long, {}, [`${long}.`]], // with a suffix it would be too long
    [`${long}x`, {}, [`${long}x.`]],
    [`${long}.`, {}, [`${long}.`]],
    [`${long}x.`, {}, []], // as in Go, although it is a name
    [`${long}xxx`, {}, []],
    ["x.onion", {}, []],
    ["X.Onion.", {}, []],
    ["onion", {}, ["onion.one.test.", "onion.two.test.", "onion."]],
  ])("of %s", (name, change, want) => {
    expect(nameList({ ...config, ...change }, name)).toEqual(want);
  });
});

describe("DNSClient", () => {
  test("asks every server, as often as it is told to, and tells the last error", async () => {
    const t = new Transport(() => Promise.reject(new Error("late")));
    const err = await failed(new DNSClient(t).ask(config, "x.", recordType.A, options));
    expect(t.dials).toEqual(["a", "b", "c", "a", "b", "c"].map((s) => `udp ${s}:53`));
    expect(err).toMatchObject({
      what: "late",
      lookedUp: "x.",
      server: "c:53",
      isTimeout: true,
      isTemporary: true,
    });
    expect(t.open).toBe(0);
  });

  test("ends with the first server that says there is no such name", async () => {
    const t = new Transport((server, question) => reply(question, server === "b:53" ? 3 : 2));
    const err = await failed(new DNSClient(t).ask(config, "x.", recordType.A, options));
    expect(t.dials).toEqual(["udp a:53", "udp b:53"]);
    expect(err).toMatchObject({ what: "no such host", server: "b:53", isNotFound: true });
  });

  test("begins with the next server each time, if it is to rotate", async () => {
    const t = new Transport((_, question) => reply(question, 3));
    const client = new DNSClient(t);
    for (let i = 0; i < 4; i++) {
      await failed(client.ask({ ...config, rotate: true }, "x.", recordType.A, options));
    }
    expect(t.dials.map((d) => d.at(4))).toEqual(["a", "b", "c", "a"]);
  });

  test("asks the same server over TCP if its answer is cut", async () => {
    const t = new Transport((_, question) => reply(question, 0, true));
    const err = await failed(new DNSClient(t).ask({ ...config, attempts: 1 }, "x.", recordType.A, options));
    expect(t.dials.slice(0, 2)).toEqual(["udp a:53", "tcp a:53"]);
    expect(err.what).toBe("no answer from DNS server");
  });

  test("never uses UDP if it is not to", async () => {
    const t = new Transport((_, question) => reply(question, 3));
    await failed(new DNSClient(t).ask({ ...config, useTCP: true }, "x.", recordType.A, options));
    expect(t.dials).toEqual(["tcp a:53"]);
  });

  test("tells what became of the last name of a search, about the name that was given", async () => {
    const t = new Transport((_, question) => reply(question, question.includes(0x74) ? 2 : 3)); // a "t" in it
    const client = new DNSClient(t);
    expect(await failed(client.search(config, "x.y", recordType.MX, options))).toMatchObject({
      what: "server misbehaving",
      lookedUp: "x.y",
    });
    const strict = { strict: true };
    t.dials.length = 0;
    expect(await failed(client.search({ ...config, ndots: 2 }, "x.y", recordType.MX, strict))).toMatchObject({
      isTemporary: true,
    });
    expect(t.dials.length).toBe(config.servers.length * config.attempts); // of the first suffix, and no further
  });

  test("does not ask about what is no name, and not about names that may not be asked about", async () => {
    const t = new Transport(() => Promise.reject(new Error("asked")));
    const client = new DNSClient(t);
    expect((await failed(client.search(config, "a b", recordType.MX, options))).isNotFound).toBe(true);
    expect((await failed(client.search(config, "a.onion", recordType.MX, options))).what).toBe(
      "cannot unmarshal DNS message",
    );
    expect(await failed(client.ask(config, "a..b.", recordType.MX, options))).toMatchObject({
      what: "cannot marshal DNS message",
    });
    expect(t.dials).toEqual([]);
  });

  test("stops between two questions, and in the middle of one", async () => {
    const abort = new AbortController();
    const t = new Transport(async () => {
      abort.abort();
      throw new Error("gone");
    });
    const stopped = new DNSClient(t).ask(config, "x.", recordType.A, { strict: false, stop: abort.signal });
    await expect(stopped).rejects.toBeInstanceOf(StoppedError);
    expect(t.dials.length).toBe(1);
    const inside = new Transport(() => Promise.reject(new StoppedError()));
    await expect(new DNSClient(inside).ask(config, "x.", recordType.A, options)).rejects.toBeInstanceOf(
      StoppedError,
    );
    expect([inside.dials.length, inside.open]).toEqual([1, 0]);
  });
});
