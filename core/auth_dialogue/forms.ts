// The forms of a login [oc 4.3]. Input names are those that clients fill by themselves [oc 4.4].
import type { LoginForm } from '../ipc/messages.ts';

type Input = LoginForm['inputs'][number];

const USERNAME: Input = { type: 'text', name: 'username', label: 'Username:' };
const PASSWORD: Input = { type: 'password', name: 'password', label: 'Password:' };

/** The name under which the answer of a challenge comes back; token modes fill it [oc 4.4]. */
export const CHALLENGE_INPUT = 'secondary_password';

/** One form for both, because it saves a round trip [oc 4.3]. */
export const CREDENTIALS_FORM: LoginForm = {
  message: 'Please enter your user name and password.',
  error: null,
  inputs: [USERNAME, PASSWORD],
};

/** For a reply that bears only a user name [oc 4.3]. */
export const PASSWORD_FORM: LoginForm = {
  message: 'Please enter your password.',
  error: null,
  inputs: [PASSWORD],
};

/** Begins with "Login failed", which clients look for [oc 4.4]. */
export const LOGIN_FAILED_FORM: LoginForm = {
  message: 'Login failed. Please enter your user name and password.',
  error: null,
  inputs: [USERNAME, PASSWORD],
};

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
  };
}
