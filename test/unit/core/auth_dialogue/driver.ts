// A login dialogue with time moved by hand, and what its tests share.
import assert from 'node:assert/strict';
import { step } from '../../../../core/auth_dialogue/dialogue.ts';
import type {
  DialogueEffect,
  DialogueInput,
  DialogueRules,
  DialogueState,
  Request,
} from '../../../../core/auth_dialogue/state.ts';
import type { Verdict } from '../../../../core/auth_dialogue/verdict.ts';

export const RULES: DialogueRules = {
  chains: [['file']],
  maxAttempts: 3,
  timeoutMs: 240_000,
  selectGroup: [],
};
export const BOTH = { username: 'alice', password: 'secret' };

export const CERTIFIED = { certificate: true };

export const challenge: Verdict = {
  kind: 'challenge',
  message: 'Enter the code',
  label: 'Code:',
  echo: false,
};

export const REQUEST: Request = { group: null, urlGroup: null, certificate: false, now: 0 };

/** One dialogue with time moved by hand. */
export class Driver {
  rules: DialogueRules;
  state: DialogueState | null = null;
  now = 0;

  constructor(rules: DialogueRules = RULES) {
    this.rules = rules;
  }

  step(input: DialogueInput): DialogueEffect {
    const { state, effect } = step(this.rules, this.state, input);
    this.state = state;
    return effect;
  }

  start = (request: Partial<Request> = {}): DialogueEffect =>
    this.step({ kind: 'start', ...REQUEST, now: this.now, ...request });
  reply = (fields: Record<string, string>, request: Partial<Request> = {}): DialogueEffect =>
    this.step({ kind: 'reply', fields, ...REQUEST, now: this.now, ...request });
  verdict = (verdict: Verdict): DialogueEffect =>
    this.step({ kind: 'verdict', verdict, now: this.now });
}

export function outcomeOf(effect: DialogueEffect) {
  assert.equal(effect.kind, 'answer');
  return effect.outcome;
}

export function formOf(effect: DialogueEffect) {
  const outcome = outcomeOf(effect);
  assert.equal(outcome.kind, 'form');
  return outcome.form;
}

export function backendOf(effect: DialogueEffect): string {
  assert.equal(effect.kind, 'verify');
  return effect.backend;
}
