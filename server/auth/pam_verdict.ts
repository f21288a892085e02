// What a result of PAM means for a login.
import type { PamResult } from './pam_messages.ts';

export const PAM_SUCCESS = 0;

/**
 * Nothing was said about the person: the module, its files or its server did not work. All other
 * codes refuse, also PAM_TRY_AGAIN: a new password was not good enough.
 */
const OUTAGES: ReadonlySet<number> = new Set([
  1, // PAM_OPEN_ERR: a module could not be loaded
  2, // PAM_SYMBOL_ERR
  3, // PAM_SERVICE_ERR
  4, // PAM_SYSTEM_ERR
  5, // PAM_BUF_ERR
  9, // PAM_AUTHINFO_UNAVAIL: the directory behind the module is down
  15, // PAM_CRED_UNAVAIL
  18, // PAM_NO_MODULE_DATA
  19, // PAM_CONV_ERR: a module asked something that no form can show
  22, // PAM_AUTHTOK_LOCK_BUSY: somebody else is changing passwords
  26, // PAM_ABORT: no rules could be read
  28, // PAM_MODULE_UNKNOWN
  29, // PAM_BAD_ITEM
  31, // PAM_INCOMPLETE
]);

export type PamJudgement = 'accepted' | 'refused' | 'unavailable';

export function judge({ code }: PamResult): PamJudgement {
  if (code === PAM_SUCCESS) return 'accepted';
  return OUTAGES.has(code) ? 'unavailable' : 'refused';
}
