// What the primary counts of its own, where it happens: logins, ends, reloads, processes. Numbers go
// up and never back.
import type { LoginReply } from '../../core/ipc/messages.ts';
import type { SessionEnd } from '../../core/session/session.ts';
import type { Numbers } from '../../core/ipc/measures.ts';
import { Histogram } from '../../core/metrics/histogram.ts';
import { DURATION_BOUNDS_MS } from '../../core/metrics/durations.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { SessionObserver } from '../session_observer.ts';

/** A counter for each label that has been seen. */
export class Counts {
  readonly #counts = new Map<string, number>();

  /** `labels` are there from the start, with 0: a series that appears late hides its first event. */
  constructor(labels: readonly string[] = []) {
    for (const label of labels) this.#counts.set(label, 0);
  }

  add(label: string): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }

  read(): Numbers {
    return Object.fromEntries(this.#counts);
  }
}

export type Database = 'sessions' | 'bans' | 'hooks';

const DATABASES: readonly Database[] = ['sessions', 'bans', 'hooks'];
const RESULTS = ['ok', 'refused', 'banned', 'closed', 'failed', 'unavailable', 'draining'];

export class Meter implements SessionObserver {
  readonly logins = new Counts(RESULTS);
  readonly loginSeconds = new Histogram(DURATION_BOUNDS_MS.map((bound) => bound / 1000));
  readonly sessionEnds = new Counts(['user-disconnect', 'expired', 'logout']);
  readonly tunnelEnds = new Counts(['user-disconnect', 'lost', 'dpd-timeout', 'replaced']);
  readonly databaseWrites = new Counts(['sessions']);
  readonly databaseFailures = new Counts(DATABASES);
  readonly reloads = new Counts(['done', 'refused']);
  #tunnelsOpened = 0;
  #bans = 0;

  get tunnelsOpened(): number {
    return this.#tunnelsOpened;
  }

  get bans(): number {
    return this.#bans;
  }

  /**
   * A step of a login has its answer. `banned`: for that reason only; `refused`: it was a wrong
   * attempt.
   */
  loginAnswered(
    reply: LoginReply,
    { refused, banned }: { readonly refused: boolean; readonly banned: boolean },
    took: Milliseconds,
  ): void {
    this.loginSeconds.observe(took / 1000);
    const result = banned ? 'banned' : resultOf(reply, refused);
    if (result !== undefined) this.logins.add(result);
  }

  saved(): void {
    // Only ends are counted here.
  }

  ended(_session: unknown, end: SessionEnd): void {
    this.sessionEnds.add(end);
  }

  tunnelClosed(_worker: number, { end }: Parameters<SessionObserver['tunnelClosed']>[1]): void {
    this.tunnelEnds.add(end);
  }

  tunnelOpened(): void {
    this.#tunnelsOpened++;
  }

  bansBegan(count: number): void {
    this.#bans += count;
  }
}

/** undefined: the dialogue goes on. */
function resultOf(reply: LoginReply, refused: boolean): string | undefined {
  if (refused) return 'refused';
  switch (reply.kind) {
    case 'complete':
      return 'ok';
    case 'failed':
      return 'failed';
    case 'unavailable':
      return 'unavailable';
    case 'turned-away':
      return 'draining';
    case 'form':
      // A form that asks for nothing is the last word to somebody who is right and may not come in.
      return reply.form.inputs.length === 0 && reply.form.groups.length === 0
        ? 'closed'
        : undefined;
  }
}
