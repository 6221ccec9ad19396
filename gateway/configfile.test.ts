import { describe, expect, test } from "vitest";
import { readJSON, readTOML } from "./configfile.js";

describe("TOML", () => {
  test("has every kind of option", () => {
    const text = `
      # a comment
      listen = "127.0.0.1:9000"
      origin = ["https://a.example", "https://b.example"]
      require-origin = true
      max-sessions = 5
      log-level = "warn"

      [limit]
      streams = 2_000
    `;
    expect(readTOML("gonet.toml", text)).toEqual({
      listen: "127.0.0.1:9000",
      origin: ["https://a.example", "https://b.example"],
      "require-origin": true,
      "max-sessions": 5,
      "log-level": "warn",
      limit: { streams: 2000 },
    });
  });

  const badDocuments = [
    ['listen = "127.0.0.1:1"\ncolour = 1', 'f.toml:2:1: unknown option "colour"; there are '],
    ['\n  origins = ["x"]', 'f.toml:2:3: unknown option "origins"; did you mean origin?'],
    ['logLevel = "info"', 'f.toml:1:1: unknown option "logLevel"; did you mean log-level?'],
    ["[policy]\ntoken = 1", 'f.toml:1:2: unknown option "policy"; there are '],
    ['config = "other.toml"', 'f.toml:1:1: unknown option "config"'],
    ["max-sessions = -1", "f.toml:1:1: max-sessions: must be a whole number, 0 or more"],
    ["max-sessions = 1.5", "f.toml:1:1: max-sessions: must be"],
    ['max-sessions = "1"', "f.toml:1:1: max-sessions: must be"],
    ['origin = "https://a.example"', "f.toml:1:1: origin: must be a list of texts"],
    ["origin = [1]", "f.toml:1:1: origin: must be a list of texts"],
    ["require-origin = 1", "f.toml:1:1: require-origin: must be true or false"],
    ["token = ''", "f.toml:1:1: token: must be a text"],
    ['\nlisten = "x"', 'f.toml:2:1: listen: must be like "127.0.0.1:8080"'],
    ["[limit]\nstream = 1", 'f.toml:1:2: limit: there is no limit "stream"; there are streams, '],
    ["limit = 4", "f.toml:1:1: limit: must be a table of numbers"],
    ["[limit]\n__proto__ = 1", 'f.toml:1:2: limit: there is no limit "__proto__"'],
    ["constructor = 1", 'f.toml:1:1: unknown option "constructor"'],
    ["token = 'a'\ntoken = 'b'", "f.toml:2:"],
    ["listen = ", "f.toml:1:"],
    ['a = "x\n', "f.toml:1:"],
  ] as const;
  test.each(badDocuments)("refuses %j", (text, message) => {
    expect(() => readTOML("f.toml", text)).toThrow(message);
  });
});

describe("JSON", () => {
  test("has the same options", () => {
    const text = `{"listen": "[::1]:0", "origin": ["https://a.example"], "limit": {"dials": 3}, "require-origin": false}`;
    expect(readJSON("gonet.json", text)).toEqual({
      listen: "[::1]:0",
      origin: ["https://a.example"],
      limit: { dials: 3 },
      "require-origin": false,
    });
  });

  const badDocuments = [
    ['{\n  "token": "a",\n  "colour": 1\n}', 'f.json:3:3: unknown option "colour"'],
    ['{"limit": {"colour": 1}}', 'f.json:1:2: limit: there is no limit "colour"'],
    ['{"token": "a:{", "token": "b"}', 'f.json:1:18: "token" comes twice'],
    ['{"token": "a",\n}', "f.json:2:1: "],
    ['{"token": ', "f.json:1:11: "],
    ["[]", "f.json:1:1: must be one JSON object"],
    ["null", "f.json:1:1: must be one JSON object"],
    ['{"__proto__": 1}', 'f.json:1:2: unknown option "__proto__"'],
  ] as const;
  test.each(badDocuments)("refuses %j", (text, message) => {
    expect(() => readJSON("f.json", text)).toThrow(message);
  });
});
