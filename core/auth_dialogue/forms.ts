// The forms of a login [oc 4.3]. Input names are those that clients fill by themselves [oc 4.4].
import type { LoginForm, SelectableGroup } from '../ipc/messages.ts';

type Input = LoginForm['inputs'][number];

const USERNAME: Input = { type: 'text', name: 'username', label: 'Username:' };
const PASSWORD: Input = { type: 'password', name: 'password', label: 'Password:' };

/** The name under which the answer of a challenge comes back; token modes fill it [oc 4.4]. */
export const CHALLENGE_INPUT = 'secondary_password';

/** What the first form asks. One form for all of it, because that saves a round trip [oc 4.3]. */
export interface Wanted {
  readonly user: boolean;
  readonly password: boolean;
  /** The chosen one first; empty = nothing to choose. */
  readonly groups: readonly SelectableGroup[];
  /** The group that the URL names; replies go to that URL too. */
  readonly urlGroup: string | null;
}

export function credentialsForm(wanted: Wanted): LoginForm {
  return { ...firstForm(wanted), message: `Please enter your ${namesOf(wanted)}.` };
}

/** Begins with "Login failed", which clients look for [oc 4.4]. */
export function loginFailedForm(wanted: Wanted): LoginForm {
  return { ...firstForm(wanted), message: `Login failed. Please enter your ${namesOf(wanted)}.` };
}

/** For a person with several groups who has chosen none [oc 4.5]. */
export const groupForm = (groups: readonly SelectableGroup[]): LoginForm => ({
  message: 'Please select your group.',
  error: null,
  inputs: [],
  groups,
  urlGroup: null,
});

/** The single field of a backend's question. */
export function challengeForm(question: {
  readonly message: string;
  readonly label: string;
  readonly echo: boolean;
}): LoginForm {
  const type = question.echo ? 'text' : 'password';
  return {
    message: question.message,
    error: null,
    inputs: [{ type, name: CHALLENGE_INPUT, label: question.label }],
    groups: [],
    urlGroup: null,
  };
}

const firstForm = ({ user, password, groups, urlGroup }: Wanted): Omit<LoginForm, 'message'> => ({
  error: null,
  inputs: [...(user ? [USERNAME] : []), ...(password ? [PASSWORD] : [])],
  groups,
  urlGroup,
});

function namesOf({ user, password }: Wanted): string {
  if (user && password) return 'user name and password';
  return user ? 'user name' : 'password';
}

/** A form without inputs: clients show what it says and end [oc 4.3]. */
export const lastWord = (error: string): LoginForm => ({
  message: '',
  error,
  inputs: [],
  groups: [],
  urlGroup: null,
});
