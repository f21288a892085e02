import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseIp } from '../../../core/net/address.ts';
import type { IpAddress } from '../../../core/net/address.ts';
import { Echo } from '../../../server/echo.ts';
import type { EchoOptions } from '../../../server/echo.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-echo-'));
after(() => rmSync(folder, { recursive: true }));

test('ping is asked by the routing table and on each device around the address', async () => {
  const { echo, calls } = open('exit 1');
  assert.equal(await echo.answers(ip('10.77.0.9')), false);
  assert.deepEqual(calls(), ['-n -q -c1 -W1 -I lan0 10.77.0.9', '-n -q -c1 -W1 10.77.0.9']);
});

test('one answer is enough', async () => {
  const { echo } = open('case "$*" in *lan0*) exit 0;; *) exit 1;; esac');
  assert.equal(await echo.answers(ip('10.77.0.9')), true);
  assert.equal(await echo.answers(ip('fd00::9')), false);
});

test('more than can run at once are asked one after the other', async () => {
  const { echo, calls } = open('sleep 0.01; exit 0');
  const all = Array.from({ length: 150 }, (_, n) => echo.answers(ip(`192.0.2.${n}`)));
  assert.ok((await Promise.all(all)).every(Boolean));
  assert.equal(calls().length, 150);
});

test('without a ping nobody is taken to answer, which is said once', async () => {
  const said: string[] = [];
  const { echo } = open('', {
    program: path.join(folder, 'none'),
    onFailure: (reason) => said.push(reason),
  });
  assert.equal(await echo.answers(ip('10.77.0.9')), false);
  assert.equal(await echo.answers(ip('10.77.0.9')), false);
  assert.equal(said.length, 1);
});

let made = 0;

/** With a ping that writes its arguments down and then does as the script says. */
function open(
  script: string,
  options: Partial<EchoOptions> = {},
): { echo: Echo; calls: () => string[] } {
  const [program, record] = [`ping${++made}`, `calls${made}`].map((name) =>
    path.join(folder, name),
  ) as [string, string];
  writeFileSync(record, '');
  writeFileSync(program, `#!/bin/sh\necho "$*" >>${record}\n${script}\n`);
  chmodSync(program, 0o755);
  const network = (cidr: string) => ({
    ...{ address: '', netmask: '', mac: '', internal: false, cidr },
    ...{ family: 'IPv4' as const },
  });
  const echo = new Echo({
    device: 'wolf0',
    onFailure: (reason) => assert.fail(reason),
    program,
    interfaces: () => ({
      wolf0: [network('10.77.0.1/16')],
      lan0: [network('10.77.0.200/24'), network('198.51.100.1/24')],
      lan1: [network('10.78.0.1/16')],
    }),
    ...options,
  });
  const calls = (): string[] => readFileSync(record, 'utf8').split('\n').filter(Boolean).sort();
  return { echo, calls };
}

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return parsed;
}
