// Where this package lies on disk, seen from its sources as well as from its build.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const packageName = "gonet";

// packageRoot is the folder with our package.json, found upwards from this file, or null if there is none (somebody
// bundled the gateway into one file of theirs).
export function packageRoot(): string | null {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (manifest(folder)?.name === packageName) return folder;
    if (dirname(folder) === folder) return null;
  }
}

// packageVersion is the version in package.json, or "unknown".
export function packageVersion(): string {
  const root = packageRoot();
  return (root === null ? undefined : manifest(root)?.version) ?? "unknown";
}

// builtPage is the folder of the built tools page, or null if it was not built.
export function builtPage(): string | null {
  const root = packageRoot();
  if (root === null) return null;
  const folder = join(root, "dist", "web");
  return existsSync(join(folder, "index.html")) ? folder : null;
}

function manifest(folder: string): { name?: string; version?: string } | null {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      name?: string;
      version?: string;
    };
  } catch {
    return null; // no package.json here, or not a readable one: look further up
  }
}
