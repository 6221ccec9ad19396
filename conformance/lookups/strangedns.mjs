// A name server that answers as servers should not: node strangedns.mjs <address> [port]. What it does is said by the first
// label of the name it is asked for; for a reverse lookup, by the last byte of the address. It prints "ready".

import dgram from "node:dgram";
import net from "node:net";

const [address, port = "53"] = process.argv.slice(2);
const type = { A: 1, NS: 2, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 };
const u16 = (n) => Buffer.from([n >> 8, n & 0xff]);
const label = (l) => {
  const b = Buffer.isBuffer(l) ? l : Buffer.from(l, "latin1");
  return Buffer.concat([Buffer.from([b.length]), b]);
};
// A name is a text with dots, or a list of labels, where a label may hold anything.
const name = (n) => {
  const labels = Array.isArray(n) ? n : n.replace(/\.$/, "").split(".").filter(Boolean);
  return Buffer.concat([...labels.map(label), Buffer.from([0])]);
};
const asked = Buffer.from([0xc0, 12]);
const record = (t, data, owner = asked, length = data.length) =>
  Buffer.concat([owner, u16(type[t]), u16(1), Buffer.alloc(4), u16(length), data]);
const ip = (text) => Buffer.from(text.split(".").map(Number));
const mx = (preference, host) => record("MX", Buffer.concat([u16(preference), host]));
const srv = (priority, weight, at, host, owner) =>
  record("SRV", Buffer.concat([u16(priority), u16(weight), u16(at), host]), owner);
const txt = (...parts) => record("TXT", Buffer.concat(parts.map(label)));
const v6 = Buffer.from("20010db8000000000000000000000001", "hex");
const invalid = [
  ["bad name", "test"],
  ["nul\0nul", "test"],
  ["\xff\xfe", "test"],
  ["-a", "test"],
  ["a.b"],
  ["*", "test"],
];
const good = ["good.test", "under_score.test", ".", "UPPER.test"];
const named = [...invalid, ...good].map(name);

// Each behaviour gives the answers to a question: a list of records, or {answers, code, bits, raw, …}.
const behaviours = {
  ok: (t) =>
    ({ A: [record("A", ip("192.0.2.1"))], AAAA: [record("AAAA", v6)], MX: [mx(1, name("m.test"))] })[t] ?? [],
  loop: () => [record("CNAME", asked)],
  chain: (t) => {
    const aliases = Array.from({ length: 20 }, (_, i) =>
      record("CNAME", name(`c${i + 1}.test`), i ? name(`c${i}.test`) : asked),
    );
    return t === "A" ? [...aliases, record("A", ip("192.0.2.2"), name("c20.test"))] : aliases;
  },
  badowner: (t) => (t === "A" ? [record("A", ip("192.0.2.3"), name(["bad name", "test"]))] : []),
  pointer: () => [record("A", ip("192.0.2.3"), Buffer.from([0xc0, 0xff]))],
  reserved: () => [record("A", ip("192.0.2.3"), Buffer.from([0x80, 12]))],
  cut: () => ({ count: 1, answers: [Buffer.from([0xc0])] }),
  secondcut: (t) => ({ count: 2, answers: [...behaviours.ok(t), Buffer.from([0xc0])] }),
  onlycname: () => [record("CNAME", name("elsewhere.test"))],
  short: (t) => [record(t, Buffer.from([1, 2, 3]))],
  overlong: (t) => (t === "A" ? [record("A", ip("192.0.2.4"), asked, 400)] : []),
  lame: () => ({ available: false, answers: [] }),
  authoritative: () => ({ available: false, authoritative: true, answers: [] }),
  nxwithanswer: (t) => ({ code: 3, answers: behaviours.ok(t) }),
  formerr: () => ({ code: 1, answers: [] }),
  servfail: () => ({ code: 2, answers: [] }),
  notimp: () => ({ code: 4, answers: [] }),
  refused: () => ({ code: 5, answers: [] }),
  aaaafails: (t) => (t === "AAAA" ? { code: 2, answers: [] } : behaviours.ok(t)),
  afails: (t) => (t === "A" ? { code: 2, answers: [] } : behaviours.ok(t)),
  aaaamissing: (t) => (t === "AAAA" ? null : behaviours.ok(t)),
  wrongid: (t) => ({ before: (m) => m.writeUInt16BE(m.readUInt16BE(0) ^ 1, 0), answers: behaviours.ok(t) }),
  noresponse: (t) => ({ before: (m) => (m[2] &= 0x7f), answers: behaviours.ok(t) }),
  wrongquestion: (t) => ({ before: (m) => (m[13] ^= 1), answers: behaviours.ok(t) }),
  garbage: (t) => ({ before: (m) => m.fill(0xff, 4), answers: behaviours.ok(t) }),
  twoquestions: (t) => ({ questions: 2, answers: behaviours.ok(t) }),
  upper: (t) => ({ upper: true, answers: behaviours.ok(t) }),
  many: (t, tcp) =>
    tcp && t === "A"
      ? Array.from({ length: 1000 }, (_, i) => record("A", ip(`192.0.${2 + (i >> 8)}.${i & 0xff}`)))
      : { truncated: t === "A" && !tcp, answers: [] },
  truncated: () => ({ truncated: true, answers: [] }),
  tcpeof: (_, tcp) => ({ truncated: !tcp, tcp: () => [], answers: [] }),
  tcphalf: (_, tcp) => ({ truncated: !tcp, tcp: (m) => [u16(m.length), m.subarray(0, 10)], answers: [] }),
  tcpgarbage: (_, tcp) => ({ truncated: !tcp, tcp: () => [u16(5), Buffer.from("hello")], answers: [] }),
  tcpslow: (t, tcp) => ({
    truncated: !tcp,
    tcp: (m) => [u16(m.length), ...Array.from(m, (b) => Buffer.from([b]))],
    answers: behaviours.ok(t),
  }),
  tcpwrongid: (t, tcp) => ({
    truncated: !tcp,
    tcp: (m) => [u16(m.length), Buffer.concat([Buffer.from([m[0], m[1] ^ 1]), m.subarray(2)])],
    answers: behaviours.ok(t),
  }),
  names: (t) =>
    ({
      MX: named.map((n, i) => mx(i, n)),
      NS: named.map((n) => record("NS", n)),
      PTR: named.map((n) => record("PTR", n)),
      SRV: named.map((n, i) => srv(i, 0, 1000 + i, n)),
    })[t] ?? [],
  goodnames: (t) =>
    ({
      MX: good.map((n, i) => mx(i, name(n))),
      NS: good.map((n) => record("NS", name(n))),
      PTR: good.map((n) => record("PTR", name(n))),
      SRV: good.map((n, i) => srv(i, 0, 1000 + i, name(n))),
    })[t] ?? [],
  allbad: (t) =>
    ({
      MX: [mx(1, named[0])],
      NS: [record("NS", named[0])],
      PTR: [record("PTR", named[0])],
      SRV: [srv(1, 1, 1, named[0])],
    })[t] ?? [],
  badsrvowner: () => [srv(1, 1, 1, name("good.test"), name(["bad name", "test"]))],
  compressedsrv: () => [srv(1, 1, 1, asked)],
  long: (t) => [record(t, name(Array.from({ length: 9 }, (_, i) => String(i).repeat(31))))],
  texts: () => [
    txt("one ", "two"),
    txt(""),
    txt(Buffer.from("héllo")),
    record("TXT", Buffer.alloc(0)),
    txt("x".repeat(255), "y".repeat(255), "z"),
  ],
  badtext: () => [record("TXT", Buffer.from([200, 65]))],
  mixed: (t) => [
    record("CNAME", name("m.test")),
    ...behaviours.ok(t === "PTR" ? "A" : t),
    record("PTR", name("p.test")),
    record("CNAME", name("n.test")),
  ],
};
const byLastByte = [
  "ok",
  "names",
  "goodnames",
  "allbad",
  "mixed",
  "cut",
  "long",
  "servfail",
  "onlycname",
  "lame",
  "secondcut",
];

function reply(question, tcp) {
  const labels = [];
  let at = 12;
  for (; question[at]; at += question[at] + 1)
    labels.push(question.subarray(at + 1, at + 1 + question[at]).toString("latin1"));
  const t = Object.keys(type).find((k) => type[k] === question.readUInt16BE(at + 1));
  const first =
    labels.at(-1) === "arpa"
      ? byLastByte[Number(labels[0])]
      : labels.map((l) => l.toLowerCase()).find((l) => l in behaviours);
  const does = behaviours[first];
  if (does === undefined) return { message: message(question, at + 5, { code: 3, answers: [] }) };
  const result = does(t, tcp);
  if (result === null) return null;
  const plan = Array.isArray(result) ? { answers: result } : result;
  return { message: message(question, at + 5, plan), before: plan.before, tcp: plan.tcp };
}

function message(question, end, { answers, code = 0, count = answers.length, questions = 1, ...flags }) {
  const bits =
    0x8100 |
    (flags.available === false ? 0 : 0x80) |
    (flags.authoritative ? 0x400 : 0) |
    (flags.truncated ? 0x200 : 0) |
    code;
  const header = [question.subarray(0, 2), u16(bits), u16(questions), u16(count), u16(0), u16(0)];
  const asking = Buffer.from(question.subarray(12, end));
  if (flags.upper) asking.write(asking.toString("latin1").toUpperCase(), "latin1");
  return Buffer.concat([...header, ...Array.from({ length: questions }, () => asking), ...answers]);
}

const udp = dgram.createSocket("udp4");
udp.on("message", (question, from) => {
  const answer = reply(question, false);
  if (answer === null) return;
  if (answer.before) {
    const wrong = Buffer.from(answer.message);
    answer.before(wrong);
    udp.send(wrong, from.port, from.address);
  }
  udp.send(answer.message, from.port, from.address);
});
const tcp = net.createServer((c) => {
  let got = Buffer.alloc(0);
  c.on("error", () => {});
  c.on("data", (chunk) => {
    got = Buffer.concat([got, chunk]);
    if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
    const answer = reply(got.subarray(2), true);
    if (answer === null) return;
    const parts = answer.tcp?.(answer.message) ?? [u16(answer.message.length), answer.message];
    c.setNoDelay(true);
    for (const part of parts) c.write(part);
    c.end();
  });
});
udp.bind(Number(port), address, () => tcp.listen(Number(port), address, () => console.log("ready")));
process.on("SIGTERM", () => process.exit(0));
