// The surface is Go's: every identifier of package net is there under its name and in its kind, waiting (async) or not as
// it should, and nothing else is spelled with a capital. The compiler is the judge of what exists only as a type.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as net from "./node.js";
import { overMemory } from "./testing/gateways.js";

interface Item {
  readonly kind: "func" | "type" | "method" | "ifacemethod" | "const" | "var" | "field";
  readonly name: string;
  readonly recv?: string;
  readonly goSignature: string;
  readonly expectSync: boolean;
  readonly recommend?: string;
}

const here = import.meta.dirname;
const root = dirname(here);
const compileMs = 60_000;

function items(file: string): Item[] {
  return JSON.parse(readFileSync(join(root, "conformance", file), "utf8")) as Item[];
}

const seed = items("seed-api.json");
const modern = items("modern-api.json").filter((item) => item.recommend?.startsWith("core"));
const all = [...seed, ...modern];

// owner is the type that a field or method belongs to.
function owner({ recv = "" }: Item): string {
  return recv.replace("*", "");
}

// label is what an item is called when it is missing.
function label(item: Item): string {
  return [item.kind, owner(item), item.name].filter((s) => s !== "").join(" ");
}

// check is a declaration that compiles if the item is there as it should be.
function check(item: Item, i: number): string {
  const mode = item.expectSync ? "sync" : "async";
  switch (item.kind) {
    case "type":
      return `export type _${i} = net.${item.name};`;
    case "const":
    case "var":
      return `export type _${i} = typeof net.${item.name};`;
    case "field":
      return `export type _${i} = net.${owner(item)}["${item.name}"];`;
    case "func":
      return `export type _${i} = Want<Mode<typeof net.${item.name}>, "${mode}">;`;
    default:
      return `export type _${i} = Want<Mode<net.${owner(item)}["${item.name}"]>, "${mode}">;`;
  }
}

const prelude = [
  "type Fn = (...args: never[]) => unknown;",
  'type Mode<F> = F extends Fn ? (ReturnType<F> extends Promise<unknown> ? "async" : "sync") : "not a function";',
  "type Want<T extends B, B> = T;",
];

let folder: string;

// compile gives what the compiler says about a file with these lines.
function compile(name: string, lines: readonly string[]): string {
  const file = join(folder, `${name}.ts`);
  const config = join(folder, `${name}.json`);
  const index = JSON.stringify(join(here, "index.js"));
  writeFileSync(file, [`import type * as net from ${index};`, ...lines].join("\n"));
  const compilerOptions = {
    composite: false,
    noEmit: true,
    emitDeclarationOnly: false,
    declaration: false,
    noUnusedLocals: false,
    lib: ["es2022", "esnext.disposable", "dom", "dom.asynciterable"],
  };
  const files = [file, join(here, "wire", "host.d.ts"), join(here, "wire", "msgpackr.d.ts")];
  writeFileSync(
    config,
    JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions, files }),
  );
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "-p", config], { encoding: "utf8", stdio: "pipe" });
    return "";
  } catch (err) {
    return String((err as { stdout?: unknown }).stdout);
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gonet-api-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the surface of package net", () => {
  test("there is as much of it as in Go 1.0", () => {
    expect(seed).toHaveLength(271);
    expect(modern.length).toBeGreaterThan(60);
  });

  test(
    "every identifier is there in its kind",
    () => {
      const said = compile("surface", [...prelude, ...all.map(check)]);
      const firstLine = prelude.length + 2;
      const missing = [...said.matchAll(/surface\.ts\((\d+),/g)].map(([, line]) => {
        const item = all[Number(line) - firstLine];
        return item === undefined ? line : label(item);
      });
      expect(missing).toEqual([]);
      expect(said).toBe("");
    },
    compileMs,
  );

  test(
    "the compiler sees what is missing, of another kind, or waits where it should not",
    () => {
      const wrong: Item[] = [
        { kind: "func", name: "Dail", goSignature: "", expectSync: false },
        { kind: "func", name: "ParseIP", goSignature: "", expectSync: false },
        { kind: "func", name: "Dial", goSignature: "", expectSync: true },
        { kind: "method", recv: "*TCPConn", name: "Raed", goSignature: "", expectSync: false },
        { kind: "method", recv: "*TCPConn", name: "LocalAddr", goSignature: "", expectSync: false },
        { kind: "field", recv: "OpError", name: "Cause", goSignature: "", expectSync: true },
        { kind: "type", name: "Cnon", goSignature: "", expectSync: true },
      ];
      const said = compile("wrong", [...prelude, ...wrong.map(check)]);
      const lines = new Set([...said.matchAll(/wrong\.ts\((\d+),/g)].map(([, line]) => line));
      expect(lines.size).toBe(wrong.length);
    },
    compileMs,
  );
});

// Go's capitals: functions, types, constants and variables at the top of the package.
const ours = new Set(
  all.filter((item) => /^(func|type|const|var)$/.test(item.kind)).map((item) => item.name),
);

describe("nothing else is spelled with a capital", () => {
  test("among the values", () => {
    const extra = Object.keys(net).filter((name) => /^[A-Z]/.test(name) && !ours.has(name));
    expect(extra).toEqual([]);
  });

  test("among the types", () => {
    const texts = ["index.ts", "pure.ts"].map((name) => readFileSync(join(here, name), "utf8"));
    const names = texts.flatMap((text) => [
      ...[...text.matchAll(/^export (?:type )?\{([^}]*)\} from/gm)].flatMap(([, list = ""]) =>
        list
          .split(",")
          .map((item) =>
            item
              .trim()
              .replace(/^type /, "")
              .replace(/^.* as /, ""),
          )
          .filter((item) => item !== ""),
      ),
      ...[...text.matchAll(/^export type (\w+)/gm)].map(([, name = ""]) => name),
    ]);
    expect(names.filter((name) => /^[A-Z]/.test(name) && !ours.has(name))).toEqual([]);
    expect(names).toContain("Conn");
  });

  test("in a package bound to a gateway there is the same", async () => {
    const { net: bound, close } = await overMemory();
    const capitals = (of: object): string[] =>
      Object.keys(of)
        .filter((name) => /^[A-Z]/.test(name))
        .sort();
    try {
      expect(capitals(bound)).toEqual(capitals(net));
      expect(capitals(bound.os)).toEqual(capitals(net.os));
    } finally {
      await close();
    }
  });
});
