// The ruleset as `nft -j list ruleset` prints it, as far as anybody here asks.

export interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** '' = a chain that others jump to. */
  readonly hook: string;
  readonly type: string;
  readonly policy: string;
}

export interface Rule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly expressions: readonly unknown[];
}

export interface Ruleset {
  /** "inet NAME" */
  readonly tables: readonly string[];
  readonly chains: readonly Chain[];
  /** In their order. */
  readonly rules: readonly Rule[];
}

/** null when the text is no such thing. */
export function parseRuleset(json: string): Ruleset | null {
  const entries = entriesOf(json);
  if (entries === null) return null;
  const of = (kind: string): Record<string, unknown>[] =>
    entries.flatMap((entry) => {
      const value = isRecord(entry) ? entry[kind] : undefined;
      return isRecord(value) ? [value] : [];
    });
  return {
    tables: of('table').map((table) => `${word(table, 'family')} ${word(table, 'name')}`),
    chains: of('chain').map((chain) => ({
      family: word(chain, 'family'),
      table: word(chain, 'table'),
      name: word(chain, 'name'),
      hook: word(chain, 'hook'),
      type: word(chain, 'type'),
      policy: word(chain, 'policy'),
    })),
    rules: of('rule').map((rule) => ({
      family: word(rule, 'family'),
      table: word(rule, 'table'),
      chain: word(rule, 'chain'),
      expressions: Array.isArray(rule['expr']) ? (rule['expr'] as unknown[]) : [],
    })),
  };
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function entriesOf(json: string): readonly unknown[] | null {
  try {
    const document: unknown = JSON.parse(json);
    const entries = isRecord(document) ? document['nftables'] : undefined;
    return Array.isArray(entries) ? entries : null;
  } catch {
    return null;
  }
}

function word(from: Record<string, unknown>, key: string): string {
  const value = from[key];
  return typeof value === 'string' ? value : '';
}
