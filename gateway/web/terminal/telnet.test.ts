import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxParameterBytes, Telnet } from "./telnet.js";

const [IAC, DONT, DO, WONT, WILL, SB, SE, NOP] = [255, 254, 253, 252, 251, 250, 240, 241];
const [BINARY, ECHO, STATUS, SGA, TTYPE, NAWS, ENVIRON] = [0, 1, 5, 3, 24, 31, 39];
const SEND = 1;

const telnet = (): Telnet => new Telnet("vt100", { columns: 80, rows: 24 });
const text = (s: string): number[] => Array.from(s, (c) => c.charCodeAt(0));

function received(t: Telnet, ...bytes: number[]): { data: string; answer: number[] } {
  const { data, answer } = t.receive(Uint8Array.from(bytes));
  return { data: String.fromCharCode(...data), answer: [...answer] };
}

describe("what a server sends", () => {
  test("text passes, the byte of commands comes doubled, and CR NUL is a bare CR", () => {
    const bytes = [...text("a"), IAC, IAC, ...text("b\r"), 0, ...text("c\r\nd"), 0];
    expect(received(telnet(), ...bytes).data).toBe("a\xffb\rc\r\nd\0");
  });

  test("commands that ask nothing of a terminal disappear", () => {
    expect(received(telnet(), ...text("a"), IAC, NOP, ...text("b"))).toEqual({ data: "ab", answer: [] });
  });

  test("it may echo, and may stop", () => {
    const t = telnet();
    expect(t.echoes).toBe(false);
    expect(received(t, IAC, WILL, ECHO).answer).toEqual([IAC, DO, ECHO]);
    expect(t.echoes).toBe(true);
    expect(received(t, IAC, WONT, ECHO).answer).toEqual([IAC, DONT, ECHO]);
    expect(t.echoes).toBe(false);
  });

  test("what is agreed on is not agreed on again, so that two ends do not talk for ever", () => {
    const t = telnet();
    expect(received(t, IAC, WILL, SGA, IAC, WILL, SGA).answer).toEqual([IAC, DO, SGA]);
    expect(received(t, IAC, DO, BINARY, IAC, DO, BINARY).answer).toEqual([IAC, WILL, BINARY]);
    expect(received(telnet(), IAC, WONT, SGA, IAC, DONT, TTYPE).answer).toEqual([]);
  });

  test("every other option is refused, the environment among them", () => {
    for (let option = 0; option < 256; option++) {
      const isTheirs = [BINARY, ECHO, SGA].includes(option);
      const isOurs = [BINARY, SGA, TTYPE, NAWS].includes(option);
      expect(received(telnet(), IAC, WILL, option).answer[1]).toBe(isTheirs ? DO : DONT);
      expect(received(telnet(), IAC, DO, option).answer[1]).toBe(isOurs ? WILL : WONT);
    }
  });

  test("it is told the kind of terminal, once that was agreed on", () => {
    const t = telnet();
    const ask = [IAC, SB, TTYPE, SEND, IAC, SE];
    expect(received(t, ...ask).answer).toEqual([]);
    expect(received(t, IAC, DO, TTYPE).answer).toEqual([IAC, WILL, TTYPE]);
    expect(received(t, ...ask).answer).toEqual([IAC, SB, TTYPE, 0, ...text("vt100"), IAC, SE]);
    expect(received(t, IAC, SB, ENVIRON, SEND, IAC, SE).answer).toEqual([]);
    expect(received(t, IAC, SB, STATUS, SEND, IAC, SE).answer).toEqual([]);
  });

  test("it is told the size, at once and after every change", () => {
    const t = telnet();
    expect([...t.resize({ columns: 100, rows: 30 })]).toEqual([]); // not agreed on
    const size = (...bytes: number[]): number[] => [IAC, SB, NAWS, ...bytes, IAC, SE];
    expect(received(t, IAC, DO, NAWS).answer).toEqual([IAC, WILL, NAWS, ...size(0, 100, 0, 30)]);
    expect([...t.resize({ columns: 300, rows: 255 })]).toEqual(size(1, 44, 0, IAC, IAC));
  });

  test("a subnegotiation that another command breaks off is void", () => {
    const t = telnet();
    received(t, IAC, DO, TTYPE);
    expect(received(t, IAC, SB, TTYPE, SEND, IAC, WILL, ECHO, ...text("x"))).toEqual({
      data: "x",
      answer: [IAC, DO, ECHO],
    });
  });

  test("parameters at the limit and past it are read to their end, and not answered", () => {
    for (const length of [maxParameterBytes, maxParameterBytes + 1, 100_000]) {
      const t = telnet();
      received(t, IAC, DO, TTYPE);
      const parameters = new Array<number>(length).fill(SEND);
      const { data, answer } = t.receive(Uint8Array.from([IAC, SB, TTYPE, ...parameters, IAC, SE, 65]));
      expect([...data, ...answer]).toEqual([65]);
    }
  });

  test("however a stream is cut, it means the same, and the answers stay short", () => {
    const hostile = fc.array(
      fc.oneof(fc.constantFrom(IAC, SB, SE, DO, WILL, TTYPE, SEND, 13, 0), fc.nat(255)),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(hostile, fc.nat(200), (bytes, cut) => {
        const whole = telnet();
        const pieces = telnet();
        const once = received(whole, ...bytes);
        const first = received(pieces, ...bytes.slice(0, cut));
        const second = received(pieces, ...bytes.slice(cut));
        expect({ data: first.data + second.data, answer: [...first.answer, ...second.answer] }).toEqual(once);
        // The longest answer, a kind of terminal, is to a question of six bytes.
        expect(once.answer.length).toBeLessThanOrEqual(4 * bytes.length);
      }),
    );
  });
});

describe("what is typed", () => {
  test("Enter is CR NUL where the server echoes, and CR LF at the end of a line of ours", () => {
    expect([...telnet().escape("ls\r", "enter")]).toEqual([...text("ls\r"), 0]);
    expect([...telnet().escape("ls\r", "line")]).toEqual(text("ls\r\n"));
  });

  test("text is UTF-8, in which the byte of commands never is", () => {
    expect([...telnet().escape("ÿ", "enter")]).toEqual([0xc3, 0xbf]);
  });
});
