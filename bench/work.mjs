// What a client does while it is measured. The same code runs in Node and in a page; only the way to the target differs
// (ways.mjs).

/**
 * Wire is one connection to the target. send resolves when more may be sent, take when n more bytes came in.
 * @typedef {{ send(b: Uint8Array): Promise<void>, take(n: number): Promise<void>, close(): void }} Wire
 */

/**
 * Way makes connections to ports of 127.0.0.1.
 * @typedef {{ open(port: number): Promise<Wire> }} Way
 */

/** @typedef {{ down: number, up: number }} Bytes how much moves in each direction, all connections together */

/** op is what the target is asked to do: give bytes, take bytes and then say one, both, or give back what comes. */
export const op = { give: 1, take: 2, both: 3, echo: 4 };

/** headerBytes is the length of what a connection begins with: the operation, and how many KiB. */
export const headerBytes = 8;

const kib = 1024;
const writeBytes = 64 * kib;
const pingBytes = 64;

/**
 * @param {number} kind
 * @param {number} bytes
 */
function header(kind, bytes) {
  const view = new DataView(new ArrayBuffer(headerBytes));
  view.setUint8(0, kind);
  view.setUint32(4, bytes / kib);
  return new Uint8Array(view.buffer);
}

/** @param {Uint8Array} b */
export function readHeader(b) {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  return { kind: view.getUint8(0), bytes: view.getUint32(4) * kib };
}

/**
 * bulk moves bytes over some connections at once and resolves to the milliseconds that took. The connections are made
 * before the clock starts; it stops when the last byte has arrived, which for bytes sent the target says.
 * @param {Way} way
 * @param {{ port: number, direction: "down" | "up" | "both", streams: number, bytes: number }} job
 */
export async function bulk(way, { port, direction, streams, bytes }) {
  const kind = { down: op.give, up: op.take, both: op.both }[direction];
  const each = Math.ceil(bytes / streams / writeBytes) * writeBytes;
  const piece = new Uint8Array(writeBytes).fill(0x55);
  const wires = await Promise.all(Array.from({ length: streams }, () => way.open(port)));
  const start = performance.now();
  await Promise.all(
    wires.map(async (wire) => {
      await wire.send(header(kind, each));
      const given = kind === op.take ? 0 : each;
      const said = kind === op.give ? 0 : 1;
      const taking = wire.take(given + said);
      if (kind !== op.give) for (let left = each; left > 0; left -= writeBytes) await wire.send(piece);
      await taking;
    }),
  );
  const ms = performance.now() - start;
  for (const wire of wires) wire.close();
  return { ms, bytes: each * streams * (kind === op.both ? 2 : 1) };
}

/**
 * latency sends 64 bytes and waits for them, again and again, and resolves to each round trip's microseconds.
 * @param {Way} way
 * @param {{ port: number, count: number }} job
 */
export async function latency(way, { port, count }) {
  const wire = await way.open(port);
  await wire.send(header(op.echo, 0));
  const ping = new Uint8Array(pingBytes).fill(0x55);
  const micros = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const back = wire.take(pingBytes);
    await wire.send(ping);
    await back;
    micros.push((performance.now() - start) * 1000);
  }
  wire.close();
  return micros;
}

/**
 * dials makes connections, some at once, waits for the first byte on each and closes it, and resolves to the
 * milliseconds that took.
 * @param {Way} way
 * @param {{ port: number, count: number, atOnce: number }} job
 */
export async function dials(way, { port, count, atOnce }) {
  let left = count;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const wire = await way.open(port);
        await wire.take(1);
        wire.close();
      }
    }),
  );
  return performance.now() - start;
}
