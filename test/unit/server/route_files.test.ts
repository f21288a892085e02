import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { readConfig } from '../../../config/check.ts';
import { routeFilePaths } from '../../../config/route_file_paths.ts';
import { formatCidr, parseCidr } from '../../../core/net/address.ts';
import type { Cidr } from '../../../core/net/address.ts';
import { loadRouteFiles } from '../../../server/policy_lists.ts';
import { Policies } from '../../../server/policies.ts';
import { RouteFiles } from '../../../server/route_files.ts';
import { RouteWatch } from '../../../server/route_watch.ts';

const texts = (networks: readonly Cidr[]): string[] => networks.map(formatCidr);
const net = (text: string): Cidr => parseCidr(text)?.network ?? assert.fail(text);

test('a file has a network a line, remarks and blank lines, and is aggregated', (t) => {
  const { file, write } = folder(t);
  write('# offices\r\n\n10.0.0.0/9 # west\r\n10.128.0.0/9\nfd00::/8\n  192.0.2.1\n');
  const files = RouteFiles.read([file, file]);
  assert.deepEqual(texts(files.networks(file)), ['10.0.0.0/8', '192.0.2.1/32', 'fd00::/8']);
});

for (const [line, message] of [
  ['10.0.0.1/8', /routes:3: .*bits set behind its prefix.*10\.0\.0\.0\/8/],
  ['10.0.0.0/255.0.0.0', /routes:3: .*not a network.*10\.0\.0\.0\/8/],
  ['default', /routes:3: "default" is not a network/],
] as const)
  test(`"${line}" is refused with file and line`, (t) => {
    const { file, write } = folder(t);
    write(`10.0.0.0/8\n\n${line}\n`);
    assert.throws(() => RouteFiles.read([file]), message);
  });

test('a file that is not there is refused by its name', (t) => {
  const { file } = folder(t);
  assert.throws(() => RouteFiles.read([`${file}.none`]), /routes\.none.*there is no such file/);
});

test('policies that say the same share one list', (t) => {
  const { file, write } = folder(t);
  write('10.1.0.0/16\n');
  const files = RouteFiles.read([file]);
  const own = [net('10.0.0.0/16')];
  const together = files.together(own, [file]);
  assert.deepEqual(texts(together), ['10.0.0.0/15']);
  assert.equal(files.together([...own], [file]), together);
  assert.equal(files.together([], [file]), files.networks(file));
  assert.equal(files.together(own, []), own, 'a list of its own is told as it was written');
});

test('a configuration is given its files, in both lists', (t) => {
  const { file, write, config } = folder(t);
  write('10.1.0.0/16\n');
  const made = config(`[policy]\nroutes = ["10.0.0.0/16"]\nroutes_file = "${file}"
no_routes_file = "${file}"\n[[vhost]]\nname = "a.example"\npolicy = { routes = [] }\n`);
  assert.deepEqual(routeFilePaths(made), [file]);
  const files = loadRouteFiles(made);
  const policy = new Policies(made, files).policyFor({
    vhost: '',
    user: 'alice',
    groups: [],
    backend: {},
  });
  assert.deepEqual(texts(policy.routes), ['10.0.0.0/15']);
  assert.deepEqual(texts(policy.no_routes), ['10.1.0.0/16']);
  assert.ok(!('routes_file' in policy));
});

test('rules that are too many for the engine are refused by their section', (t) => {
  const { config } = folder(t);
  const everywhere = Array.from({ length: 300 }, (_, i) => `"tcp:${i}"`);
  const here = Array.from({ length: 4096 }, (_, i) => `"udp:${i} 10.0.${i >> 8}.${i & 255}"`);
  const made = config(`[policy]\nallow = [${[...everywhere, ...here].join()}]\n`);
  assert.throws(() => loadRouteFiles(made), /^WolfguardError: \[policy\]: allow and deny/);
});

test('a file that changes is read anew, one with a mistake is not taken', (t) => {
  const { file, write, config } = folder(t);
  write('10.0.0.0/8\n');
  const made = config(`[policy]\nroutes_file = "${file}"\n`);
  const current = { config: made, routeFiles: loadRouteFiles(made) };
  const said: string[] = [];
  const log = (_: unknown, text?: string): void => void said.push(text ?? String(_));
  const logger = { info: log, error: log } as ConstructorParameters<typeof RouteWatch>[0]['logger'];
  const watch = new RouteWatch({
    current: () => current,
    isHeld: () => false,
    apply: (changed) => {
      current.routeFiles = changed;
    },
    logger,
  });
  const routes = (): string[] => texts(current.routeFiles.networks(file));
  watch.poll();
  assert.deepEqual(said, []);
  write('10.0.0.0/8\n192.0.2.0/24\n');
  watch.poll();
  assert.deepEqual(routes(), ['10.0.0.0/8', '192.0.2.0/24']);
  write('10.0.0.0/8\nnonsense\n');
  watch.poll();
  watch.poll();
  assert.deepEqual(routes(), ['10.0.0.0/8', '192.0.2.0/24']);
  assert.deepEqual(said, [
    'files of routes read anew',
    'a new file of routes is unusable: the one before stays',
  ]);
  watch.close();
});

function folder(t: TestContext) {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'routes');
  const write = (text: string): void => writeFileSync(file, text);
  const config = (text: string) => {
    const configPath = path.join(directory, 'wolfguard.toml');
    writeFileSync(configPath, text);
    const result = readConfig(configPath);
    return result.ok ? result.config : assert.fail(result.output);
  };
  return { file, write, config };
}
