// A login dialogue as a decision machine: what the client sent or a backend said goes in, what to
// ask or to answer comes out.
//
//            start              reply with all            refused, tries left
//   (none) ────────► form   (none), prompting ─► checking ─────────────────────► prompting
//      │                                          │  ▲  │     unavailable ─► prompting
//      │ a certificate says it all      challenge ▼  │  │     accepted, failed ─► over
//      └─────────────► checking                 challenged
//                                                 several groups ─► choosing ─► over
//
// A person comes in by any one chain. A chain is a list of steps that must all accept; a step that
// refuses or cannot be reached ends its chain, and the next chain is tried. A chain that cannot be
// asked with what the person has shown (no certificate, no password) is passed over. Only when every
// chain has ended is the answer known:
//
//   every chain said no        one failed attempt
//   one could not be reached   unavailable: perhaps that one would have said yes
import type { AuthOutcome, LoginForm } from '../ipc/messages.ts';
import { NO_ATTRIBUTES, mergeAttributes } from '../policy/attributes.ts';
import type { EpochMs } from '../units.ts';
import {
  CHALLENGE_INPUT,
  challengeForm,
  credentialsForm,
  groupForm,
  loginFailedForm,
} from './forms.ts';
import { chooseGroup, findGroup } from './groups.ts';
import type {
  Accepted,
  Check,
  DialogueClock,
  DialogueInput,
  DialogueRules,
  DialogueState,
  DialogueStep,
  Request,
} from './state.ts';
import { isOpenTo, needsCertificate } from './steps.ts';
import type { Known } from './steps.ts';
import type { Verdict } from './verdict.ts';
import { chosenGroup, isUnknownGroup, wantedFrom } from './wanted.ts';

// Bounds of what is handed to a backend. Longer than any directory or libcrypt (512) takes.
const MAX_USER_CHARACTERS = 256;
const MAX_PASSWORD_CHARACTERS = 512;
// As many as ocserv allows in RADIUS [oc 4.4]; a backend that asks on and on is broken.
const MAX_CHALLENGES = 16;

/** Advances one dialogue; `state` is null for one that is unknown. */
export function step(
  rules: DialogueRules,
  state: DialogueState | null,
  input: DialogueInput,
): DialogueStep {
  const expired = state !== null && input.now >= state.expiresAt;
  // Clients send their old cookies along when they begin anew.
  if (input.kind === 'start') return start(rules, expired ? null : state, input);
  if (expired) return fail('The login took too long', false);
  switch (input.kind) {
    case 'reply':
      return reply(rules, state, input);
    case 'verdict':
      return judge(rules, state, input.verdict);
  }
}

/** A peer that only knocks costs no memory: only one with a sound certificate may begin a check. */
function start(rules: DialogueRules, state: DialogueState | null, request: Request): DialogueStep {
  if (state?.phase === 'checking') return busy(state);
  const known: Known = { user: '', password: '', certificate: request.certificate };
  const chains = rules.chains.filter((chain) => isOpenTo(chain, known));
  const wanted = wantedFrom(rules, state, request);
  if (chains.length > 0) {
    const clock = clockOf(rules, state, request.now);
    const group = chosenGroup(rules, state, request);
    return openChain(rules, clock, { ...newCheck(known), group, wanted, chains, silent: true });
  }
  if (wanted === null) return fail('No certificate', false);
  return show(state === null ? null : prompting(state, null), credentialsForm(wanted));
}

function reply(
  rules: DialogueRules,
  state: DialogueState | null,
  request: Request & { readonly fields: Readonly<Record<string, string>> },
): DialogueStep {
  const { fields } = request;
  if (state?.phase === 'checking') return busy(state);
  if (state?.phase === 'challenged') return respond(state, fields);
  if (state?.phase === 'choosing') return choose(state, request);

  const wanted = wantedFrom(rules, state, request);
  if (wanted === null) return fail('No certificate', false);
  const clock = clockOf(rules, state, request.now);
  const user = field(fields, 'username') ?? state?.user ?? '';
  const password = field(fields, 'password');
  const group = chosenGroup(rules, state, request);
  if ((wanted.user && user === '') || isUnknownGroup(rules, request)) {
    // Also the second half of a login whose first half an earlier auth process saw.
    return show(state, credentialsForm(wanted));
  }
  if (password === null && wanted.password) {
    const rest = { ...wanted, user: false, groups: [] };
    return show(prompting(clock, { user, group }), credentialsForm(rest));
  }
  const known: Known = { user, password: password ?? '', certificate: request.certificate };
  // Some directories take an empty password for "no login at all" and say yes: it opens no chain
  // that takes one.
  const chains = presentable(known) ? rules.chains.filter((chain) => isOpenTo(chain, known)) : [];
  return openChain(rules, clock, { ...newCheck(known), group, wanted, chains });
}

function respond(
  state: DialogueState & { phase: 'challenged' },
  fields: Readonly<Record<string, string>>,
): DialogueStep {
  // openconnect renames some inputs to "password" [oc 4.4].
  const answer = field(fields, CHALLENGE_INPUT) ?? field(fields, 'password') ?? '';
  return {
    // Somebody has typed something: from now on a refusal is an attempt.
    state: { ...state, phase: 'checking', silent: false },
    effect: {
      kind: 'respond',
      backend: state.chains[state.chain]?.[state.step] ?? '',
      answer: answer.slice(0, MAX_PASSWORD_CHARACTERS),
    },
  };
}

function choose(state: DialogueState & { phase: 'choosing' }, { group }: Request): DialogueStep {
  const chosen = findGroup(state.eligible, group);
  if (chosen === null) return show(state, groupForm(state.eligible));
  const others = state.groups.filter((name) => name !== chosen.name);
  return accept({ ...state, groups: [chosen.name, ...others] });
}

function judge(rules: DialogueRules, state: DialogueState | null, verdict: Verdict): DialogueStep {
  // The dialogue had to make room for others while its backend was asked.
  if (state?.phase !== 'checking') {
    return answer(state, { kind: 'unavailable', reason: 'Too many logins at once' });
  }
  switch (verdict.kind) {
    case 'accepted':
      return advance(rules, state, verdict);
    case 'refused':
      return nextChain(rules, state);
    case 'unavailable':
      return nextChain(rules, { ...state, unavailable: verdict.reason });
    case 'challenge':
      if (state.rounds >= MAX_CHALLENGES) return nextChain(rules, state);
      return show(
        { ...state, phase: 'challenged', rounds: state.rounds + 1 },
        challengeForm(verdict),
      );
  }
}

/** The current step accepted. */
function advance(
  rules: DialogueRules,
  state: DialogueState & { phase: 'checking' },
  verdict: Extract<Verdict, { kind: 'accepted' }>,
): DialogueStep {
  const chain = state.chains[state.chain] ?? [];
  const user = verdict.user ?? state.user;
  // Where a certificate and a password are asked for, both must speak of one person [oc 4.5].
  const fixed = state.named || (state.typed !== '' && needsCertificate(chain));
  if (user === '' || (fixed && user !== state.user)) {
    return nextChain(rules, state);
  }
  const next: DialogueState & { phase: 'checking' } = {
    ...state,
    user,
    named: state.named || verdict.user !== undefined,
    groups: [...new Set([...state.groups, ...verdict.groups])],
    attributes: mergeAttributes(state.attributes, verdict.attributes ?? NO_ATTRIBUTES),
    step: state.step + 1,
    rounds: 0,
  };
  return next.step < chain.length ? ask(next) : settle(rules, next);
}

/** A whole chain accepted: only the group may still be open. */
function settle(rules: DialogueRules, state: DialogueState & { phase: 'checking' }): DialogueStep {
  const { attempts, expiresAt, user, attributes } = state;
  const choice = chooseGroup(rules.selectGroup, state.group, state.groups);
  switch (choice.kind) {
    case 'settled':
      return accept({ user, attributes, groups: choice.groups });
    case 'refused':
      return nextChain(rules, state);
    case 'ask': {
      const { eligible } = choice;
      const accepted = { user, attributes, groups: state.groups };
      return show(
        { phase: 'choosing', attempts, expiresAt, ...accepted, eligible },
        groupForm(eligible),
      );
    }
  }
}

/** The current chain has ended without success. */
const nextChain = (
  rules: DialogueRules,
  state: DialogueState & { phase: 'checking' },
): DialogueStep => openChain(rules, state, { ...state, chain: state.chain + 1 });

/** Asks the first step of a chain, or concludes when there is no such chain. */
function openChain(
  rules: DialogueRules,
  { attempts, expiresAt }: DialogueClock,
  check: Check,
): DialogueStep {
  if (check.chain < check.chains.length) {
    const { chain, unavailable, typed: user } = check;
    const begun = { ...check, ...NOTHING_FOUND, user, chain, unavailable };
    return ask({ ...begun, phase: 'checking', attempts, expiresAt });
  }
  const clock = { attempts, expiresAt };
  if (check.unavailable !== null) {
    return answer(prompting(clock, null), { kind: 'unavailable', reason: check.unavailable });
  }
  return refuse(rules, clock, check);
}

/** One attempt is gone. The text is the same for an unknown user and for a wrong password. */
function refuse(rules: DialogueRules, clock: DialogueClock, check: Check): DialogueStep {
  const { wanted } = check;
  if (check.silent) {
    if (wanted === null) return fail('Certificate is not accepted', false);
    return show(prompting(clock, null), credentialsForm(wanted));
  }
  const attempts = clock.attempts + 1;
  if (attempts >= rules.maxAttempts || wanted === null) return fail('Authentication failed', true);
  return show(prompting({ ...clock, attempts }, null), loginFailedForm(wanted), true);
}

// ─── small steps ──────────────────────────────────────────────────────────────────────────────

/** What a chain has found out when it begins. */
const NOTHING_FOUND = {
  step: 0,
  rounds: 0,
  groups: [],
  attributes: NO_ATTRIBUTES,
  named: false,
} as const;

const newCheck = ({ user, password }: Known): Omit<Check, 'group' | 'wanted' | 'chains'> => ({
  ...NOTHING_FOUND,
  user,
  typed: user,
  password,
  chain: 0,
  silent: false,
  unavailable: null,
});

const ask = (state: DialogueState & { phase: 'checking' }): DialogueStep => ({
  state,
  effect: {
    kind: 'verify',
    backend: state.chains[state.chain]?.[state.step] ?? '',
    user: state.user,
    password: state.password,
    group: state.group,
  },
});

const presentable = ({ user, password }: Known): boolean =>
  user.length <= MAX_USER_CHARACTERS &&
  password.length <= MAX_PASSWORD_CHARACTERS &&
  !/\p{Cc}/u.test(user) &&
  !password.includes('\0');

const clockOf = (
  { timeoutMs }: DialogueRules,
  state: DialogueState | null,
  now: EpochMs,
): DialogueClock => state ?? { attempts: 0, expiresAt: now + timeoutMs };

const prompting = (
  { attempts, expiresAt }: DialogueClock,
  known: { readonly user: string; readonly group: string | null } | null,
): DialogueState => ({
  phase: 'prompting',
  user: known?.user ?? null,
  group: known?.group ?? null,
  attempts,
  expiresAt,
});

/** Own properties only: the names come from a stranger. */
const field = (fields: Readonly<Record<string, string>>, name: string): string | null =>
  Object.hasOwn(fields, name) ? (fields[name] ?? null) : null;

const answer = (state: DialogueState | null, outcome: AuthOutcome): DialogueStep => ({
  state,
  effect: { kind: 'answer', outcome },
});

const accept = ({ user, groups, attributes }: Accepted): DialogueStep =>
  answer(null, { kind: 'accepted', user, groups, attributes });

/** The caller, who names dialogues, fills in `dialogue`. */
const show = (state: DialogueState | null, form: LoginForm, refused = false): DialogueStep =>
  answer(state, { kind: 'form', dialogue: null, form, refused });

const fail = (reason: string, refused: boolean): DialogueStep =>
  answer(null, { kind: 'failed', reason, refused });

/** Two requests at once for one dialogue: the first goes on. */
const busy = (state: DialogueState): DialogueStep =>
  answer(state, { kind: 'unavailable', reason: 'This login is already being checked' });
