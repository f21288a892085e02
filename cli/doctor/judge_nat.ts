// Whether clients get an address that the outside can answer to.
import { ok, problem, splitSentence, unchecked, warning } from './finding.ts';
import type { Finding } from './finding.ts';
import { isRecord } from './ruleset.ts';
import type { Ruleset } from './ruleset.ts';

export interface NatFacts {
  /** network.nat */
  readonly wanted: boolean;
  /** A client gets a default route, and the pools are private. */
  readonly clientsLeave: boolean;
  /** The server of this configuration has the table. */
  readonly running: boolean;
  /** Our table's name. */
  readonly table: string;
  readonly ruleset: Ruleset | null;
  readonly trial:
    | { readonly kind: 'works' }
    /** A sentence of server/firewall.ts. */
    | { readonly kind: 'failed'; readonly sentence: string }
    | { readonly kind: 'not-tried' };
}

export function judgeNat({
  wanted,
  clientsLeave,
  running,
  table,
  ruleset,
  trial,
}: NatFacts): Finding[] {
  const id = 'nat';
  if (!wanted) {
    const masquerades = ruleset?.rules.some(({ expressions }) =>
      expressions.some((part) => isRecord(part) && ('masquerade' in part || 'snat' in part)),
    );
    if (!clientsLeave || masquerades !== false) return [ok(id, 'network.nat is off')];
    return [
      warning(
        id,
        'clients send everything through the tunnel, and nothing here masquerades their private addresses',
        'set network.nat = true, or route the pool back to this machine on your router',
      ),
    ];
  }
  if (running) {
    if (ruleset === null) return [unchecked(id, 'whether our table is there is for root to see')];
    return ruleset.tables.includes(`inet ${table}`)
      ? [ok(id, `clients are masqueraded by the table inet ${table}`)]
      : [
          problem(
            id,
            `a server is running, but its table inet ${table} is gone`,
            'restart the server',
          ),
        ];
  }
  switch (trial.kind) {
    case 'works':
      return [ok(id, 'nft and the kernel take our table')];
    case 'not-tried':
      return [unchecked(id, 'nft takes our table from root only')];
    case 'failed': {
      const { what, mend } = splitSentence(trial.sentence.replace(/^network\.nat: /, ''));
      return [problem(id, what, mend)];
    }
  }
}
