// Programs of stress.mjs: messages, and what comes beside them.

import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import {
  binding,
  descriptors,
  dgram,
  errno,
  ok,
  open,
  readable,
  receive,
  rights,
  seqpacket,
  stream,
  unixPair,
  until,
} from "./raw.mjs";

const dropped = 500;
const passes = 10_000;
const hostileControls = 20_000;
const datagramRounds = 5_000;
const longestDatagram = 65_507;

// datagrams go to and fro between sockets of every family, of every size, and come as they were sent.
export async function datagrams() {
  const families = [
    [4, [4, Uint8Array.of(127, 0, 0, 1), 0]],
    [6, [6, new Uint8Array(16).fill(1, 15), 0, ""]],
    [1, [1, new Uint8Array(0)]],
  ];
  const out = new Uint8Array(longestDatagram).map((_, i) => i % 251);
  const into = new Uint8Array(longestDatagram);
  for (const [family, address] of families) {
    const from = open(family, dgram);
    const to = open(family, dgram);
    for (const socket of [from, to]) ok(socket.bind(address));
    for (let i = 0; i < datagramRounds; i++) {
      const size = i % 10 === 0 ? Math.floor(Math.random() * (longestDatagram + 1)) : i % 50;
      const start = longestDatagram - size;
      assert.equal(from.sendMsg(out, start, size, to.localAddr(), null, []), size);
      await until(to, readable);
      const part = into.subarray(0, Math.max(size, i % 2));
      const got = receive(to, part, i % 3 ? 0 : 64);
      assert.deepEqual([got.n, got.from.family, got.control.length], [size, family, 0]);
      assert.equal(Buffer.compare(got.from.name, from.localAddr()[1]), 0);
      assert.equal(Buffer.compare(into.subarray(0, size), out.subarray(start)), 0);
    }
    from.close();
    to.close();
  }
}

// passing passes descriptors on and on, and none is left.
export async function passing() {
  const before = descriptors();
  for (const type of [stream, dgram, seqpacket]) {
    const [from, to] = unixPair(type);
    const count = descriptors();
    let fd = ok(from.dup());
    const bytes = new Uint8Array(8);
    for (let i = 0; i < passes; i++) {
      assert.equal(from.sendMsg(bytes, 0, 1, null, rights(2), [fd, fd]), 1);
      fd.close();
      const got = receive(to, bytes, 64);
      assert.equal(got.fds.length, 2);
      fd = got.fds[0];
      got.fds[1].close();
      if (i % 100 === 0) ok(fd.toSocket()).close();
    }
    fd.close();
    assert.equal(descriptors(), count);
    assert.equal(binding.liveFds(), 0);
    // What is still under way when the sockets close is closed by the kernel.
    for (let i = 0; i < 5; i++) {
      const last = ok(from.dup());
      ok(from.sendMsg(bytes, 0, 1, null, rights(1), [last]));
      last.close();
    }
    from.close();
    to.close();
  }
  await turn();
  assert.equal(descriptors(), before);
}

// truncated receives descriptors with too little room, in every way there is.
export async function truncated() {
  const [from, to] = unixPair(dgram);
  ok(to.setOption(binding.options.SO_PASSCRED, 1));
  const before = descriptors();
  const fd = ok(from.dup());
  const bytes = new Uint8Array(8);
  const most = 20;
  for (let i = 0; i < passes; i++) {
    const sent = i % (most + 1);
    assert.equal(from.sendMsg(bytes, 0, 1, null, sent === 0 ? null : rights(sent), Array(sent).fill(fd)), 1);
    const got = receive(to, bytes, i % 150);
    assert.equal(got.n, 1);
    assert.ok(got.fds.length <= sent && got.control.length <= i % 150);
    for (const one of got.fds) one.close();
    if (i % 100 === 0) assert.equal(descriptors(), before + 1);
  }
  fd.close();
  from.close();
  to.close();
  assert.equal(binding.liveFds(), 0);
}

// controls sends ancillary data that is random, or right but for some bytes. None of it may pass a descriptor that was
// not given, whatever numbers are in it.
export async function controls() {
  const [from, to] = unixPair(dgram);
  const bytes = new Uint8Array(1);
  const before = descriptors();
  const random = (below) => Math.floor(Math.random() * below);
  let sent = 0;
  for (let i = 0; i < hostileControls; i++) {
    let control;
    if (i % 4 === 0) control = Uint8Array.from({ length: random(100) }, () => random(256));
    else {
      control = new Uint8Array(Buffer.concat(Array.from({ length: 1 + random(3) }, () => rights(random(4)))));
      for (let n = random(3); n >= 0; n--) {
        if (control.length > 0) control[random(control.length)] = random(40);
      }
      control = control.slice(random(2) * random(9), control.length - random(2) * random(9));
    }
    const rc = from.sendMsg(bytes, 0, 1, null, control, []);
    if (rc < 0) {
      assert.ok([errno.EINVAL, errno.EPERM, errno.ESRCH].includes(-rc), binding.errnos[-rc]);
      continue;
    }
    sent++;
    assert.deepEqual(receive(to, bytes, 256).fds, []);
  }
  assert.ok(sent > 0);
  assert.equal(descriptors(), before);
  from.close();
  to.close();
}

// races are arguments whose own code takes away what was there a moment ago.
export async function races() {
  const [from, to] = unixPair(dgram);
  const fds = (act, fd) =>
    Object.defineProperty([null], 0, {
      get() {
        act();
        return fd;
      },
    });
  const address = (act) =>
    Object.defineProperty([1, null], 1, {
      get() {
        act();
        return to.localAddr()[1];
      },
    });
  for (let i = 0; i < 100; i++) {
    const bytes = new Uint8Array(4096);
    const control = rights(1);
    const fd = ok(from.dup());
    const detach = (b) => structuredClone(b.buffer, { transfer: [b.buffer] });
    const send = (to, fds) => from.sendMsg(bytes, 0, bytes.length, to, control, fds);
    const taking = [
      () =>
        send(
          null,
          fds(() => detach(bytes), fd),
        ),
      () =>
        send(
          address(() => detach(bytes)),
          [fd],
        ),
    ];
    assert.throws(taking[i % 2], RangeError);
    assert.equal(
      from.sendMsg(
        new Uint8Array(1),
        0,
        1,
        null,
        control,
        fds(() => detach(control), fd),
      ),
      -errno.EINVAL,
    );
    assert.equal(
      from.sendMsg(
        new Uint8Array(1),
        0,
        1,
        null,
        rights(1),
        fds(() => fd.close(), fd),
      ),
      -errno.EBADF,
    );
    const socket = open(1, dgram);
    assert.equal(
      socket.sendMsg(
        new Uint8Array(1),
        0,
        1,
        address(() => socket.close()),
        null,
        [],
      ),
      -errno.EBADF,
    );
  }
  from.close();
  to.close();
}

// dropFds leaves descriptors to the garbage collector: made here, received, and received in a call that throws away
// what it gave.
export async function dropFds() {
  const before = descriptors();
  const [from, to] = unixPair(dgram);
  (() => {
    for (let i = 0; i < dropped; i++) {
      const fd = ok(from.dup());
      ok(from.sendMsg(new Uint8Array(1), 0, 1, null, rights(1), [fd]));
      receive(to, new Uint8Array(1), 64);
    }
  })();
  assert.equal(binding.liveFds(), 2 * dropped);
  for (let i = 0; i < 20 && binding.liveFds() > 0; i++) {
    globalThis.gc();
    await turn();
  }
  assert.equal(binding.liveFds(), 0);
  from.close();
  to.close();
  assert.equal(descriptors(), before);
}
