// The primary's end of the auth process: logins go out, outcomes come back. A login that was with
// the process when it died is put to its successor once more; a second death ends it with
// "unavailable", since that login may be what kills it. A dead process is never a wrong password.
import type {
  AccountingRecord,
  AuthSettings,
  AuthToPrimary,
  PrimaryToAuth,
} from '../core/ipc/auth.ts';
import type { AuthOutcome, LoginRequest } from '../core/ipc/messages.ts';
import type { Milliseconds } from '../core/units.ts';
import type { ChildLink } from './supervisor.ts';
import { Trials } from './trials.ts';

export interface AuthLinkOptions {
  /** One step of a dialogue must be answered by then. */
  readonly timeoutMs: Milliseconds;
  /** Steps that wait for the auth process; more are refused at once. */
  readonly maxInFlight: number;
  /** Each process says 'measures' every second. */
  readonly measure?: boolean;
}

interface Pending {
  readonly id: number;
  readonly request: LoginRequest;
  readonly resolve: (outcome: AuthOutcome) => void;
  readonly timer: NodeJS.Timeout;
  /** How many processes were given this login. */
  sends: number;
}

type Outcome<K extends AuthOutcome['kind']> = Extract<AuthOutcome, { kind: K }>;

const unavailable = (reason: string): Outcome<'unavailable'> => ({ kind: 'unavailable', reason });

/** The first process and its successor. */
const MAX_SENDS = 2;
/** What a minute without an auth process may hold back of 100,000 sessions; about 1 KiB each. */
const MAX_RECORDS = 100_000;

export class AuthLink {
  private readonly pending = new Map<number, Pending>();
  /** Accounting records that no auth process has taken over yet, in their order. */
  private readonly records = new Map<number, AccountingRecord>();
  private readonly trials = new Trials('the auth process');
  private nextId = 1;
  /** Undefined while no process is ready: logins wait for one. */
  private send: ((message: PrimaryToAuth) => void) | undefined;
  private settings: AuthSettings;
  private readonly options: AuthLinkOptions;

  constructor(settings: AuthSettings, options: AuthLinkOptions) {
    this.settings = settings;
    this.options = options;
  }

  /** Never rejects. */
  login(request: LoginRequest): Promise<AuthOutcome> {
    if (this.pending.size >= this.options.maxInFlight) {
      return Promise.resolve(unavailable('Too many logins at once; try again later.'));
    }
    const id = this.nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.settle(id, unavailable('The login took too long; try again later.'));
      }, this.options.timeoutMs);
      const pending: Pending = { id, request, resolve, timer, sends: 0 };
      this.pending.set(id, pending);
      this.sendLogin(pending);
    });
  }

  /** News of a session; kept here until an auth process has it in a safe place. */
  account(record: AccountingRecord): void {
    const id = this.nextId++;
    const [oldest] = this.records.size < MAX_RECORDS ? [] : this.records.keys();
    if (oldest !== undefined) this.records.delete(oldest);
    this.records.set(id, record);
    this.send?.({ kind: 'accounting', id, record });
  }

  /** Why the auth process cannot live with these; null = it can, or it is not there. */
  try(settings: AuthSettings): Promise<string | null> {
    const { send } = this;
    if (send === undefined) return Promise.resolve(null);
    return this.trials.ask((id) => send({ kind: 'try-settings', id, settings }));
  }

  /** New settings for this process and those that follow it. */
  configure(settings: AuthSettings): void {
    this.settings = settings;
    this.send?.({ kind: 'configure', settings });
  }

  /** Logins that wait for an answer. */
  get inFlight(): number {
    return this.pending.size;
  }

  /** Accounting records that no auth process has in a safe place yet. */
  get waitingRecords(): number {
    return this.records.size;
  }

  /** The listener for one auth process, as the supervisor wants it. */
  attach(send: (message: PrimaryToAuth) => void): ChildLink<AuthToPrimary> {
    const startedWith = this.settings;
    return {
      handleSpawned: () =>
        send({ kind: 'start', settings: startedWith, measure: this.options.measure === true }),
      handleReady: () => {
        this.send = send;
        if (this.settings !== startedWith) send({ kind: 'configure', settings: this.settings });
        for (const pending of this.pending.values()) this.sendLogin(pending);
        for (const [id, record] of this.records) send({ kind: 'accounting', id, record });
      },
      handleMessage: (message) => {
        if (message.kind === 'outcome') this.settle(message.id, message.outcome);
        else if (message.kind === 'settings-tried') this.trials.answer(message.id, message.problem);
        else if (message.kind === 'accounting-kept') {
          for (const id of message.ids) this.records.delete(id);
        }
      },
      handleGone: () => {
        this.send = undefined;
        this.trials.close();
        for (const { id, sends } of this.pending.values()) {
          if (sends >= MAX_SENDS) {
            this.settle(id, unavailable('Logins are not possible just now; try again later.'));
          }
        }
      },
    };
  }

  /** Ends all that wait: the server stops. */
  close(): void {
    for (const id of this.pending.keys()) this.settle(id, unavailable('The server is stopping.'));
  }

  private sendLogin(pending: Pending): void {
    if (this.send === undefined) return;
    pending.sends++;
    this.send({ kind: 'login', id: pending.id, request: pending.request });
  }

  private settle(id: number, outcome: AuthOutcome): void {
    const pending = this.pending.get(id);
    if (pending === undefined) return;
    this.pending.delete(id);
    clearTimeout(pending.timer);
    pending.resolve(outcome);
  }
}
