// News of sessions, each to the backend that let its person in.
import type { Logger } from 'pino';
import type { AccountingRecord, AuthSettings } from '../../core/ipc/messages.ts';
import { PamSessions } from './pam_sessions.ts';

/** Keeps the accounts of the people whom one kind of backend lets in. */
export interface Accountant {
  /** At the start and at each reload. */
  configure(settings: AuthSettings): void;
  /** Returns at once; what goes wrong is logged. */
  record(record: AccountingRecord): void;
}

export class Accounting {
  /** By the name that the backend gives in its attributes. */
  readonly #accountants: ReadonlyMap<string, Accountant>;

  constructor(components: { readonly logger: Logger }) {
    this.#accountants = new Map([['pam', new PamSessions(components)]]);
  }

  configure(settings: AuthSettings): void {
    for (const accountant of this.#accountants.values()) accountant.configure(settings);
  }

  record(record: AccountingRecord): void {
    this.#accountants.get(record.attributes?.backend ?? '')?.record(record);
  }
}
