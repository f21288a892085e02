import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { after, before, suite, test } from 'node:test';
import { text } from 'node:stream/consumers';
import { system } from '../../../native/system.ts';
import { needsRoot } from './fixtures/as_root.ts';
import type { Answer, Task } from './fixtures/caged_worker.ts';

// First of all: the suite below takes io_uring from this process and its children for good.
test('a process whose parent has not forbidden io_uring is told so', needsRoot, (t) => {
  if (!ownDescriptors().includes('anon_inode:[io_uring]')) {
    t.skip('this kernel gives no io_uring');
    return;
  }
  const program = `
    import { system } from ${JSON.stringify(path.join(import.meta.dirname, '../../../native/system.ts'))};
    process.setgroups([65534]);
    process.setgid(65534);
    process.setuid(65534);
    try {
      system().enterSandbox('worker');
    } catch (error) {
      console.log(error.code);
    }`;
  const said = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  assert.equal(said.stdout, 'ERR_IO_URING\n', said.stderr);
});

void suite('a process in the worker sandbox', needsRoot, () => {
  let worker: Caged;
  before(async () => {
    system().denyIoUring();
    worker = await startCaged();
  });
  after(() => worker.child.kill('SIGKILL'));

  test('has no capabilities, no new privileges and the filter on each of its threads', async () => {
    await ask(worker, 'crypto');
    const tasks = `/proc/${worker.child.pid ?? 0}/task`;
    const threads = readdirSync(tasks);
    assert.ok(threads.length > 5, 'the thread pool runs');
    for (const thread of threads) {
      const status = readFileSync(path.join(tasks, thread, 'status'), 'utf8');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
        assert.match(status, new RegExp(`^${set}:\t0+$`, 'm'));
      }
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(status, /^Seccomp:\t2$/m);
      assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    }
  });

  test('leaves no core file', () => {
    const limits = readFileSync(`/proc/${worker.child.pid ?? 0}/limits`, 'utf8');
    assert.match(limits, /^Max core file size +0 +0 /m);
  });

  test('serves HTTP on the socket that it inherited', async () => {
    const urls = Array.from({ length: 40 }, (_, i) => `http://127.0.0.1:${worker.port}/${i}`);
    const answers = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
    assert.deepEqual(
      answers,
      urls.map((_, i) => `hello /${i}`),
    );
  });

  test('can do cryptography on all its threads', async () => {
    assert.equal(await ask(worker, 'crypto'), '4 32 private 64');
  });

  test('can compile, allocate and collect garbage', async () => {
    assert.equal(await ask(worker, 'memory'), 'done');
  });

  test('has stack traces through await', async () => {
    assert.match(String(await ask(worker, 'trace')), /^Error: deep\n[^]*at async outer/);
  });

  test('has timers', async () => {
    assert.equal(await ask(worker, 'timers'), 'done');
  });

  test('can log', async () => {
    assert.ok(worker.child.stdout);
    const line = once(worker.child.stdout, 'data');
    await ask(worker, 'log');
    assert.deepEqual(JSON.parse(String(await line)), {
      level: 30,
      session: 1,
      msg: 'from the cage',
    });
  });

  test('can exchange messages with its parent', async () => {
    const { big, bytes } = (await ask(worker, 'echo')) as { big: bigint; bytes: Uint8Array };
    assert.equal(big, 2n ** 70n);
    assert.equal(bytes.length, 300_000);
  });

  test('can open no file, start no program, call nobody and signal nobody', async () => {
    assert.deepEqual(await ask(worker, 'escapes'), {
      read: 'EACCES',
      stat: 'EACCES',
      create: 'EACCES',
      spawn: 'EPERM',
      tcp: 'EPERM',
      unix: 'EPERM',
      udp: 'EPERM',
      listen: 'EPERM',
      kill: 'EPERM',
      setuid: 'EPERM',
    });
  });

  test('still ends with its exit code', async () => {
    const other = await startCaged();
    other.child.send('exit' satisfies Task);
    assert.deepEqual(await once(other.child, 'exit'), [7, null]);
  });

  test('still says what it died of', async () => {
    const other = await startCaged();
    assert.ok(other.child.stderr);
    const said = text(other.child.stderr);
    other.child.send('crash' satisfies Task);
    assert.deepEqual(await once(other.child, 'exit'), [1, null]);
    assert.match(await said, /Error: a bug of ours\n +at .*caged_worker\.ts/);
  });
});

test('a process that still has capabilities is told to give them up', needsRoot, () => {
  assert.throws(() => system().enterSandbox('worker'), { code: 'ERR_STILL_PRIVILEGED' });
});

test('a process dies with its parent', async () => {
  const parent = fork(path.join(import.meta.dirname, 'fixtures/orphan.ts'), ['parent']);
  const [pid] = (await once(parent, 'message')) as [number];
  assert.ok(isAlive(pid));
  parent.kill('SIGKILL');
  const end = Date.now() + 5000;
  while (isAlive(pid) && Date.now() < end) await new Promise((done) => setTimeout(done, 10));
  assert.ok(!isAlive(pid));
});

test('a process whose parent is another already is told so', () => {
  assert.throws(() => system().dieWithParent(process.pid), { code: 'ESRCH' });
});

interface Caged {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startCaged(): Promise<Caged> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as net.AddressInfo;
  probe.close();
  await once(probe, 'close');
  const fd = system().listenTcp('127.0.0.1', port);
  const child = fork(path.join(import.meta.dirname, 'fixtures/caged_worker.ts'), {
    stdio: ['ignore', 'pipe', 'pipe', fd, 'ipc'],
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
  });
  system().closeFd(fd);
  const failed = once(child, 'exit').then(() => assert.fail('the worker did not start'));
  await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => undefined);
  return { child, port };
}

async function ask({ child }: Caged, task: Task): Promise<unknown> {
  child.send(task);
  const [answer] = (await once(child, 'message')) as [Answer];
  assert.equal(answer.task, task);
  return answer.result;
}

function ownDescriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** A zombie that nobody has reaped yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
