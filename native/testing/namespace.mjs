// Programs for a network namespace of their own, which namespace.ts makes: node native/testing/namespace.mjs <program>.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { binding, dgram, ok, open, readable, receive, until } from "./raw.mjs";

const programs = { interfaces, groups };

// interfaces tells what the addon sees, in JSON.
function interfaces() {
  const igmp = ["igmp", "igmp6"].map((name) => readFileSync(`/proc/net/${name}`, "latin1").split("\n"));
  const replacer = (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value);
  console.log(JSON.stringify({ interfaces: binding.interfaces(), igmp }, replacer));
}

const families = [
  {
    family: 4,
    any: [4, new Uint8Array(4), 0],
    group: Uint8Array.of(239, 255, 71, 1),
    to: (ip, port) => [4, ip, port],
    hops: "IP_RECVTTL",
  },
  {
    family: 6,
    any: [6, new Uint8Array(16), 0, ""],
    group: Uint8Array.of(0xff, 2, ...new Uint8Array(12), 0x71, 1),
    to: (ip, port, zone) => [6, ip, port, zone],
    hops: "IPV6_RECVHOPLIMIT",
  },
];

// groups sends to groups over the interface that is named: members hear it, over as many networks as was set, unless the
// sender does not want this machine to, and nobody hears it after leaving.
async function groups(name) {
  const [index, , , , , addrs] = binding.interfaces().find((row) => row[1] === name);
  for (const { family, any, group, to, hops } of families) {
    const receiver = open(family, dgram);
    ok(receiver.bind(any));
    ok(receiver.joinGroup(group, index));
    ok(receiver.setOption(binding.options[hops], 1));
    const port = receiver.localAddr()[2];
    const sender = open(family, dgram);
    ok(sender.setMulticastInterface(index));

    const send = (message, ip = group) =>
      ok(sender.sendMsg(Uint8Array.of(message), 0, 1, to(ip, port, name), null, []));
    const next = async () => {
      const message = new Uint8Array(1);
      await until(receiver, readable);
      const { control, from } = ok(receive(receiver, message, 128));
      return { message: message[0], hops: control[16], from };
    };
    const own = addrs.find(([ip]) => ip.length === group.length)[0];

    send(1);
    const first = await next();
    assert.deepEqual([first.message, first.hops], [1, 1]);
    assert.deepEqual(first.from, {
      family,
      port: sender.localAddr()[2],
      zone: family === 6 ? index : 0,
      name: own,
    });
    ok(sender.setMulticastTTL(9));
    send(2);
    assert.deepEqual(await next().then((got) => [got.message, got.hops]), [2, 9]);
    ok(sender.setMulticastLoop(0));
    send(3);
    ok(sender.setMulticastLoop(1));
    send(4);
    assert.equal((await next()).message, 4);
    ok(receiver.leaveGroup(group, index));
    send(5);
    // What is sent straight afterwards comes, so what was sent before did not.
    send(6, own);
    assert.equal((await next()).message, 6);
    receiver.close();
    sender.close();
  }
  console.log("groups ok");
}

await programs[process.argv[2]](...process.argv.slice(3));
