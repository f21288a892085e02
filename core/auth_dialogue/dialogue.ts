// A login dialogue as a decision machine: what the client sent or a backend said goes in, what to
// ask or to answer comes out.
//
//            start              reply with both            refused, tries left
//   (none) ────────► form   (none), prompting ─► checking ─────────────────────► prompting
//                                                  │  ▲                 unavailable ─► prompting
//                                        challenge ▼  │ reply           accepted, failed ─► over
//                                               challenged
//
// A person comes in by any one chain. A chain is a list of steps that must all accept; a step that
// refuses or cannot be reached ends its chain, and the next chain is tried. Only when every chain
// has ended is the answer known:
//
//   every chain said no        one failed attempt
//   one could not be reached   unavailable: perhaps that one would have said yes
import type { AuthOutcome } from '../ipc/messages.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import {
  CHALLENGE_INPUT,
  CREDENTIALS_FORM,
  LOGIN_FAILED_FORM,
  PASSWORD_FORM,
  challengeForm,
} from './forms.ts';
import type { Verdict } from './verdict.ts';

/** What an administrator decides about logins (`auth.*` of the configuration). */
export interface DialogueRules {
  readonly chains: readonly (readonly string[])[];
  readonly maxAttempts: number;
  readonly timeoutMs: Milliseconds;
}

/** What is remembered between two requests. null stands for a dialogue that does not exist. */
export type DialogueState = DialogueClock &
  (
    | { readonly phase: 'prompting'; readonly user: string | null }
    | (Check & { readonly phase: 'checking' })
    | (Check & { readonly phase: 'challenged' })
  );

interface DialogueClock {
  /** Refused attempts so far. */
  readonly attempts: number;
  readonly expiresAt: EpochMs;
}

/** Where in the chains a check stands. */
interface Check {
  readonly user: string;
  readonly password: string;
  /** The rules' chains when the check began: a reload must not mix two sets of chains. */
  readonly chains: readonly (readonly string[])[];
  readonly chain: number;
  readonly step: number;
  /** Challenges that this step has made. */
  readonly rounds: number;
  /** Union over the steps of this chain that accepted. */
  readonly groups: readonly string[];
  /** Why a chain could not be asked; null while all could. */
  readonly unavailable: string | null;
}

export type DialogueInput =
  | { readonly kind: 'start'; readonly now: EpochMs }
  | {
      readonly kind: 'reply';
      readonly fields: Readonly<Record<string, string>>;
      readonly now: EpochMs;
    }
  /** Only in phase 'checking'. */
  | { readonly kind: 'verdict'; readonly verdict: Verdict; readonly now: EpochMs };

/** What the caller does next: ask a backend and come back with its verdict, or answer the client. */
export type DialogueEffect =
  | {
      readonly kind: 'verify';
      readonly backend: string;
      readonly user: string;
      readonly password: string;
    }
  /** To the backend that made the challenge. */
  | { readonly kind: 'respond'; readonly backend: string; readonly answer: string }
  | { readonly kind: 'answer'; readonly outcome: AuthOutcome };

export interface DialogueStep {
  /** null: forget the dialogue, it is over or never began. */
  readonly state: DialogueState | null;
  readonly effect: DialogueEffect;
}

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
  if (input.kind === 'start') return start(expired ? null : state);
  if (expired) return fail('The login took too long');
  switch (input.kind) {
    case 'reply':
      return reply(rules, state, input.fields, input.now);
    case 'verdict':
      return judge(rules, state, input.verdict);
  }
}

/** Makes no state: a peer that only knocks costs no memory. */
function start(state: DialogueState | null): DialogueStep {
  if (state?.phase === 'checking') return busy(state);
  if (state === null) return show(null, CREDENTIALS_FORM);
  return show(prompting(state, null), CREDENTIALS_FORM);
}

function reply(
  rules: DialogueRules,
  state: DialogueState | null,
  fields: Readonly<Record<string, string>>,
  now: EpochMs,
): DialogueStep {
  if (state?.phase === 'checking') return busy(state);
  if (state?.phase === 'challenged') return respond(state, fields);

  const clock = state ?? { attempts: 0, expiresAt: now + rules.timeoutMs };
  const user = field(fields, 'username') ?? state?.user ?? null;
  const password = field(fields, 'password');
  if (user === null || user === '') {
    // Also the second half of a login whose first half an earlier auth process saw.
    return show(state, CREDENTIALS_FORM);
  }
  if (password === null) return show(prompting(clock, user), PASSWORD_FORM);
  // Some directories take an empty password for "no login at all" and say yes.
  if (password === '' || !presentable(user, password)) return refuse(rules, clock);
  const { chains } = rules;
  return openChain(rules, clock, { user, password, chains, chain: 0, unavailable: null });
}

function respond(
  state: DialogueState & { phase: 'challenged' },
  fields: Readonly<Record<string, string>>,
): DialogueStep {
  // openconnect renames some inputs to "password" [oc 4.4].
  const answer = field(fields, CHALLENGE_INPUT) ?? field(fields, 'password') ?? '';
  return {
    state: { ...state, phase: 'checking' },
    effect: {
      kind: 'respond',
      backend: state.chains[state.chain]?.[state.step] ?? '',
      answer: answer.slice(0, MAX_PASSWORD_CHARACTERS),
    },
  };
}

function judge(rules: DialogueRules, state: DialogueState | null, verdict: Verdict): DialogueStep {
  // The dialogue had to make room for others while its backend was asked.
  if (state?.phase !== 'checking') {
    return answer(state, { kind: 'unavailable', reason: 'Too many logins at once' });
  }
  const chain = state.chain + 1;
  switch (verdict.kind) {
    case 'accepted':
      return advance(state, verdict.groups);
    case 'refused':
      return openChain(rules, state, { ...state, chain });
    case 'unavailable':
      return openChain(rules, state, { ...state, chain, unavailable: verdict.reason });
    case 'challenge':
      if (state.rounds >= MAX_CHALLENGES) return openChain(rules, state, { ...state, chain });
      return show(
        { ...state, phase: 'challenged', rounds: state.rounds + 1 },
        challengeForm(verdict),
      );
  }
}

/** The current step accepted. */
function advance(
  state: DialogueState & { phase: 'checking' },
  accepted: readonly string[],
): DialogueStep {
  const groups = [...new Set([...state.groups, ...accepted])];
  const backend = state.chains[state.chain]?.[state.step + 1];
  if (backend === undefined) {
    return answer(null, { kind: 'accepted', user: state.user, groups });
  }
  return {
    state: { ...state, step: state.step + 1, rounds: 0, groups },
    effect: { kind: 'verify', backend, user: state.user, password: state.password },
  };
}

/** Asks the first step of `chain`, or concludes when there is no such chain. */
function openChain(
  rules: DialogueRules,
  clock: DialogueClock,
  target: Pick<Check, 'user' | 'password' | 'chains' | 'chain' | 'unavailable'>,
): DialogueStep {
  const { user, password, chains, chain, unavailable } = target;
  const backend = chains[chain]?.[0];
  if (backend !== undefined) {
    const { attempts, expiresAt } = clock;
    const check = { user, password, chains, chain, unavailable };
    return {
      state: { phase: 'checking', attempts, expiresAt, ...check, step: 0, rounds: 0, groups: [] },
      effect: { kind: 'verify', backend, user, password },
    };
  }
  if (unavailable === null) return refuse(rules, clock);
  return answer(prompting(clock, null), { kind: 'unavailable', reason: unavailable });
}

/** One attempt is gone. The text is the same for an unknown user and for a wrong password. */
function refuse(rules: DialogueRules, clock: DialogueClock): DialogueStep {
  const attempts = clock.attempts + 1;
  if (attempts >= rules.maxAttempts) return fail('Authentication failed');
  return show(prompting({ ...clock, attempts }, null), LOGIN_FAILED_FORM);
}

function presentable(user: string, password: string): boolean {
  return (
    user.length <= MAX_USER_CHARACTERS &&
    password.length <= MAX_PASSWORD_CHARACTERS &&
    !/\p{Cc}/u.test(user) &&
    !password.includes('\0')
  );
}

const prompting = (clock: DialogueClock, user: string | null): DialogueState => ({
  phase: 'prompting',
  user,
  attempts: clock.attempts,
  expiresAt: clock.expiresAt,
});

/** Own properties only: the names come from a stranger. */
const field = (fields: Readonly<Record<string, string>>, name: string): string | null =>
  Object.hasOwn(fields, name) ? (fields[name] ?? null) : null;

const answer = (state: DialogueState | null, outcome: AuthOutcome): DialogueStep => ({
  state,
  effect: { kind: 'answer', outcome },
});

/** The caller, who names dialogues, fills in `dialogue`. */
const show = (state: DialogueState | null, form: typeof CREDENTIALS_FORM): DialogueStep =>
  answer(state, { kind: 'form', dialogue: null, form });

const fail = (reason: string): DialogueStep => answer(null, { kind: 'failed', reason });

/** Two requests at once for one dialogue: the first goes on. */
const busy = (state: DialogueState): DialogueStep =>
  answer(state, { kind: 'unavailable', reason: 'This login is already being checked' });
