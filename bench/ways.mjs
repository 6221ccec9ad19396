// The ways to the target that a page and Node have in common: gonet, and a bare WebSocket that a relay joins to a socket.

/** @typedef {import("./work.mjs").Way} Way */

const readBytes = 256 * 1024;

/** sendAhead is how much a page lets wait in a bare WebSocket, which has no way to say that it is empty again. */
const sendAhead = 4 * 1024 * 1024;

/**
 * gonetWay dials through one session, as a program does.
 * @param {{ Dial(network: "tcp", address: string): Promise<any> }} net
 * @returns {Way}
 */
export function gonetWay(net) {
  return {
    async open(port) {
      const conn = await net.Dial("tcp", `127.0.0.1:${port}`);
      /** @type {Uint8Array | null} */
      let room = null;
      return {
        send: (b) => conn.Write(b),
        async take(n) {
          room ??= new Uint8Array(Math.min(n, readBytes));
          for (let left = n; left > 0; )
            left -= await conn.Read(left < room.length ? room.subarray(0, left) : room);
        },
        close: () => conn.Close(),
      };
    },
  };
}

/**
 * webSocketWay gives every connection a WebSocket of its own.
 * @param {(url: string) => any} make
 * @param {string} url
 * @param {() => Promise<unknown>} pause waits a moment
 * @returns {Way}
 */
export function webSocketWay(make, url, pause) {
  return {
    async open(port) {
      const ws = make(`${url}?port=${port}`);
      ws.binaryType = "arraybuffer";
      const tally = new Tally();
      ws.onmessage = (/** @type {{ data: ArrayBuffer }} */ { data }) => tally.add(data.byteLength);
      await new Promise((resolve, reject) => {
        ws.onopen = resolve;
        ws.onerror = reject;
      });
      return {
        async send(b) {
          ws.send(b);
          while (ws.bufferedAmount > sendAhead) await pause();
        },
        take: (n) => tally.take(n),
        close: () => ws.close(),
      };
    },
  };
}

/** Tally counts what comes in by itself, for ways that do not ask for it. */
export class Tally {
  #had = 0;
  #wanted = 0;
  /** @type {(() => void) | null} */
  #enough = null;

  /** @param {number} n */
  add(n) {
    this.#had += n;
    if (this.#enough === null || this.#had < this.#wanted) return;
    const enough = this.#enough;
    this.#enough = null;
    enough();
  }

  /**
   * @param {number} n
   * @returns {Promise<void>}
   */
  take(n) {
    this.#wanted += n;
    if (this.#had >= this.#wanted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#enough = resolve;
    });
  }
}
