// Responders of mDNS and SSDP on the machine that runs this, as good and as bad as a network may have them. Tells its parent
// when it is in both groups, and says goodbye when it is told "bye".
import { createSocket } from "node:dgram";

const [address] = process.argv.slice(2);
const mdns = { group: "224.0.0.251", port: 5353 };
const ssdp = { group: "239.255.255.250", port: 1900 };

const u16 = (n) => [n >> 8, n & 0xff];
const name = (...labels) => [...labels.flatMap((l) => [Buffer.byteLength(l), ...Buffer.from(l)]), 0];
const record = (owner, type, data, ttl = 120) => [
  ...owner,
  ...u16(type),
  ...u16(1),
  0,
  0,
  ...u16(ttl),
  ...u16(data.length),
  ...data,
];
const message = (id, records) =>
  Buffer.from([...u16(id), 0x84, 0, 0, 0, ...u16(records.length), 0, 0, 0, 0, ...records.flat()]);

// A service whose every field is out to do harm.
const markup = "<img src=x onerror=complain('mdns')>";
const type = ["_http", "_tcp", "local"];
const hostile = [`${markup}\u202e\u001b[2J`, ...type];
const text = [
  "<script>complain('txt')</script>",
  "path=javascript:complain('txt')",
  "\u001b]52;c;aGk=\u0007",
];
const records = [
  record(name(...type), 12, name(...hostile)),
  record(name(...hostile), 33, [0, 0, 0, 0, ...u16(8080), ...name("<b>host", "local")]),
  record(
    name(...hostile),
    16,
    text.flatMap((t) => [Buffer.byteLength(t), ...Buffer.from(t)]),
  ),
  record(name("<b>host", "local"), 1, address.split(".").map(Number)),
];
// What cannot be read: it breaks off, points at itself, or is noise.
const broken = [
  Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 9, 0, 0, 0, 0]),
  Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12]),
  Buffer.from("not DNS at all, but long enough to look like it"),
];

const names = createSocket({ type: "udp4", reuseAddr: true });
names.on("message", (query, from) => {
  if ((query[2] & 0x80) !== 0) return;
  for (const b of broken) names.send(b, from.port, from.address);
  names.send(message(query.readUInt16BE(0), records), from.port, from.address);
});

const usn = "uuid:1234::upnp:rootdevice";
const location = `http://${address}/"><script>complain('ssdp')</script>`;
const devices = createSocket({ type: "udp4", reuseAddr: true });
devices.on("message", (search, from) => {
  if (!search.toString().startsWith("M-SEARCH * HTTP/1.1\r\n")) return;
  const head = [
    "HTTP/1.1 200 OK",
    "ST: upnp:rootdevice",
    `USN: ${usn}`,
    `LOCATION: ${location}`,
    `SERVER: ${markup}\u202e`,
  ];
  devices.send(`${head.join("\r\n")}\r\n\r\n`, from.port, from.address);
  devices.send(Buffer.alloc(9000, 0xff), from.port, from.address);
});

process.on("message", () => {
  const head = ["NOTIFY * HTTP/1.1", "NT: upnp:rootdevice", "NTS: ssdp:byebye", `USN: ${usn}`];
  devices.send(`${head.join("\r\n")}\r\n\r\n`, ssdp.port, ssdp.group);
  names.send(message(0, [record(name(...type), 12, name(...hostile), 0)]), mdns.port, mdns.group);
});

await Promise.all(
  [
    [names, mdns],
    [devices, ssdp],
  ].map(
    ([socket, { group, port }]) =>
      new Promise((ready) => {
        socket.bind(port, () => {
          socket.addMembership(group, address);
          socket.setMulticastInterface(address);
          ready(null);
        });
      }),
  ),
);
process.send("ready");
