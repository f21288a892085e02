// [metrics] as Prometheus and a load balancer meet it, on a server with real clients.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { signalQuietly } from './harness/cleanup.ts';
import { Client } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { metricNames, ALERTS, readAlerts, readDashboard } from './harness/promql.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const PINGS = 20;
/** Children speak once a second, and a page is made once a second. */
const SHOWN_MS = 10_000;

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, {
  metrics: { listen: ['127.0.0.1:9100', '[::1]:9100'] },
});

test('promtool has nothing to say about the page, on either address', options, () => {
  for (const host of ['127.0.0.1', '[::1]']) {
    const file = lab.file('page.txt');
    writeFileSync(file, fetchPage(host));
    const { code, stdout, stderr } = lab.server.try('sh', [
      '-c',
      `promtool check metrics <${file}`,
    ]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' });
  }
  const open = curl('-H', 'Accept: application/openmetrics-text', url('metrics'));
  assert.match(open, /^# TYPE wolfguard_logins counter$/m);
  assert.ok(open.endsWith('# EOF\n'));
});

test('promtool takes each expression of the dashboard and the alerts', options, () => {
  const rules = [...readDashboard(), ...readAlerts()].map((expr, index) => ({
    record: `panel:${index}`,
    expr,
  }));
  const file = lab.file('rules.yml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'all', rules }] }));
  lab.server.run('promtool', ['check', 'rules', file]);
  lab.server.run('promtool', ['check', 'rules', ALERTS]);
});

test('values move as people log in and packets flow', options, async () => {
  const before = fetchPage();
  await Client.connect(lab, { account: ALICE });
  assert.equal(ping(lab.client, server.inside4, PINGS), 1);
  await eventually('the page shows it', SHOWN_MS, () => {
    const page = fetchPage();
    const moved = (series: string): number => read(page, series) - read(before, series);
    return (
      moved('wolfguard_logins_total{result="ok"}') === 1 &&
      moved('wolfguard_auth_checks_total{backend="file",result="accepted"}') === 1 &&
      moved('wolfguard_tunnel_packets_total{direction="received",channel="dtls"}') >= PINGS &&
      moved('wolfguard_tunnel_bytes_total{direction="sent",channel="dtls"}') >= PINGS * 84 &&
      moved('wolfguard_engine_packets_total{call="tun_write"}') >= PINGS &&
      moved('wolfguard_dtls_handshakes_total{result="ok",kind="full"}') === 1 &&
      moved('wolfguard_tls_handshakes_total{result="ok",version="1.3"}') >= 1 &&
      read(page, 'wolfguard_sessions{state="connected"}') === 1 &&
      read(page, 'wolfguard_tunnels{channel="dtls"}') === 1 &&
      read(page, 'wolfguard_pool_leases{pool="10.77.0.0/16"}') === 1 &&
      read(page, 'wolfguard_process_up{process="worker-1"}') === 1 &&
      read(page, 'wolfguard_process_cpu_seconds_total{process="primary"}') > 0
    );
  });
});

test('every metric of the dashboard and the alerts is on the page', options, () => {
  const page = fetchPage();
  const names = new Set([...readDashboard(), ...readAlerts()].flatMap(metricNames));
  const missing = [...names].filter((name) => !new RegExp(`^${name}[{ ]`, 'm').test(page));
  assert.deepEqual(missing, []);
});

test('what a worker counted stays when it is killed', options, async () => {
  const before = fetchPage();
  const series = 'wolfguard_tunnel_packets_total{direction="received",channel="dtls"}';
  const { connection } = await server.sessionOf(ALICE.user);
  const worker = connection?.worker ?? 0;
  signalQuietly((await server.workers())[worker] ?? 0, 'SIGKILL');
  const restarts = `wolfguard_process_restarts_total{process="worker-${worker}"}`;
  await eventually('the successor is on the page', SHOWN_MS, () => {
    const page = fetchPage();
    assert.ok(read(page, series) >= read(before, series), 'a total went back');
    return (
      read(page, restarts) === 1 &&
      read(page, `wolfguard_process_up{process="worker-${worker}"}`) === 1 &&
      read(page, 'wolfguard_workers') === 2
    );
  });
  assert.ok(read(fetchPage(), series) >= read(before, series));
});

test('a metrics process that is killed is replaced on the same sockets', options, async () => {
  const found = lab.server.run('pgrep', [
    '-P',
    String(server.program.pid),
    '-f',
    '^wolfguard: metrics',
  ]);
  signalQuietly(Number(found), 'SIGKILL');
  await eventually('its successor answers', SHOWN_MS, () => {
    const page = lab.server.try('curl', ['-sS', '--max-time', '2', url('metrics')]).stdout;
    return page.includes('wolfguard_process_restarts_total{process="metrics"} 1');
  });
});

test('it is alive and ready, and a primary that hangs is neither', options, async () => {
  assert.deepEqual([status('healthz'), status('readyz'), status('else')], ['200', '200', '404']);
  assert.equal(curl(url('readyz')), 'ready\n');
  signalQuietly(server.program.pid, 'SIGSTOP');
  try {
    assert.deepEqual([status('healthz'), status('readyz')], ['503', '503']);
  } finally {
    signalQuietly(server.program.pid, 'SIGCONT');
  }
  await eventually('it answers again', SHOWN_MS, () => status('readyz') === '200');
});

test('a stop ends it, too', options, async () => {
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.notEqual(lab.server.try('curl', ['-sS', url('healthz')]).code, 0);
});

const url = (page: string, host = '127.0.0.1'): string => `http://${host}:9100/${page}`;

const curl = (...args: string[]): string =>
  lab.server.run('curl', ['-gsS', '--max-time', '10', ...args]);

const fetchPage = (host?: string): string => curl(url('metrics', host));

const status = (page: string): string => curl('-o', '/dev/null', '-w', '%{http_code}', url(page));

/** NaN where there is no such series. */
const read = (page: string, series: string): number => {
  const line = page.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? NaN);
};
