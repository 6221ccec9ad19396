// Ports as people write several of them: "22, 80, 8000-8100, https".

const firstPort = 1;
const lastPort = 65_535;

/** PortListError says what is wrong with a list. */
export class PortListError extends Error {
  override readonly name = "PortListError";
}

/** PortList is what a text says: numbers, and names that are still to be looked up. */
export interface PortList {
  /** ports are in ascending order, each once. */
  readonly ports: readonly number[];
  readonly names: readonly string[];
}

/** parsePortList reads a list. It throws PortListError. */
export function parsePortList(text: string): PortList {
  const ports: number[] = [];
  const names: string[] = [];
  for (const item of text.split(/[\s,;]+/).filter((s) => s !== "")) {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(item) ?? [];
    if (from === undefined || to === undefined) {
      names.push(item);
      continue;
    }
    const [first, last] = [portOf(from), portOf(to)];
    if (first > last) {
      throw new PortListError(`the range ${item} runs backwards`);
    }
    for (let port = first; port <= last; port++) {
      ports.push(port);
    }
  }
  if (ports.length === 0 && names.length === 0) {
    throw new PortListError("no ports: write numbers, ranges and names, like 22, 8000-8100, https");
  }
  return { ports: sortedPorts(ports), names: [...new Set(names)] };
}

/** sortedPorts is ports in ascending order, each once. */
export function sortedPorts(ports: readonly number[]): number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}

function portOf(digits: string): number {
  const port = Number(digits);
  if (port < firstPort || port > lastPort) {
    throw new PortListError(`${digits} is no port: ports are ${firstPort} to ${lastPort}`);
  }
  return port;
}
