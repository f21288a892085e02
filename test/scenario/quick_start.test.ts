import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { signalQuietly } from './harness/cleanup.ts';
import { Lab, SERVER_IPV4 } from './harness/lab.ts';
import { isAlive, processTree } from './harness/proc.ts';
import type { Program } from './harness/program.ts';
import { DEVICE } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const WOLFGUARD = fileURLToPath(new URL('../../cli/wolfguard.ts', import.meta.url));
const SCRIPT = fileURLToPath(new URL('harness/vpnc-script.sh', import.meta.url));
const COMMAND = /^echo (.*) \| sudo openconnect (--servercert pin-sha256:(\S+) .*)$/m;

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

test(
  'the printed command connects as it is, and a second start keeps keys and user',
  options,
  async () => {
    const first = quickStart();
    const [line, password = '', , pin] = await first.waitFor(COMMAND, 20_000);
    await assertConnects(line);
    await interrupt(first);

    const second = quickStart();
    const [again, placeholder, , samePin] = await second.waitFor(COMMAND, 20_000);
    assert.equal(samePin, pin);
    assert.equal(placeholder, "'PASSWORD'", 'the password is shown once only');
    await assertConnects(again.replace("'PASSWORD'", password));
    await interrupt(second);
  },
);

test('a port that is taken gets one clear sentence and exit code 1', options, async () => {
  const other = lab.server.spawn('iperf3', ['-s', '-p', '443', '--forceflush']);
  await other.waitFor(/listening/, 5000);
  await assertRefuses(quickStart(), /443/);
});

test('no /dev/net/tun gets one clear sentence and exit code 1', options, async () => {
  const hidden = 'mount -t tmpfs none /dev/net && exec "$@"';
  await assertRefuses(quickStart(['unshare', '-m', 'sh', '-c', hidden, 'sh']), /\/dev\/net\/tun/);
});

function quickStart(prefix: readonly string[] = []): Program {
  const command = [
    ...prefix,
    ...[process.execPath, WOLFGUARD, 'serve', '--quick-start'],
    ...['--state', lab.file('quick-start'), '--address', SERVER_IPV4],
  ];
  const program = lab.server.spawn('env', command);
  lab.onClose(() => program.stop());
  return program;
}

/** Pastes the line into a shell on the client; only sudo is left out, and a script of ours named. */
async function assertConnects(line: string): Promise<void> {
  const record = lab.file('record');
  mkdirSync(record, { recursive: true });
  const pasted = line.replace('sudo openconnect', `openconnect -i tun0 -s '${SCRIPT}'`);
  const client = lab.client.spawn('sh', ['-c', pasted], { env: { SCENARIO_RECORD: record } });
  await client.waitFor(/Configured as .* DTLS (connected|established)/, 30_000);
  const [device] = JSON.parse(lab.server.ip('-j', '-4', 'addr', 'show', DEVICE)) as {
    readonly addr_info: readonly { readonly local: string }[];
  }[];
  const inside = device?.addr_info[0]?.local ?? '';
  await eventually('the server answers inside', 5000, () => ping(lab.client, inside, 1) === 1);
  for (const pid of processTree(client.pid)) signalQuietly(pid, 'SIGINT');
  await client.waitForExit(10_000);
}

/** Ctrl-C, which leaves no device, no nft table and no process behind. */
async function interrupt(server: Program): Promise<void> {
  const processes = processTree(server.pid);
  server.signal('SIGINT');
  assert.deepEqual(await server.waitForExit(15_000), { code: 0, signal: null });
  await eventually('no process is left', 5000, () => !processes.some(isAlive));
  await eventually('the device is gone', 2000, () => !lab.server.devices().includes(DEVICE));
  assert.deepEqual(lab.server.tables(), []);
}

async function assertRefuses(server: Program, sentence: RegExp): Promise<void> {
  assert.deepEqual(await server.waitForExit(20_000), { code: 1, signal: null });
  assert.match(server.output, sentence);
  assert.doesNotMatch(server.output, /^\s+at /m, 'a stack trace is no sentence');
  assert.ok(!lab.server.devices().includes(DEVICE));
}
