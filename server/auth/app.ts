// The auth process: forked by the primary, it alone sees passwords and what they are checked
// against. It holds no socket of a client and lives no longer than its channel to the primary. It
// may be killed at any time: the form that a client is looking at still works with its successor.
import { availableParallelism } from 'node:os';
import { pino } from 'pino';
import { ALIVE_INTERVAL_MS } from '../../core/ipc/alive.ts';
import type { AuthSettings, AuthToPrimary, PrimaryToAuth } from '../../core/ipc/auth.ts';
import { joinMeasures, MEASURES_INTERVAL_MS } from '../../core/ipc/measures.ts';
import type { Measures } from '../../core/ipc/measures.ts';
import { Outbox, unpack } from '../../core/ipc/outbox.ts';
import { ProcessMeter } from '../../native/process_meter.ts';
import type { Logger } from '../../core/log/logger.ts';
import { Accountant } from './accountant.ts';
import { Backends } from './backends.ts';
import { CheckQueue } from './check_queue.ts';
import { DialogueTable } from './dialogue_table.ts';
import { LoginService } from './login_service.ts';
import type { LoginSetup } from './login_service.ts';

// About 1 KiB each.
const MAX_DIALOGUES = 10_000;
// At 20 checks a second and core, a client that finds the queue full would wait for longer than
// it is willing to.
const MAX_WAITING_CHECKS = 2_000;
// libuv's pool computes argon2 and reads files: one thread stays free for the files.
const POOL_THREADS = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
const LINGER_MS = 60_000;
const SWEEP_MS = 10_000;

runAuthProcess();

function runAuthProcess(): void {
  // Ctrl-C and service managers signal the whole group; the primary says when we end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(0));

  const logger: Logger = pino(
    { base: { process: 'auth' } },
    pino.destination({ fd: 1, sync: true }),
  );
  const outbox = new Outbox<AuthToPrimary>({ write, atEndOfTurn: setImmediate });
  let app: AuthApp | undefined;
  const sayMeasures = (of: AuthApp): void => {
    const meter = new ProcessMeter();
    const say = (): void =>
      outbox.send({ kind: 'measures', ...joinMeasures(meter.read(), of.measure()) });
    setInterval(say, MEASURES_INTERVAL_MS).unref();
  };
  const handle = (message: PrimaryToAuth): void => {
    switch (message.kind) {
      case 'start':
        app = new AuthApp(logger, message.settings, (ids) => {
          outbox.send({ kind: 'accounting-kept', ids });
        });
        outbox.send({ kind: 'ready' });
        if (message.measure) sayMeasures(app);
        setInterval(() => outbox.send({ kind: 'alive' }), ALIVE_INTERVAL_MS).unref();
        break;
      case 'try-settings':
        outbox.send({
          kind: 'settings-tried',
          id: message.id,
          problem: app?.problemOf(message.settings) ?? null,
        });
        break;
      case 'configure':
        app?.configure(message.settings);
        break;
      case 'login':
        void app?.service.handle(message.request).then((outcome) => {
          outbox.send({ kind: 'outcome', id: message.id, outcome });
        });
        break;
      case 'accounting':
        app?.accountant.keep(message.id, message.record);
        break;
    }
  };
  process.on('message', (written: PrimaryToAuth | readonly PrimaryToAuth[]) => {
    unpack(written).forEach(handle);
  });
}

class AuthApp {
  readonly service: LoginService;
  readonly accountant: Accountant;
  readonly #logger: Logger;
  readonly #backends: Backends;
  readonly #queue: CheckQueue;
  #setup: LoginSetup;

  constructor(
    logger: Logger,
    settings: AuthSettings,
    onAccountsKept: (ids: readonly number[]) => void,
  ) {
    logger.level = settings.logLevel;
    this.#logger = logger;
    this.#queue = new CheckQueue({
      running: Math.min(availableParallelism(), Math.max(1, POOL_THREADS - 1)),
      waiting: MAX_WAITING_CHECKS,
    });
    this.#backends = new Backends({ logger, queue: this.#queue, now: Date.now });
    const dialogues = new DialogueTable({ capacity: MAX_DIALOGUES, lingerMs: LINGER_MS });
    this.#setup = loginSetup(settings, this.#backends);
    this.service = new LoginService({ logger, dialogues, now: Date.now }, this.#setup);
    this.accountant = new Accountant(
      {
        logger,
        backendOf: (vhost, step) => this.#setup.get(vhost)?.backends.get(step),
        onKept: onAccountsKept,
      },
      { stateDir: settings.stateDir },
    );
    this.accountant.resume();
    setInterval(() => dialogues.sweep(Date.now()), SWEEP_MS);
  }

  measure(): Measures {
    return {
      sums: this.service.sums,
      levels: {
        checks_waiting: this.#queue.waiting,
        accounting_spooled: this.accountant.waiting,
      },
    };
  }

  /** Why it cannot live with these; null = it can. Nothing changes. */
  problemOf(settings: AuthSettings): string | null {
    try {
      this.#backends.prepare(settings).abandon();
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  configure(settings: AuthSettings): void {
    this.#logger.level = settings.logLevel;
    this.#setup = loginSetup(settings, this.#backends);
    this.service.configure(this.#setup);
  }
}

function loginSetup(settings: AuthSettings, backends: Backends): LoginSetup {
  const byHost = backends.configure(settings);
  return new Map(
    settings.hosts.map(({ vhost, chains, maxAttempts, timeoutMs, selectGroup }) => [
      vhost,
      {
        rules: { chains, maxAttempts, timeoutMs, selectGroup },
        backends: byHost.get(vhost) ?? new Map(),
      },
    ]),
  );
}

/** An answer that finds the channel closed has nobody left to read it. */
function write(messages: AuthToPrimary | readonly AuthToPrimary[]): void {
  if (process.connected) process.send?.(messages, undefined, undefined, () => undefined);
}
