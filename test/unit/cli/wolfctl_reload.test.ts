import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderReload } from '../../../cli/wolfctl/render_reload.ts';
import type { AdminResults } from '../../../core/ipc/admin.ts';
import { encodeAdminRequest, parseAdminRequest } from '../../../core/ipc/admin_request.ts';
import type { ReloadChange } from '../../../core/ipc/reload_plan.ts';
import { documentOf } from './schema.ts';
import { wolfctl } from './wolfctl_bench.ts';
import type { Outcome } from './wolfctl_bench.ts';

type Result = AdminResults['reload'];

test('the JSON of a plan is as its schema says', async () => {
  const { output } = await wolfctl(['reload', '--json'], { answers: { reload: PLAN } });
  assert.deepEqual(documentOf('reload', output), PLAN);
});

const change = (section: string, key: string, values: Partial<ReloadChange>): ReloadChange => ({
  ...{ section, key, before: null, after: null, secret: false, effect: 'at once' },
  ...values,
});

const NOTHING: Result = {
  dryRun: false,
  changed: [],
  changes: [],
  certificates: [],
  files: [],
  sessions: { connected: 12, other: 0 },
  warnings: [],
  refusals: [],
};

const PLAN: Result = {
  ...NOTHING,
  changes: [
    change('limits', 'max_clients', { before: 0, after: 100, effect: 'new logins' }),
    change('limits', 'drain', { before: 0, after: '30m' }),
    change('camouflage', 'secret', { secret: true }),
    change('user.alice.policy', 'mtu', { after: 1400, effect: 'new sessions' }),
  ],
  certificates: [
    {
      host: '',
      before: certificate('CN=old', '2026-12-01', ['vpn.example.com']),
      after: certificate('CN=new', '2027-12-01', ['vpn.example.com', '192.0.2.1']),
    },
    { host: 'partners.example', before: null, after: certificate('CN=p', '2027-01-01', []) },
  ],
  files: ['/etc/wolfguard/server.pem'],
  sessions: { connected: 12, other: 3 },
  warnings: ['tls.certificate ends soon'],
};

const BODY = `[limits]
  max_clients  0 → 100  (for new logins)
  drain        0 → "30m"  (at once)
[camouflage]
  secret  changed  (at once)
[user.alice.policy]
  mtu  not set → 1400  (for new sessions)
certificate of the main server:
  was CN=old, until 2026-12-01, for vpn.example.com
  is  CN=new, until 2027-12-01, for vpn.example.com 192.0.2.1
certificate of partners.example:
  was none
  is  CN=p, until 2027-01-01
files with other contents:
  /etc/wolfguard/server.pem
`;

test('a reload tells what it has changed, a dry run what it would', () => {
  assert.equal(
    renderReload(PLAN),
    `reloaded:\n${BODY}3 of 12 sessions keep another policy than a new login gets
warning: tls.certificate ends soon\n`,
  );
  assert.equal(
    renderReload({ ...PLAN, dryRun: true }),
    `a reload would change:\n${BODY}3 of 12 sessions would keep another policy than a new login gets
warning: tls.certificate ends soon\n`,
  );
  assert.equal(renderReload(NOTHING), 'reloaded; no key has changed\n');
  assert.equal(renderReload({ ...NOTHING, dryRun: true }), 'a reload would change nothing\n');
});

test('of long lists only what is added and what is gone is shown', () => {
  const networks = Array.from({ length: 20 }, (_, i) => `10.${i}.0.0/16`);
  const lines = (before: readonly string[], after: readonly string[]): string =>
    renderReload({ ...NOTHING, changes: [change('policy', 'routes', { before, after })] });
  const more = [...networks.slice(2), '192.0.2.0/24'];
  assert.match(
    lines(networks, more),
    /routes {2}added "192\.0\.2\.0\/24"; removed "10\.0\.0\.0\/16", "10\.1\.0\.0\/16" {2}\(/,
  );
  assert.match(
    lines([], networks),
    /added "10\.0\.0\.0\/16", .*"10\.4\.0\.0\/16" and 15 more {2}\(/,
  );
  assert.match(lines(networks, networks.toReversed()), /in another order/);
});

test('a dry run of what would be refused prints all of it and ends with 1', async () => {
  const refusals = ['a restart is needed for network.device', 'c.toml:3:1: nonsense'];
  const result = { ...PLAN, dryRun: true, refusals };
  const { exitCode, output, errors } = await run(['reload', '--dry-run'], result);
  assert.equal(exitCode, 1);
  assert.match(output, /^refused: a restart is needed for network\.device\nrefused: c\.toml:3:1/m);
  assert.match(errors, /the reload would be refused/);
  const json = await run(['reload', '--dry-run', '--json'], result);
  assert.equal(json.exitCode, 1);
  assert.deepEqual(JSON.parse(json.output), JSON.parse(JSON.stringify(result)));
});

test('a dry run is asked for as such', async () => {
  assert.deepEqual((await run(['reload', '--dry-run'], NOTHING)).command, {
    command: 'reload',
    dryRun: true,
  });
  assert.deepEqual((await run(['reload'], NOTHING)).command, { command: 'reload' });
  const parse = (fields: object): unknown =>
    parseAdminRequest(encodeAdminRequest(1, { command: 'reload', ...fields }));
  assert.deepEqual(parse({ dryRun: true }), {
    kind: 'request',
    id: 1,
    request: { command: 'reload', dryRun: true },
  });
  assert.equal((parse({ dryRun: 'yes' }) as { kind: string }).kind, 'bad');
});

function certificate(
  subject: string,
  until: string,
  names: readonly string[],
): NonNullable<Result['certificates'][number]['before']> {
  return { subject, names, expiresAt: Date.parse(until), fingerprint: subject };
}

const run = (args: readonly string[], result: Result): Promise<Outcome> =>
  wolfctl(args, { answers: { reload: result } });
