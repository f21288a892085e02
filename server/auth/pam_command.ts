// The helper program of PAM, and the words for what it could not do.
import { helperPath } from './helper_path.ts';
import type { PamResult } from './pam_messages.ts';

/** The helper program, and what stands in front of its arguments. */
export type PamCommand = readonly [string, ...string[]];

/** The helper of this build; null where the headers of libpam were missing. */
export function pamCommand(): PamCommand | null {
  const program = helperPath('wolfguard-pam');
  return program === null ? null : [program];
}

/** What an operator reads about a result that says nothing about a person. */
export const problemOf = (service: string, { stage, text, code }: PamResult): string =>
  stage === 'service file'
    ? `there is no PAM service "${service}": write the file /etc/pam.d/${service.toLowerCase()} (an example is in docs/auth.md)`
    : `${stage}: ${text} (PAM code ${code}); the modules say more in the system's log`;
