// The sessions of people whom the step "pam" let in, told to PAM: opened at their start, closed at
// their end, each by a process of its own. The VPN session does not hang on it.
import type { AccountingRecord } from '../../core/ipc/auth.ts';
import type { Logger } from '../../core/log/logger.ts';
import { CheckQueue } from './check_queue.ts';
import { pamCommand, problemOf } from './pam_command.ts';
import type { PamCommand } from './pam_command.ts';
import { PamProcess } from './pam_process.ts';
import { PAM_SUCCESS } from './pam_verdict.ts';

export interface PamSessionsComponents {
  readonly logger: Logger;
  /** Stands in for the helper of this build; null = there is none. */
  readonly command?: PamCommand | null;
}

// Nobody waits for these, and logins need the cores more. A minute's modules at most; more records
// than that in waiting would be told long after the fact.
const LIMITS = { running: 8, waiting: 20_000 };
const HELPER_SECONDS = 60;

export interface PamSessionsOptions {
  /** The file in /etc/pam.d. */
  readonly service: string;
}

export class PamSessions {
  readonly #logger: Logger;
  readonly #command: PamCommand | null;
  readonly #queue = new CheckQueue(LIMITS);
  readonly #service: string;
  /** The last that was asked for a session: its records keep their order. */
  readonly #last = new Map<string, Promise<void>>();
  /** Sessions that PAM did not open: there is nothing to close. */
  readonly #unopened = new Set<string>();

  constructor(
    { logger, command = pamCommand() }: PamSessionsComponents,
    { service }: PamSessionsOptions,
  ) {
    this.#logger = logger;
    this.#command = command;
    this.#service = service;
  }

  record(record: AccountingRecord): void {
    if (record.event === 'interim') return;
    const { id } = record;
    const before = this.#last.get(id) ?? Promise.resolve();
    const done = before
      .then(() => this.#tell(record))
      .finally(() => {
        if (this.#last.get(id) === done) this.#last.delete(id);
      });
    this.#last.set(id, done);
  }

  /** Resolves when all records so far have been told. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  /** Never rejects. */
  async #tell({ id, event, user, peer }: AccountingRecord): Promise<void> {
    if (event === 'stop' && this.#unopened.delete(id)) return;
    const mode = event === 'start' ? 'open' : 'close';
    const told = await this.#queue
      .run(new AbortController().signal, () => this.#run(mode, user, peer.address))
      .catch((error: unknown) => ({ kind: 'done', value: String(error) }) as const);
    const problem = told.kind === 'done' ? told.value : 'too many sessions begin and end at once';
    if (problem === null) return;
    if (event === 'start') this.#unopened.add(id);
    this.#logger.error(
      { event: 'pam.session_failed', problem, session: id },
      `PAM could not ${mode} a session`,
    );
  }

  /** null = done, else why not. */
  async #run(mode: 'open' | 'close', user: string, remoteHost: string): Promise<string | null> {
    if (this.#command === null) return 'wolfguard-pam was not built';
    const service = this.#service;
    const task = { mode, service, user, remoteHost, seconds: HELPER_SECONDS };
    const helper = new PamProcess(this.#command, task);
    helper.hangUp();
    for (;;) {
      const message = await helper.next();
      if (message.kind === 'end') return `wolfguard-pam ended without a result: ${message.reason}`;
      if (message.kind !== 'result') continue;
      await helper.gone;
      return message.result.code === PAM_SUCCESS ? null : problemOf(service, message.result);
    }
  }
}
