import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { before, suite, test } from 'node:test';
import { needsRoot } from './fixtures/as_root.ts';

/** By the name of what was sent ("inside4-17"), the queue or socket that it came out of. */
type Arrivals = Readonly<Record<string, number>>;

interface Device {
  readonly owned: Arrivals;
  readonly disowned: Arrivals;
}

interface Seen {
  readonly plain: Device;
  readonly offload: Device;
  readonly outside: Readonly<Record<string, Arrivals>>;
  readonly failures: Readonly<Record<string, string>>;
}

const WORKERS = 4;
const CLIENTS = 40;

void suite('steering in the kernel', needsRoot, () => {
  let seen: Seen;
  before(() => {
    seen = JSON.parse(run('unshare', ['--net', process.execPath, fixture('steering.ts')])) as Seen;
  });
  const outside = (step: string): Arrivals => seen.outside[step] ?? {};

  for (const kind of ['plain', 'offload'] as const) {
    test(`packets of both families reach their worker's queue (${kind} device)`, () => {
      const { owned } = seen[kind];
      assert.equal(Object.keys(owned).filter((name) => name.startsWith('inside4')).length, CLIENTS);
      assert.equal(Object.keys(owned).filter((name) => name.startsWith('inside6')).length, CLIENTS);
      assertAllAt(owned, (n) => n % WORKERS);
    });

    test(`a packet for nobody is not lost, and not every one is worker 0's (${kind} device)`, () => {
      const { disowned } = seen[kind];
      assert.equal(Object.keys(disowned).length, 2 * CLIENTS);
      assert.equal(queuesOf(disowned).size, WORKERS);
    });
  }

  test('a datagram from an end point that nobody owns goes where the kernel likes', () => {
    assert.equal(Object.keys(outside('unknown')).length, 2 * CLIENTS);
    assert.equal(queuesOf(outside('unknown')).size, WORKERS);
  });

  test('a datagram of both families reaches the socket of its end point’s worker', () => {
    assert.equal(Object.keys(outside('known')).length, 2 * CLIENTS);
    assertAllAt(outside('known'), (n) => n % WORKERS);
  });

  test('a second address has sockets of its own and the same end points', () => {
    assert.equal(Object.keys(outside('narrowRecords')).length, CLIENTS);
    assertAllAt(outside('narrowRecords'), (n) => n % WORKERS);
  });

  test('a datagram too short for a record goes by its end point', () => {
    assertAllAt(outside('short'), (n) => n % WORKERS);
  });

  test('a ClientHello reaches the worker in its session id, whatever its end point [oc 8.4]', () => {
    assertAllAt(outside('hello32'), (n) => (n + 1) % WORKERS);
  });

  test('a hello without an id, a later epoch and another message go by end point', () => {
    for (const step of ['helloWithoutId', 'helloInEpoch1', 'certificate']) {
      assertAllAt(outside(step), (n) => n % WORKERS);
    }
  });

  test('a hello with the number of no worker is left to the kernel', () => {
    assert.deepEqual(outside('helloOfNobody'), outside('unknown'));
  });

  test('an end point is given up by its own worker only', () => {
    assertAllAt(outside('afterForeignClear'), (n) => n % WORKERS);
    assert.deepEqual(outside('afterClear'), outside('unknown'));
  });

  test('the worker that claimed an end point last has it', () => {
    assertAllAt(outside('moved'), () => 3);
  });

  test('a dead worker’s end points are forgotten, and no others', () => {
    assertAllAt(outside('afterDeathOf2'), () => 3);
    assert.deepEqual(outside('afterDeathOf3'), outside('unknown'));
  });

  test('what cannot be steered, a full map and wrong arguments are errors', () => {
    assert.deepEqual(seen.failures, {
      notATun: 'ENOTTY',
      noSocket: 'EBADF',
      emptyGroup: 'EINVAL',
      fullMap: 'E2BIG',
      unknownEndpoint: 'none',
      shortAddress: 'ERR_INVALID_ARG_TYPE',
      badPort: 'ERR_INVALID_ARG_TYPE',
    });
  });

  test('without the capability for eBPF the kernel says EPERM, and the sockets go on working', () => {
    const answer = run('setpriv', [
      '--bounding-set=-bpf,-sys_admin',
      process.execPath,
      fixture('steering_refused.ts'),
    ]);
    assert.deepEqual(JSON.parse(answer), {
      code: 'EPERM',
      syscall: 'BPF_MAP_CREATE',
      received: 'hello',
    });
  });
});

function assertAllAt(arrivals: Arrivals, worker: (n: number) => number): void {
  assert.ok(Object.keys(arrivals).length >= CLIENTS, 'they have arrived');
  for (const [name, at] of Object.entries(arrivals)) {
    assert.equal(at, worker(Number(name.split('-')[1])), name);
  }
}

const queuesOf = (arrivals: Arrivals): Set<number> => new Set(Object.values(arrivals));

const fixture = (name: string): string => path.join(import.meta.dirname, 'fixtures', name);

/** The namespace goes with the process: there is nothing to clean up. */
function run(program: string, args: readonly string[]): string {
  const child = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout;
}
