// What goes into a login dialogue, what it remembers, and what it wants done.
import type { AuthOutcome, SelectableGroup } from '../ipc/messages.ts';
import type { SessionAttributes } from '../policy/attributes.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import type { Wanted } from './forms.ts';
import type { Verdict } from './verdict.ts';

/** What an administrator decides about logins (`auth.*` of the configuration). */
export interface DialogueRules {
  readonly chains: Chains;
  readonly maxAttempts: number;
  readonly timeoutMs: Milliseconds;
  /** Empty: nobody is asked for a group. */
  readonly selectGroup: readonly SelectableGroup[];
}

export type Chains = readonly (readonly string[])[];

/** What is remembered between two requests. null stands for a dialogue that does not exist. */
export type DialogueState = DialogueClock &
  (
    | { readonly phase: 'prompting'; readonly user: string | null; readonly group: string | null }
    | (Check & { readonly phase: 'checking' })
    | (Check & { readonly phase: 'challenged' })
    | (Accepted & {
        readonly phase: 'choosing';
        readonly eligible: readonly SelectableGroup[];
      })
  );

export interface DialogueClock {
  /** Refused attempts so far. */
  readonly attempts: number;
  readonly expiresAt: EpochMs;
}

/** Somebody whom a whole chain has accepted. */
export interface Accepted {
  readonly user: string;
  readonly groups: readonly string[];
  readonly attributes: SessionAttributes;
}

/** Where in the chains a check stands. */
export interface Check extends Accepted {
  /** What the person typed as a name; '' = nothing. `user` is what the chain has made of it. */
  readonly typed: string;
  /** '' = none was asked for. */
  readonly password: string;
  /** The group that was chosen; null = none. */
  readonly group: string | null;
  /** A step of this chain has said the name, which no later one may change. */
  readonly named: boolean;
  /** What to ask when all is refused; null = there is nothing to ask. */
  readonly wanted: Wanted | null;
  /** Nobody has typed anything: a certificate alone is being tried. */
  readonly silent: boolean;
  /** The rules' chains when the check began: a reload must not mix two sets of chains. */
  readonly chains: Chains;
  readonly chain: number;
  readonly step: number;
  /** Challenges that this step has made. */
  readonly rounds: number;
  /** Why a chain could not be asked; null while all could. */
  readonly unavailable: string | null;
}

/** What comes with every request of a client. */
export interface Request {
  /** By its name or its label, from the form or from the URL; null = none. */
  readonly group: string | null;
  /** The same when it stood in the URL: then no form asks for it. */
  readonly urlGroup: string | null;
  /** The client has shown a certificate that tls.client_ca vouches for. */
  readonly certificate: boolean;
  readonly now: EpochMs;
}

export type DialogueInput =
  | (Request & { readonly kind: 'start' })
  | (Request & { readonly kind: 'reply'; readonly fields: Readonly<Record<string, string>> })
  /** Only in phase 'checking'. */
  | { readonly kind: 'verdict'; readonly verdict: Verdict; readonly now: EpochMs };

/** What the caller does next: ask a backend and come back with its verdict, or answer the client. */
export type DialogueEffect =
  | {
      readonly kind: 'verify';
      readonly backend: string;
      /** '' where the step finds it out. */
      readonly user: string;
      /** '' where the step takes none. */
      readonly password: string;
      readonly group: string | null;
    }
  /** To the backend that made the challenge. */
  | { readonly kind: 'respond'; readonly backend: string; readonly answer: string }
  | { readonly kind: 'answer'; readonly outcome: AuthOutcome };

export interface DialogueStep {
  /** null: forget the dialogue, it is over or never began. */
  readonly state: DialogueState | null;
  readonly effect: DialogueEffect;
}
