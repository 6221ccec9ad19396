// Fake DNS server for the DNS scenarios: node fakedns.mjs [addr=127.0.0.1] [port=53]. UDP + TCP, fixed zone, no dependencies.
// Prints "ready" once both sockets are bound. Ends on SIGTERM / when stdin closes.
import dgram from "node:dgram";
import net from "node:net";

const addr = process.argv[2] ?? "127.0.0.1",
  port = Number(process.argv[3] ?? 53);
const T = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 };
const name = (n) => {
  // labels split on '.', "\\." not supported, used only for the zone below
  if (n === "." || n === "") return Buffer.from([0]);
  return Buffer.concat([
    ...n
      .replace(/\.$/, "")
      .split(".")
      .map((l) => Buffer.concat([Buffer.from([l.length]), Buffer.from(l)])),
    Buffer.from([0]),
  ]);
};
const u16 = (n) => Buffer.from([n >> 8, n & 255]);
const v6 = (s) => {
  const [a, b = ""] = s.split("::");
  const A = a ? a.split(":") : [],
    B = b ? b.split(":") : [];
  const m = [...A, ...Array(8 - A.length - B.length).fill("0"), ...B];
  return Buffer.concat(m.map((x) => u16(parseInt(x, 16))));
};
const R = {
  A: (v) => Buffer.from(v.split(".").map(Number)),
  AAAA: v6,
  CNAME: name,
  NS: name,
  PTR: name,
  MX: ([p, h]) => Buffer.concat([u16(p), name(h)]),
  SRV: ([p, w, o, h]) => Buffer.concat([u16(p), u16(w), u16(o), name(h)]),
  TXT: (a) => Buffer.concat(a.map((s) => Buffer.concat([Buffer.from([s.length]), Buffer.from(s)]))),
};
// zone: name -> [[type, value], ...]; CNAMEs are followed inside the zone.
const zone = {
  "a.test": [["A", "192.0.2.10"]],
  "multi.test": [
    ["A", "192.0.2.11"],
    ["A", "192.0.2.12"],
    ["AAAA", "2001:db8::11"],
  ],
  "v6only.test": [["AAAA", "2001:db8::66"]],
  "lo.test": [["A", "127.0.0.1"]],
  "lo6.test": [
    ["A", "127.0.0.1"],
    ["AAAA", "::1"],
  ],
  "two.test": [
    ["A", "127.0.0.1"],
    ["A", "127.0.0.2"],
  ],
  "cname.test": [["CNAME", "middle.test"]],
  "middle.test": [["CNAME", "target.test"]],
  "target.test": [["A", "192.0.2.20"]],
  "mx.test": [
    ["MX", [20, "mx2.test"]],
    ["MX", [10, "mx1.test"]],
    ["MX", [5, "mx0.test"]],
  ],
  "badmx.test": [
    ["MX", [10, "good.test"]],
    ["MX", [20, "bad name.test"]],
  ],
  "_sip._tcp.srv.test": [
    ["SRV", [20, 0, 5062, "c.srv.test"]],
    ["SRV", [10, 5, 5060, "a.srv.test"]],
    ["SRV", [30, 9, 5063, "d.srv.test"]],
  ],
  "direct.srv.test": [["SRV", [1, 1, 99, "x.srv.test"]]],
  "txt.test": [
    ["TXT", ["hello ", "world"]],
    ["TXT", ["second"]],
    ["TXT", [""]],
  ],
  "ns.test": [
    ["NS", "ns1.test"],
    ["NS", "ns2.test"],
  ],
  "10.2.0.192.in-addr.arpa": [
    ["PTR", "ptr.test"],
    ["PTR", "ptr2.test"],
  ],
  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": [["PTR", "ptr6.test"]],
  "host1.corp.test": [["A", "192.0.2.30"]],
  "trunc.test": [["A", "192.0.2.40"]],
  "empty.test": [],
  "slow.test": [["A", "192.0.2.50"]],
};
function answer(q, tcp) {
  let i = 12;
  const labels = [];
  while (q[i]) {
    labels.push(q.subarray(i + 1, i + 1 + q[i]).toString("latin1"));
    i += q[i] + 1;
  }
  const qend = i + 5,
    qtype = q.readUInt16BE(i + 1),
    n = labels.join(".").toLowerCase();
  if (n === "timeout.test") return null;
  const h = Buffer.from(q.subarray(0, 12));
  h[2] = 0x81 | (q[2] & 0x78);
  h[3] = 0x80;
  h.writeUInt16BE(1, 4);
  h.writeUInt16BE(0, 6);
  h.writeUInt16BE(0, 8);
  h.writeUInt16BE(0, 10);
  const question = q.subarray(12, qend);
  const out = [h, question];
  if (n === "servfail.test") {
    h[3] |= 2;
    return Buffer.concat(out);
  }
  if (n === "refused.test") {
    h[3] |= 5;
    return Buffer.concat(out);
  }
  if (n === "trunc.test" && !tcp) {
    h[2] |= 2;
    return Buffer.concat(out);
  }
  if (!(n in zone)) {
    h[3] |= 3;
    return Buffer.concat(out);
  }
  let cur = n,
    cnt = 0;
  for (let hop = 0; hop < 5; hop++) {
    const rs = zone[cur] ?? [];
    const c = rs.find((r) => r[0] === "CNAME");
    const use = c && qtype !== T.CNAME ? [c] : rs.filter((r) => T[r[0]] === qtype);
    for (const [t, v] of use) {
      const rd = R[t](v);
      out.push(
        hop === 0 ? Buffer.from([0xc0, 12]) : name(cur),
        u16(T[t]),
        u16(1),
        Buffer.from([0, 0, 0, 60]),
        u16(rd.length),
        rd,
      );
      cnt++;
    }
    if (!c || qtype === T.CNAME) break;
    cur = c[1];
  }
  h.writeUInt16BE(cnt, 6);
  return Buffer.concat(out);
}
const u = dgram.createSocket(addr.includes(":") ? "udp6" : "udp4");
u.on("message", (m, r) => {
  const a = answer(m, false);
  if (a) {
    const slow = m.toString("latin1").toLowerCase().includes("\x04slow\x04test");
    slow ? setTimeout(() => u.send(a, r.port, r.address), 300) : u.send(a, r.port, r.address);
  }
});
const s = net.createServer((c) => {
  let b = Buffer.alloc(0);
  c.on("error", () => {});
  c.on("data", (d) => {
    b = Buffer.concat([b, d]);
    while (b.length >= 2 && b.length >= 2 + b.readUInt16BE(0)) {
      const l = b.readUInt16BE(0),
        a = answer(b.subarray(2, 2 + l), true);
      b = b.subarray(2 + l);
      if (a) c.write(Buffer.concat([u16(a.length), a]));
    }
  });
});
u.bind(port, addr, () => s.listen(port, addr, () => console.log("ready")));
process.on("SIGTERM", () => process.exit(0));
