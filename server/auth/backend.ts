// What a way of verifying people must offer to be a step of auth.chain.
import type { Verdict } from '../../core/auth_dialogue/verdict.ts';
import type { AccountingRecord } from '../../core/ipc/auth.ts';
import type { ClientCertificate, ClientFacts, Peer } from '../../core/ipc/messages.ts';

export interface Credentials {
  /** '' = nobody has said it yet; only a step that finds out by itself is asked then. */
  readonly user: string;
  /** '' = not asked for; only a step that needs none is asked then. */
  readonly password: string;
  /** The group that the person chose; null = none. */
  readonly group: string | null;
  readonly certificate: ClientCertificate | null;
  readonly peer: Peer;
  readonly client: ClientFacts;
  /** Others first, where there is a queue: the peer has failed before. */
  readonly suspect?: boolean;
}

/**
 * A verdict; a challenge comes with the conversation that waits for its answer, which is one and the
 * same object for all challenges of a login.
 */
export type Round =
  | Exclude<Verdict, { kind: 'challenge' }>
  | (Verdict & { kind: 'challenge' } & { readonly conversation: Conversation });

/** A login that takes several rounds. */
export interface Conversation {
  respond(answer: string, signal: AbortSignal): Promise<Round>;
  /** The person went away. Idempotent; also called after the last round. */
  cancel(): void;
}

/**
 * Verifies people. Unknown user, wrong password and locked account must give the same verdict in
 * the same time. An outage is the verdict 'unavailable'; a rejected promise counts as one too.
 * When `signal` aborts, nobody waits for the verdict any more.
 */
export interface Backend {
  readonly name: string;
  verify(credentials: Credentials, signal: AbortSignal): Promise<Round>;
  /**
   * News of a session that it has accepted with attributes.accounting; absent = it keeps no
   * accounts. In the order of one session. false or rejected: it is told again later.
   */
  account?(record: AccountingRecord, signal: AbortSignal): Promise<boolean>;
  /** Ends what runs in the background. */
  close(): Promise<void>;
}
