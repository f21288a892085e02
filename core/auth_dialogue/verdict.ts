// What a backend can say about a person. Shared by the dialogue, which acts on it, and by the
// backends, which find it out.

import type { SessionAttributes } from '../policy/attributes.ts';

/** A backend's answer to credentials or to the answer of a challenge. */
export type Verdict =
  | {
      readonly kind: 'accepted';
      readonly groups: readonly string[];
      /**
       * The name as the backend has it, where it knows better than what was typed. Steps of one
       * chain that name different people refuse the login.
       */
      readonly user?: string;
      readonly attributes?: SessionAttributes;
    }
  /** Unknown user, wrong password, locked account: the dialogue cannot tell them apart. */
  | { readonly kind: 'refused' }
  /** The backend could not find out. Never counted as a wrong password. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** One more round: `message` is shown above a single field. */
  | {
      readonly kind: 'challenge';
      readonly message: string;
      readonly label: string;
      readonly echo: boolean;
    };
