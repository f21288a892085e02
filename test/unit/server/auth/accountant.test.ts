import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { AccountingRecord } from '../../../../core/ipc/auth.ts';
import { Accountant } from '../../../../server/auth/accountant.ts';
import { AccountingLane } from '../../../../server/auth/accounting_lane.ts';
import { AccountingSpool } from '../../../../server/auth/accounting_spool.ts';
import type { Backend } from '../../../../server/auth/backend.ts';

test('a record is delivered, and the primary may forget it', async (t) => {
  const desk = new Desk(t);
  desk.keep('a', 'start');
  await desk.until(() => desk.told.length === 1);
  assert.deepEqual(desk.kept, [1]);
  assert.deepEqual(desk.told, ['a start']);
});

test('records of an outage wait on disk, and come in order when it is over', async (t) => {
  const desk = new Desk(t);
  desk.down = true;
  desk.keep('a', 'start');
  desk.keep('b', 'start');
  desk.keep('a', 'stop');
  await desk.until(() => desk.attempts >= 4);
  desk.down = false;
  await desk.until(() => desk.told.length === 3);
  assert.ok(desk.told.indexOf('a start') < desk.told.indexOf('a stop'));
  await desk.until(() => desk.waiting() === 0);
});

test('what waits outlives the process', async (t) => {
  const first = new Desk(t);
  first.down = true;
  first.keep('a', 'start');
  first.keep('a', 'stop');
  await first.until(() => first.kept.length === 2);
  first.accountant.close();
  const second = new Desk(t, { directory: first.directory });
  second.accountant.resume();
  await second.until(() => second.told.length === 2);
  assert.deepEqual(second.told, ['a start', 'a stop']);
  assert.equal(statSync(path.join(first.directory, 'accounting.db')).mode & 0o777, 0o600);
});

test('a record that no server wants holds nobody up, and is dropped with a warning', async (t) => {
  const desk = new Desk(t);
  desk.unwanted = 'bad';
  desk.keep('bad', 'start');
  for (let n = 0; n < 12; n++) desk.keep('good', n === 0 ? 'start' : 'interim');
  await desk.until(() => desk.told.length === 12);
  await desk.until(() => desk.waiting() === 0);
  assert.match(desk.logged, /no server takes them/);
});

test('a host whose server is down does not delay another', async (t) => {
  const desk = new Desk(t);
  desk.downHost = 'partners.example.com';
  desk.keep('a', 'start', 'partners.example.com');
  desk.keep('b', 'start');
  await desk.until(() => desk.told.length === 1);
  assert.deepEqual(desk.told, ['b start']);
});

test('a full spool drops its oldest interims, and says so', async (t) => {
  const desk = new Desk(t, { limit: 10 });
  desk.down = true;
  for (let n = 0; n < 6; n++) desk.keep(`s${n}`, 'start');
  for (let n = 0; n < 9; n++) desk.keep('s0', 'interim');
  desk.keep('s0', 'stop');
  await desk.until(() => desk.kept.length === 16);
  assert.match(desk.logged, /oldest dropped/);
  desk.down = false;
  await desk.until(() => desk.waiting() === 0);
  const count = (event: string): number => desk.told.filter((told) => told.endsWith(event)).length;
  assert.deepEqual([count('start'), count('interim'), count('stop')], [6, 3, 1]);
});

test('a full spool without interims drops the oldest of all', (t) => {
  const spool = new AccountingSpool({ directory: null, limit: 3 });
  t.after(() => spool.close());
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    spool.add([{ lane: 'radius ', record: record(id, 'stop') }]);
  }
  assert.deepEqual(
    spool.next('radius ', 9).map((each) => each.record.id),
    ['c', 'd', 'e'],
  );
});

test('a folder that cannot be used costs safety and not the accounts', async (t) => {
  const directory = path.join(mkdtempSync(path.join(tmpdir(), 'wolfguard-spool-')), 'file');
  t.after(() => rmSync(path.dirname(directory), { recursive: true }));
  writeFileSync(directory, '');
  const desk = new Desk(t, { directory });
  desk.keep('a', 'start');
  await desk.until(() => desk.told.length === 1);
  assert.match(desk.logged, /in memory only/);
});

test('a spool that cannot be read for a while is tried again', async (t) => {
  const spool = new AccountingSpool({ directory: null, limit: 9 });
  t.after(() => spool.close());
  spool.add([{ lane: 'radius ', record: record('a', 'stop') }]);
  let broken = 2;
  const errors: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const lane = new AccountingLane(
    {
      spool: {
        next: (name, count) => {
          if (broken-- > 0) throw new Error('disk I/O error');
          return spool.next(name, count);
        },
        remove: (ids) => spool.remove(ids),
        sync: () => spool.sync(),
      },
      deliver: () => {
        resolve(undefined);
        return Promise.resolve(true);
      },
      onRefused: () => assert.fail('nothing is refused'),
      onError: (error) => errors.push(error),
    },
    { name: 'radius ', firstRetryMs: 5 },
  );
  t.after(() => lane.close());
  lane.wake();
  await promise;
  assert.equal(errors.length, 2);
});

test('records for a step that is no longer configured are forgotten', async (t) => {
  const desk = new Desk(t);
  desk.configured = false;
  desk.keep('a', 'start');
  await desk.until(() => desk.kept.length === 1 && desk.waiting() === 0);
  assert.deepEqual(desk.told, []);
});

class Desk {
  readonly accountant: Accountant;
  readonly directory: string;
  readonly told: string[] = [];
  readonly kept: number[] = [];
  logged = '';
  attempts = 0;
  down = false;
  downHost = '-';
  unwanted = '';
  configured = true;
  #ids = 0;

  constructor(t: TestContext, options: { directory?: string; limit?: number } = {}) {
    this.directory = options.directory ?? mkdtempSync(path.join(tmpdir(), 'wolfguard-spool-'));
    t.after(() => rmSync(this.directory, { recursive: true, force: true }));
    const backend: Backend = {
      name: 'radius',
      verify: () => Promise.reject(new Error('not here')),
      account: (told) => Promise.resolve(this.#take(told)),
      close: () => Promise.resolve(),
    };
    this.accountant = new Accountant(
      {
        logger: pino({}, { write: (line) => (this.logged += line) }),
        backendOf: () => (this.configured ? backend : undefined),
        onKept: (ids) => this.kept.push(...ids),
      },
      {
        stateDir: this.directory,
        firstRetryMs: 10,
        ...(options.limit !== undefined && { limit: options.limit }),
      },
    );
    t.after(() => this.accountant.close());
  }

  keep(id: string, event: AccountingRecord['event'], vhost = ''): void {
    this.accountant.keep(++this.#ids, { ...record(id, event), vhost });
  }

  /** Records in the spool, as another reader of the file sees it. */
  waiting(): number {
    const spool = new AccountingSpool({ directory: this.directory, limit: 1000 });
    const { size } = spool;
    spool.close();
    return size;
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 5000;
    while (!condition()) {
      assert.ok(performance.now() < deadline, `too late: ${this.told.join()} ${this.logged}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #take({ id, event, vhost }: AccountingRecord): boolean {
    this.attempts += 1;
    if (this.down || id === this.unwanted || vhost === this.downHost) return false;
    this.told.push(`${id} ${event}`);
    return true;
  }
}

const record = (id: string, event: AccountingRecord['event']): AccountingRecord => ({
  event,
  at: 0,
  id,
  vhost: '',
  user: 'alice',
  group: '',
  peer: { address: '192.0.2.1', port: 1 },
  userAgent: '',
  inside4: null,
  inside6: null,
  durationMs: 0,
  traffic: { rxBytes: 0, rxPackets: 0, txBytes: 0, txPackets: 0 },
  cause: event === 'stop' ? 'lost' : null,
  attributes: { backend: 'radius', interimMs: null, classes: [] },
});
