// Firewalls of others that let nothing pass between clients and the rest. A container engine's, for one:
// it sets the policy of the forward chain to drop, and lets its own devices through.
import { parseCidr } from '../../core/net/address.ts';
import type { Cidr, Family } from '../../core/net/address.ts';
import { ok, problem, unchecked } from './finding.ts';
import type { Finding } from './finding.ts';
import { overlaps } from './proc_net.ts';
import { isRecord } from './ruleset.ts';
import type { Chain, Rule, Ruleset } from './ruleset.ts';

export interface FirewallFacts {
  /** network.device */
  readonly device: string;
  readonly pools: readonly Cidr[];
  /** What `nft -j list ruleset` says; null = nobody may tell (no root), or there is no nft. */
  readonly ruleset: Ruleset | null;
  /** The output of `iptables-legacy -S` and its sister for IPv6, where their tables are in use. */
  readonly legacy: readonly {
    readonly program: string;
    readonly family: Family;
    readonly rules: string;
  }[];
}

/** Looks for chains of the forward hook that let nothing pass by themselves. */
export function judgeForwardFirewall(facts: FirewallFacts): Finding[] {
  const { device, pools, ruleset, legacy } = facts;
  const blocking = [
    ...(ruleset === null ? [] : blockingChains({ device, pools, ruleset })),
    ...legacy
      .filter(({ family }) => has(pools, family))
      .filter(({ rules }) => /^-P FORWARD DROP$/m.test(rules) && !namesDevice(rules, device))
      .map(({ program, rules }) => ({
        name: `FORWARD of ${program}`,
        mend: iptablesMend(
          program,
          rules.includes('-N DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD',
          device,
        ),
      })),
  ];
  if (blocking.length > 0) {
    return blocking.map(({ name, mend }) =>
      problem(
        'forward-firewall',
        `forwarded packets are dropped in ${name}, and no rule there speaks of ${device}: clients reach this machine only`,
        managerMend(facts) ?? mend,
      ),
    );
  }
  if (ruleset === null) {
    return [
      unchecked(
        'forward-firewall',
        'whether a firewall drops what is forwarded is for root to see',
      ),
    ];
  }
  return [ok('forward-firewall', 'no firewall here drops what is forwarded for clients')];
}

type Known = Pick<FirewallFacts, 'device' | 'pools'> & { readonly ruleset: Ruleset };

interface Blocking {
  readonly name: string;
  readonly mend: string;
}

const blockingChains = (facts: Known): Blocking[] =>
  facts.ruleset.chains
    .filter(({ hook, type }) => hook === 'forward' && type === 'filter')
    .filter(({ family }) => FAMILIES[family]?.some((ours) => has(facts.pools, ours)))
    .filter((chain) => dropsTheRest(chain, facts.ruleset) && !lets(chain, facts))
    .map((chain) => ({
      name: `nftables chain ${chain.family} ${chain.table} ${chain.name}`,
      mend: mendFor(chain, facts),
    }));

/** What passes a chain, by the family of its table; a bridge is no concern of ours. */
const FAMILIES: Readonly<Partial<Record<string, readonly Family[]>>> = {
  ip: [4],
  ip6: [6],
  inet: [4, 6],
};

const has = (pools: readonly Cidr[], family: Family): boolean =>
  pools.some(({ address }) => address.family === family);

function dropsTheRest(chain: Chain, ruleset: Ruleset): boolean {
  if (chain.policy === 'drop') return true;
  const last = rulesOf(chain, ruleset)
    .at(-1)
    ?.expressions.filter((part) => !isCounter(part));
  const [only] = last?.length === 1 ? last : [];
  return isRefusal(only);
}

/** Counters and log lines decide nothing. */
const isCounter = (part: unknown): boolean =>
  isRecord(part) && ('counter' in part || 'log' in part);

/** A rule of the chain, or of those that it jumps to, is for our clients and does not drop. */
function lets(chain: Chain, facts: Known, seen = new Set<string>()): boolean {
  if (seen.has(chain.name)) return false;
  seen.add(chain.name);
  return rulesOf(chain, facts.ruleset).some((rule) => {
    const { expressions } = rule;
    if (!expressions.some(isRefusal) && isForClients(expressions, facts)) return true;
    return targetsOf(rule).some((target) => {
      const next = facts.ruleset.chains.find(
        ({ family, table, name }) =>
          family === chain.family && table === chain.table && name === target,
      );
      return next !== undefined && lets(next, facts, seen);
    });
  });
}

const isRefusal = (part: unknown): boolean =>
  isRecord(part) && ('drop' in part || 'reject' in part);

/** It accepts all that comes, or asks for our device or a pool in one of its matches. */
function isForClients(expressions: readonly unknown[], { device, pools }: Known): boolean {
  const matches = expressions.flatMap((part) => {
    const match = isRecord(part) ? part['match'] : undefined;
    return isRecord(match) ? [match] : [];
  });
  const accepts = expressions.some((part) => isRecord(part) && 'accept' in part);
  const asksNothing = expressions.every(
    (part) => isCounter(part) || (isRecord(part) && 'accept' in part),
  );
  if (accepts && asksNothing) return true;
  return matches.some(({ op, left, right }) => {
    if (op !== '==') return false;
    const subject = JSON.stringify(left);
    if (/"(iifname|oifname|iif|oif)"/.test(subject)) {
      return stringsIn(right).some((name) => isNameOf(name, device));
    }
    return (
      /"(saddr|daddr)"/.test(subject) &&
      networksIn(right).some((network) => pools.some((pool) => overlaps(network, pool)))
    );
  });
}

/** "wolf*" means all that begin so. */
const isNameOf = (name: string, device: string): boolean =>
  name.endsWith('*') ? device.startsWith(name.slice(0, -1)) : name === device;

/** nft writes a network as {"prefix": {"addr": …, "len": …}}. */
function networksIn(value: unknown): Cidr[] {
  if (Array.isArray(value)) return value.flatMap(networksIn);
  if (typeof value === 'string') {
    const network = parseCidr(value)?.network;
    return network === undefined ? [] : [network];
  }
  if (!isRecord(value)) return [];
  const prefix = value['prefix'];
  if (!isRecord(prefix)) return Object.values(value).flatMap(networksIn);
  return networksIn(`${String(prefix['addr'])}/${String(prefix['len'])}`);
}

const targetsOf = ({ expressions }: Rule): string[] =>
  expressions.flatMap((part) => {
    const jump = isRecord(part) ? (part['jump'] ?? part['goto']) : undefined;
    return isRecord(jump) && typeof jump['target'] === 'string' ? [jump['target']] : [];
  });

const stringsIn = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.flatMap(stringsIn)
      : isRecord(value)
        ? Object.values(value).flatMap(stringsIn)
        : [];

const rulesOf = (chain: Chain, { rules }: Ruleset): Rule[] =>
  rules.filter(
    ({ family, table, chain: name }) =>
      family === chain.family && table === chain.table && name === chain.name,
  );

function mendFor(chain: Chain, { ruleset, device }: Known): string {
  const { family, table, name } = chain;
  // The tables that iptables writes through nftables: nft should not change them.
  if (table === 'filter' && name === 'FORWARD' && family !== 'inet') {
    const isDocker = ruleset.chains.some(
      (other) => other.family === family && other.table === table && other.name === 'DOCKER-USER',
    );
    const program = family === 'ip' ? 'iptables' : 'ip6tables';
    return iptablesMend(program, isDocker ? 'DOCKER-USER' : 'FORWARD', device);
  }
  const where = `${family} ${table} ${name}`;
  return `nft "insert rule ${where} iifname ${device} accept; insert rule ${where} oifname ${device} accept"`;
}

const iptablesMend = (program: string, chain: string, device: string): string =>
  `${program} -I ${chain} -i ${device} -j ACCEPT && ${program} -I ${chain} -o ${device} -j ACCEPT`;

/** ufw and firewalld have commands of their own, and would undo what others insert. */
function managerMend({ ruleset, device }: FirewallFacts): string | undefined {
  if (ruleset?.tables.includes('inet firewalld') === true) {
    return `firewall-cmd --permanent --zone=trusted --add-interface=${device} && firewall-cmd --reload`;
  }
  return ruleset?.chains.some(({ name }) => /^ufw6?-/.test(name)) === true
    ? `ufw route allow in on ${device} && ufw route allow out on ${device}`
    : undefined;
}

/** A rule that accepts by device. */
const namesDevice = (rules: string, device: string): boolean =>
  rules
    .split('\n')
    .some(
      (rule) =>
        rule
          .split(' ')
          .some(
            (word, index, words) => word === device && /^-[io]$/.test(words[index - 1] ?? ''),
          ) && rule.endsWith('ACCEPT'),
    );
