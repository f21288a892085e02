// What a reload would change, or has changed: the server makes it, administrators' programs show it.
import type { EpochMs } from '../units.ts';

/**
 * From when on a new value counts: `at once` also for those who are connected; for `new connections`,
 * those of sessions that come back among them; for dialogues that begin (`new logins`) or sessions
 * that begin (`new sessions`) after it; never before a `restart`, and the reload is refused.
 */
export type ReloadEffect =
  'at once' | 'new connections' | 'new logins' | 'new sessions' | 'restart';

export interface ReloadChange {
  /** As in the file, but for lists: `policy`, `user.alice.policy`, `vhost.partners.tls`. */
  readonly section: string;
  readonly key: string;
  /** As it stands in the file, or the default; null = not set, or a secret. */
  readonly before: unknown;
  readonly after: unknown;
  /** Neither value is told. */
  readonly secret: boolean;
  readonly effect: ReloadEffect;
}

/** What a certificate says about itself. */
export interface CertificateSummary {
  readonly subject: string;
  readonly expiresAt: EpochMs;
  /** The names and addresses that it is for. */
  readonly names: readonly string[];
  /** SHA-256, upper-case hex with colons. */
  readonly fingerprint: string;
}

export interface CertificateChange {
  /** The virtual host; '' = the main server. */
  readonly host: string;
  /** null = there was none. */
  readonly before: CertificateSummary | null;
  /** null = there is none any more. */
  readonly after: CertificateSummary | null;
}

export interface ReloadPlan {
  /** In the order of the schema. */
  readonly changes: readonly ReloadChange[];
  readonly certificates: readonly CertificateChange[];
  /** Files that are named as before and hold something else. */
  readonly files: readonly string[];
  /** Sessions with a tunnel, and how many of them have another policy than a login would get then. */
  readonly sessions: { readonly connected: number; readonly other: number };
  /** Sentences: what is odd and does not stand in the way. */
  readonly warnings: readonly string[];
  /** Why the reload is refused, all reasons, some with lines and carets; none = it is not. */
  readonly refusals: readonly string[];
}
