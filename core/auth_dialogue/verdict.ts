// What a backend can say about a person. Shared by the dialogue, which acts on it, and by the
// backends, which find it out.

/** A backend's answer to credentials or to the answer of a challenge. */
export type Verdict =
  | { readonly kind: 'accepted'; readonly groups: readonly string[] }
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
