// What the first form asks, and which group a request means.
import type { Wanted } from './forms.ts';
import { findGroup, withFirst } from './groups.ts';
import type { DialogueRules, DialogueState, Request } from './state.ts';
import { needsCertificate, needsPassword, needsUser } from './steps.ts';

/** null: no form leads anywhere, since every chain wants a certificate that is not there. */
export function wantedFrom(
  rules: DialogueRules,
  state: DialogueState | null,
  request: Request,
): Wanted | null {
  const chains = rules.chains.filter((chain) => request.certificate || !needsCertificate(chain));
  const user = chains.some(needsUser);
  const password = chains.some(needsPassword);
  if (!user && !password) return null;
  const inUrl = findGroup(rules.selectGroup, request.urlGroup);
  const chosen = findGroup(rules.selectGroup, chosenGroup(rules, state, request));
  const asks = rules.selectGroup.length > 1 && inUrl === null;
  const groups = asks ? withFirst(rules.selectGroup, chosen) : [];
  return { user, password, groups, urlGroup: inUrl?.name ?? null };
}

/** The name of the group that the person has chosen by now; null = none. */
export function chosenGroup(
  { selectGroup }: DialogueRules,
  state: DialogueState | null,
  { group, urlGroup }: Request,
): string | null {
  const remembered = state?.phase === 'prompting' ? state.group : null;
  const named = group ?? urlGroup ?? remembered;
  if (selectGroup.length === 0) return named;
  const [only, ...others] = selectGroup;
  if (only !== undefined && others.length === 0) return only.name;
  return findGroup(selectGroup, named)?.name ?? null;
}

/** Chosen from a form that was never ours: the person sees the list again [oc 4.3]. */
export const isUnknownGroup = ({ selectGroup }: DialogueRules, { group }: Request): boolean =>
  selectGroup.length > 1 && group !== null && findGroup(selectGroup, group) === null;
