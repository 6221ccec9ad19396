// The records that name servers keep besides addresses, and the order in which to use them.

import { brand } from "./errorvalue.js";

/** MXFields are the fields of an {@link MX}; what is left out is empty. */
export interface MXFields {
  readonly Host?: string;
  readonly Pref?: number;
}

/** MX is one mail server of a domain. */
export class MX {
  static {
    brand(MX, "MX");
  }

  /** Host is the server's name. */
  Host: string;
  /** Pref is its preference: the lowest is to be used first. */
  Pref: number;

  constructor(fields: MXFields = {}) {
    this.Host = fields.Host ?? "";
    this.Pref = fields.Pref ?? 0;
  }
}

/** NS is one name server of a domain. */
export class NS {
  static {
    brand(NS, "NS");
  }

  /** Host is the server's name. */
  Host: string;

  constructor(fields: { readonly Host?: string } = {}) {
    this.Host = fields.Host ?? "";
  }
}

/** SRVFields are the fields of an {@link SRV}; what is left out is empty. */
export interface SRVFields {
  readonly Target?: string;
  readonly Port?: number;
  readonly Priority?: number;
  readonly Weight?: number;
}

/** SRV is one server of a service (RFC 2782). */
export class SRV {
  static {
    brand(SRV, "SRV");
  }

  /** Target is the server's name. */
  Target: string;
  /** Port is where it listens. */
  Port: number;
  /** Priority puts servers in order: the lowest is to be used first. */
  Priority: number;
  /** Weight shares the load between servers of one priority: twice the weight, twice as often. */
  Weight: number;

  constructor(fields: SRVFields = {}) {
    this.Target = fields.Target ?? "";
    this.Port = fields.Port ?? 0;
    this.Priority = fields.Priority ?? 0;
    this.Weight = fields.Weight ?? 0;
  }
}

/** Random gives an integer from 0 to below n, each as likely. */
export type Random = (n: number) => number;

const anyBelow: Random = (n) => Math.floor(Math.random() * n);

/** sortMX orders mail servers by preference, those of equal preference at random (RFC 5321, 5.1). */
export function sortMX(list: readonly MX[], random: Random = anyBelow): MX[] {
  return shuffled(list, random).sort((a, b) => a.Pref - b.Pref);
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const rest = [...list];
  return list.map(() => rest.splice(random(rest.length), 1)[0] as T);
}

/**
 * sortSRV orders servers by priority, those of equal priority at random, where the chance to be next is that of a
 * server's weight among those that are left (RFC 2782). Without weight a server comes after those that have some.
 */
export function sortSRV(list: readonly SRV[], random: Random = anyBelow): SRV[] {
  const priorities = [...new Set(list.map((s) => s.Priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    byWeight(
      list.filter((s) => s.Priority === priority),
      random,
    ),
  );
}

function byWeight(list: readonly SRV[], random: Random): SRV[] {
  const rest = [...list].sort((a, b) => a.Weight - b.Weight);
  const chosen: SRV[] = [];
  for (let sum = rest.reduce((n, s) => n + s.Weight, 0); sum > 0 && rest.length > 0; ) {
    let at = random(sum);
    const next = rest.findIndex((s) => {
      at -= s.Weight;
      return at < 0;
    });
    const [server] = rest.splice(next, 1) as [SRV];
    sum -= server.Weight;
    chosen.push(server);
  }
  return [...chosen, ...rest];
}
