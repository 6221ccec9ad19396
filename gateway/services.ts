// The names of ports and protocols: services(5) and protocols(5), beside the few that Go has built in.

import { fieldsOf, leadingNumber, lowerASCII, withoutComment } from "./systemfile.js";

// Names longer than these are unknown, whatever the files hold: Go's limits.
const maxServiceBytes = "mobility-header".length + 10;
const maxProtocolBytes = "RSVP-E2E-IGNORE".length + 10;

const builtinPorts: readonly (readonly [key: string, port: number])[] = [
  ["tcp/domain", 53],
  ["tcp/ftp", 21],
  ["tcp/ftps", 990],
  ["tcp/gopher", 70],
  ["tcp/http", 80],
  ["tcp/https", 443],
  ["tcp/imap2", 143],
  ["tcp/imap3", 220],
  ["tcp/imaps", 993],
  ["tcp/pop3", 110],
  ["tcp/pop3s", 995],
  ["tcp/smtp", 25],
  ["tcp/ssh", 22],
  ["tcp/telnet", 23],
  ["udp/domain", 53],
];

const builtinProtocols: readonly (readonly [name: string, number: number])[] = [
  ["icmp", 1],
  ["igmp", 2],
  ["tcp", 6],
  ["udp", 17],
  ["ipv6-icmp", 58],
];

// Services has the ports of services by network.
export class Services {
  readonly #ports = new Map(builtinPorts);

  // text is the file. Its last line about a service holds, also against what is built in.
  constructor(text: string) {
    for (const line of text.split("\n")) {
      const [name, portAndNetwork = "", ...aliases] = fieldsOf(withoutComment(line));
      const port = leadingNumber(portAndNetwork);
      if (name === undefined || port === null || port.n === 0 || portAndNetwork[port.digits] !== "/")
        continue;
      const network = portAndNetwork.slice(port.digits + 1);
      for (const service of [name, ...aliases]) this.#ports.set(`${network}/${service}`, port.n);
    }
  }

  // port is that of a service, in upper or lower case, on "tcp" or "udp". Without one it is undefined.
  port(network: string, service: string): number | undefined {
    if (Buffer.byteLength(service) > maxServiceBytes) return undefined;
    return this.#ports.get(`${network}/${lowerASCII(service)}`);
  }
}

// Protocols has the numbers of IP protocols.
export class Protocols {
  readonly #numbers = new Map(builtinProtocols);

  // text is the file. The first line about a protocol holds; what is built in stays.
  constructor(text: string) {
    for (const line of text.split("\n")) {
      const [name, digits = "", ...aliases] = fieldsOf(withoutComment(line));
      const number = leadingNumber(digits);
      if (name === undefined || number === null) continue;
      for (const alias of [name, ...aliases]) {
        if (!this.#numbers.has(alias)) this.#numbers.set(alias, number.n);
      }
    }
  }

  // number is that of a protocol, in upper or lower case. Without one it is undefined.
  number(name: string): number | undefined {
    if (Buffer.byteLength(name) > maxProtocolBytes) return undefined;
    return this.#numbers.get(lowerASCII(name));
  }
}
