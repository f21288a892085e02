// Which of the offered groups a person means and may have [oc 4.3].
import type { SelectableGroup } from '../ipc/messages.ts';

/**
 * The offered group that a client names, by name or by label: some versions of AnyConnect send the
 * label. Case counts only where it makes a difference. null = no such group.
 */
export function findGroup(
  offered: readonly SelectableGroup[],
  named: string | null,
): SelectableGroup | null {
  if (named === null) return null;
  const exact =
    offered.find(({ name }) => name === named) ?? offered.find(({ label }) => label === named);
  if (exact !== undefined) return exact;
  const folded = named.toLowerCase();
  const near = offered.filter(
    ({ name, label }) => name.toLowerCase() === folded || label.toLowerCase() === folded,
  );
  return near.length === 1 ? (near[0] ?? null) : null;
}

/** The same groups with one in front: several clients take the first for the chosen one. */
export const withFirst = (
  groups: readonly SelectableGroup[],
  first: SelectableGroup | null,
): readonly SelectableGroup[] =>
  first === null ? groups : [first, ...groups.filter(({ name }) => name !== first.name)];

/** What becomes of the groups that the backends gave. */
export type GroupChoice =
  /** In the order of the session: its group first. */
  | { readonly kind: 'settled'; readonly groups: readonly string[] }
  | { readonly kind: 'ask'; readonly eligible: readonly SelectableGroup[] }
  /** A group was chosen that the person is not in. */
  | { readonly kind: 'refused' };

export function chooseGroup(
  offered: readonly SelectableGroup[],
  chosen: string | null,
  own: readonly string[],
): GroupChoice {
  const settle = (group: string): GroupChoice => ({
    kind: 'settled',
    groups: [group, ...own.filter((name) => name !== group)],
  });
  if (chosen !== null && own.includes(chosen)) return settle(chosen);
  // Where groups are not asked for, a URL with one is a wish.
  if (offered.length === 0) return { kind: 'settled', groups: own };
  if (chosen !== null) return { kind: 'refused' };
  const eligible = offered.filter(({ name }) => own.includes(name));
  const [only, ...others] = eligible;
  if (only === undefined) return { kind: 'settled', groups: own };
  return others.length === 0 ? settle(only.name) : { kind: 'ask', eligible };
}
