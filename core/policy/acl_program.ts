// A policy as the engine wants it (native/src/acl_program.h): all addresses of each family cut into
// ranges, each range with a class, each class a short list of what is allowed and denied there.
// Which prefixes a range lies in, and which of two lists wins, is settled here, once.
//
//   magic u32 │ ranges of IPv4 u32 │ of IPv6 u32 │ classes u32 │ matches u32
//   IPv4: first address u32 …, class u16 …   IPv6: first address 16 bytes …, class u16 …
//   class: first match u32, matches u16, otherwise u8, 0 u8
//   match: protocol u8, flags u8, lowest port u16, highest port u16
//
// Numbers are little-endian, IPv6 addresses in network order. Ranges ascend from address 0; the
// matches of a class are tried in order; bit 0 of flags and `otherwise` is "allowed", bit 1 of flags
// "whatever the port".
import type { Cidr, Family } from '../net/address.ts';
import { aggregate } from '../net/aggregate.ts';
import { enforcedRoutes } from './acl.ts';
import { ACL_PROTOCOLS, isOfFamily } from './acl_rule.ts';
import type { AclRule } from './acl_rule.ts';
import { cutIntoRanges } from './address_ranges.ts';
import type { MarkedNetwork, Range } from './address_ranges.ts';
import { hasDefaultRoute } from './policy.ts';
import type { PolicyLists } from './policy.ts';

export const ACL_MAGIC = 0x3143_4157;
/** The engine counts classes in 16 bits, and takes no more matches than this. */
export const MOST_CLASSES = 0xffff;
export const MOST_MATCHES = 1 << 20;

/** Whether what the client sends is judged at all, apart from client_to_client. */
export const needsProgram = (policy: PolicyLists): boolean =>
  policy.allow.length > 0 ||
  policy.deny.length > 0 ||
  (policy.enforce_routes && (policy.no_routes.length > 0 || !hasDefaultRoute(policy)));

/** undefined: the rules of the policy overlap in more ways than an engine takes. */
export function compileAcl(policy: PolicyLists): Uint8Array | undefined {
  const enforced = policy.enforce_routes;
  const onlyRoutes = enforced && !hasDefaultRoute(policy);
  const matches = new MatchTable();
  const rules: readonly Rule[] = [
    ...policy.deny.map((rule) => ({ rule, allowed: false, matches: matches.of(rule, false) })),
    ...policy.allow.map((rule) => ({ rule, allowed: true, matches: matches.of(rule, true) })),
  ];
  const marked: MarkedNetwork[] = [
    ...(onlyRoutes ? mark(aggregate(enforcedRoutes(policy)), INSIDE) : []),
    ...(enforced ? mark(aggregate(policy.no_routes), EXCLUDED) : []),
    ...rules.flatMap(({ rule: { network } }, index) =>
      network === null ? [] : [{ network, mark: FIRST_RULE + index }],
    ),
  ];
  const everywhere = rules.flatMap(({ rule: { network } }, index) =>
    network === null ? [FIRST_RULE + index] : [],
  );
  const program = new ProgramWriter();
  for (const family of FAMILIES) {
    const known = new Map<string, ClassContent>();
    const contentFor = (marks: readonly number[]): ClassContent => {
      const here = [...everywhere, ...marks.filter((value) => value >= FIRST_RULE)];
      const holding = here
        .sort((a, b) => a - b)
        .flatMap((value) => rules[value - FIRST_RULE] ?? [])
        .filter(({ rule }) => isOfFamily(rule, family));
      return contentOf(holding, policy.allow.length > 0);
    };
    program.addFamily(
      family,
      cutIntoRanges(family, marked).map(({ first, marks }) => {
        const outside = marks.includes(EXCLUDED) || (onlyRoutes && !marks.includes(INSIDE));
        if (outside) return { first, content: NOTHING_ALLOWED };
        const key = marks.join();
        const content = known.get(key) ?? contentFor(marks);
        known.set(key, content);
        return { first, content };
      }),
    );
  }
  return program.finish();
}

const FAMILIES: readonly Family[] = [4, 6];
const INSIDE = 0;
const EXCLUDED = 1;
const FIRST_RULE = 2;

interface Rule {
  readonly rule: AclRule;
  readonly allowed: boolean;
  readonly matches: readonly Match[];
}

interface Match {
  /** Equal matches have the same number. */
  readonly number: number;
  readonly protocol: number;
  readonly allowed: boolean;
  readonly wholeProtocol: boolean;
  readonly low: number;
  readonly high: number;
}

/** What holds in a range: the first match decides, else `otherwise`. */
interface ClassContent {
  readonly matches: readonly Match[];
  readonly otherwise: boolean;
}

const NOTHING_ALLOWED: ClassContent = { matches: [], otherwise: false };

/** Of equal contents, and a hundred times shorter than they are: there may be thousands of them. */
const keyOf = ({ matches, otherwise }: ClassContent): string =>
  `${otherwise}:${matches.map(({ number }) => number).join()}`;

const mark = (networks: readonly Cidr[], value: number): MarkedNetwork[] =>
  networks.map((network) => ({ network, mark: value }));

/** `rules`: those that hold here, deny before allow. */
function contentOf(rules: readonly Rule[], hasAllow: boolean): ClassContent {
  const isForAll = ({ rule, allowed }: Rule, which: boolean): boolean =>
    rule.protocol === null && allowed === which;
  if (rules.some((rule) => isForAll(rule, false))) return NOTHING_ALLOWED;
  const otherwise = !hasAllow || rules.some((rule) => isForAll(rule, true));
  // What "otherwise" says anyway needs no match.
  const telling = otherwise ? rules.filter(({ allowed }) => !allowed) : rules;
  return { matches: telling.flatMap(({ matches }) => matches), otherwise };
}

/** What rules match, each once. */
class MatchTable {
  readonly #known = new Map<string, Match>();

  of({ protocol, ports }: AclRule, allowed: boolean): Match[] {
    if (protocol === null) return [];
    const number = ACL_PROTOCOLS[protocol];
    if (ports.length === 0) return [this.#match(number, allowed, true, 0, 65535)];
    return ports.map(({ low, high }) => this.#match(number, allowed, false, low, high));
  }

  #match(
    protocol: number,
    allowed: boolean,
    wholeProtocol: boolean,
    low: number,
    high: number,
  ): Match {
    const key = [protocol, allowed, wholeProtocol, low, high].join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const match = { number: this.#known.size, protocol, allowed, wholeProtocol, low, high };
    this.#known.set(key, match);
    return match;
  }
}

interface FilledRange extends Pick<Range, 'first'> {
  readonly content: ClassContent;
}

/** Gathers ranges; equal contents share a class, neighbours of one class are one range. */
class ProgramWriter {
  readonly #classes = new Map<string, number>();
  readonly #seen = new Map<ClassContent, number>();
  readonly #contents: ClassContent[] = [];
  readonly #families = new Map<Family, { first: bigint; class: number }[]>();

  addFamily(family: Family, ranges: readonly FilledRange[]): void {
    const kept: { first: bigint; class: number }[] = [];
    for (const { first, content } of ranges) {
      const number = this.#classOf(content);
      if (kept.at(-1)?.class !== number) kept.push({ first, class: number });
    }
    this.#families.set(family, kept);
  }

  finish(): Uint8Array | undefined {
    const v4 = this.#families.get(4) ?? [];
    const v6 = this.#families.get(6) ?? [];
    const matches = this.#contents.reduce((sum, content) => sum + content.matches.length, 0);
    if (this.#contents.length > MOST_CLASSES || matches > MOST_MATCHES) return undefined;
    if (this.#contents.some((content) => content.matches.length > 0xffff)) return undefined;
    const size = 20 + v4.length * 6 + v6.length * 18 + this.#contents.length * 8 + matches * 6;
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    let at = 0;
    const u32 = (value: number): void => view.setUint32((at += 4) - 4, value, true);
    const u16 = (value: number): void => view.setUint16((at += 2) - 2, value, true);
    const u8 = (value: number): void => view.setUint8((at += 1) - 1, value);
    [ACL_MAGIC, v4.length, v6.length, this.#contents.length, matches].forEach(u32);
    for (const { first } of v4) u32(Number(first));
    for (const range of v4) u16(range.class);
    for (const { first } of v6) {
      view.setBigUint64(at, first >> 64n);
      view.setBigUint64(at + 8, first & 0xffff_ffff_ffff_ffffn);
      at += 16;
    }
    for (const range of v6) u16(range.class);
    let firstMatch = 0;
    for (const content of this.#contents) {
      u32(firstMatch);
      u16(content.matches.length);
      u8(Number(content.otherwise));
      u8(0);
      firstMatch += content.matches.length;
    }
    for (const match of this.#contents.flatMap((content) => content.matches)) {
      u8(match.protocol);
      u8(Number(match.allowed) | (Number(match.wholeProtocol) << 1));
      u16(match.low);
      u16(match.high);
    }
    return bytes;
  }

  #classOf(content: ClassContent): number {
    const seen = this.#seen.get(content);
    if (seen !== undefined) return seen;
    const key = keyOf(content);
    const number = this.#classes.get(key) ?? this.#contents.push(content) - 1;
    this.#classes.set(key, number);
    this.#seen.set(content, number);
    return number;
  }
}
