// Facts in, findings out. What a namespace can make is tried for real in test/scenario/doctor.test.ts
// and nat.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../../../core/net/address.ts';
import type { Cidr } from '../../../../core/net/address.ts';
import { judgeClock } from '../../../../cli/doctor/judge_clock.ts';
import { judgeSecrets, judgeState } from '../../../../cli/doctor/judge_files.ts';
import type { StateFacts } from '../../../../cli/doctor/judge_files.ts';
import { judgeForwarding } from '../../../../cli/doctor/judge_forwarding.ts';
import type { DeviceSettings, ForwardingFacts } from '../../../../cli/doctor/judge_forwarding.ts';
import { judgeTun, judgeUdp, judgeVersions } from '../../../../cli/doctor/judge_kernel.ts';
import type { TunFacts, UdpFacts } from '../../../../cli/doctor/judge_kernel.ts';
import { judgePools } from '../../../../cli/doctor/judge_pools.ts';
import {
  judgeConfiguration,
  judgePorts,
  judgeServer,
} from '../../../../cli/doctor/judge_server.ts';
import type { CheckId, Finding } from '../../../../cli/doctor/finding.ts';
import type { Problem } from '../../../../config/problems.ts';
import type { AdminStatus } from '../../../../core/ipc/admin.ts';

const NOON = Date.UTC(2026, 10, 21, 12);

test('Linux before 5.12 has no NAT of our own; without NAT it will do', () => {
  const facts = { node: '26.10.0', nat: true };
  assert.match(
    say(judgeVersions({ ...facts, kernel: '5.11.22-x' }), 'kernel'),
    /^problem: .*5\.12/,
  );
  assert.match(say(judgeVersions({ ...facts, kernel: '5.12.0' }), 'kernel'), /^ok/);
  assert.match(say(judgeVersions({ ...facts, kernel: '6.1.0-28', nat: true }), 'kernel'), /^ok/);
  assert.match(say(judgeVersions({ ...facts, kernel: '4.19.1', nat: false }), 'kernel'), /^ok/);
  assert.match(
    say(judgeVersions({ kernel: '6.1', node: '24.1.0', nat: false }), 'node'),
    /^problem/,
  );
});

test('a TUN device that cannot be made is a problem, for others than root a question', () => {
  const failed = { kind: 'failed', sentence: 'it is missing: run "modprobe tun"' } as const;
  assert.equal(
    say(judgeTun(tun({ device: failed })), 'tun'),
    'problem: it is missing → run "modprobe tun"',
  );
  assert.match(say(judgeTun(tun({ device: { kind: 'forbidden' } })), 'tun'), /^unchecked/);
});

test('offloads and steering that the kernel lacks are warnings, and nothing to steer is fine', () => {
  const opened = (offload: 'none' | 'tcp') => ({ device: { kind: 'opened', offload } }) as const;
  assert.match(say(judgeTun(tun(opened('tcp'))), 'tun-offload'), /^warning: UDP .*Linux 6\.2/);
  assert.match(say(judgeTun(tun(opened('none'))), 'tun-offload'), /^warning: .*no TUN offload/);
  assert.match(
    say(judgeTun(tun({ wantsOffload: false })), 'tun-offload'),
    /set engine\.tun_offload = true/,
  );
  const refused = tun({ steeringRefusals: ['bpf: EPERM'] });
  assert.match(say(judgeTun(refused), 'steering'), /^warning: .*EPERM.* → .*--cap-add BPF/);
  assert.match(say(judgeTun({ ...refused, workers: 1 }), 'steering'), /^ok/);
  assert.deepEqual(levels(judgeTun(tun({}))), ['ok', 'ok', 'ok']);
});

test('UDP offloads that are switched off or missing are named', () => {
  const off = { wanted: { segmentation: false, receive: true } };
  assert.match(say(judgeUdp(udp(off)), 'udp-offloads'), /^warning: .*set engine\.udp_gso = true$/);
  const missing = { offloads: { segmentation: true, receive: false } };
  assert.match(say(judgeUdp(udp(missing)), 'udp-offloads'), /^warning: .*no UDP_GRO:/);
  const silent = { offloads: { failure: 'ENETUNREACH' } };
  assert.match(say(judgeUdp(udp(silent)), 'udp-offloads'), /^unchecked: .* → ip link set lo up/);
});

test('small buffers are a warning only where the server cannot raise them itself', () => {
  const small = { bufferBytes: 212_992 };
  assert.match(say(judgeUdp(udp(small)), 'socket-buffers'), /^ok: .*raises the bound/);
  const fixed = udp({ ...small, canRaise: false });
  assert.match(
    say(judgeUdp(fixed), 'socket-buffers'),
    /^warning: .*sysctl -w net\.core\.rmem_max=8388608 /,
  );
  assert.match(say(judgeUdp({ ...fixed, isRoot: false }), 'socket-buffers'), /^unchecked/);
});

test('forwarding that the server will turn on is no problem, read-only settings are', () => {
  assert.match(say(judgeForwarding(forwarding({})), 'forwarding-ipv4'), /^ok: .*at its start/);
  const readOnly = forwarding({ writable: false });
  assert.match(
    say(judgeForwarding(readOnly), 'forwarding-ipv4'),
    /^problem: .*docker run --sysctl net\.ipv4\.ip_forward=1/,
  );
});

test('a server that runs forwards on the tunnel and on the uplink', () => {
  const on = [device('wolf0', { forwarding4: 1 }), device('eth0', { forwarding4: 1 })];
  assert.match(
    say(judgeForwarding(forwarding({ running: true, devices: on })), 'forwarding-ipv4'),
    /^ok/,
  );
  const half = [device('wolf0', { forwarding4: 1 }), device('eth0', { forwarding4: 0 })];
  assert.match(
    say(judgeForwarding(forwarding({ running: true, devices: half })), 'forwarding-ipv4'),
    /^problem: IPv4 is not forwarded on eth0,/,
  );
});

test('IPv6 forwards by the switch for all, or by that of each device', () => {
  const facts = forwarding({ running: true, families: [6], uplinks: { 4: [], 6: ['eth0'] } });
  const forced = [device('wolf0', { forwarding6: 1 }), device('eth0', { forwarding6: 1 })];
  assert.match(say(judgeForwarding({ ...facts, devices: forced }), 'forwarding-ipv6'), /^ok/);
  assert.match(
    say(judgeForwarding({ ...facts, forAll: { 4: 0, 6: 1 } }), 'forwarding-ipv6'),
    /^ok/,
  );
  assert.match(say(judgeForwarding(facts), 'forwarding-ipv6'), /^problem: .*wolf0 and eth0/);
});

test('an uplink whose name has a dot gets a command that sysctl understands', () => {
  const facts = forwarding({
    families: [4, 6],
    forAll: { 4: 1, 6: 1 },
    uplinks: { 4: ['eth0.5'], 6: [] },
    devices: [device('eth0.5', { acceptRa: 1 })],
  });
  assert.match(
    say(judgeForwarding(facts), 'router-advertisements'),
    /sysctl -w net\/ipv6\/conf\/eth0\.5\/accept_ra=2$/,
  );
});

test('a strict reverse path filter is fine with one uplink', () => {
  const facts = forwarding({ devices: [device('eth0', { rpFilter: 1 })] });
  assert.match(say(judgeForwarding(facts), 'rp-filter'), /^ok: strict on eth0/);
  const two = { ...facts, uplinks: { 4: ['eth0', 'eth1'], 6: [] } };
  assert.match(say(judgeForwarding(two), 'rp-filter'), /^warning/);
  assert.match(say(judgeForwarding({ ...two, rpFilterForAll: 2 }), 'rp-filter'), /^ok/);
});

test('a pool cut out of a network behind a router is fine, out of a network on the wire it is not', () => {
  const route = (network: string, viaRouter: boolean) => ({
    device: 'wolf0',
    pools: [cidr('10.77.0.0/16')],
    routes: [{ device: 'eth0', network: cidr(network), viaRouter }],
    clashes: [],
  });
  assert.match(say(judgePools(route('10.0.0.0/8', true)), 'pool-route'), /^ok/);
  assert.match(say(judgePools(route('10.0.0.0/8', false)), 'pool-route'), /^warning: the pool/);
  assert.match(say(judgePools(route('10.77.5.0/24', true)), 'pool-route'), /^problem: the route/);
  assert.match(say(judgePools(route('0.0.0.0/0', true)), 'pool-route'), /^ok/);
  assert.match(say(judgePools(route('10.78.0.0/16', false)), 'pool-route'), /^ok/);
});

test('a clock before the certificate is wrong, one that drifts is a warning', () => {
  const facts = { now: NOON, synchronised: true, notBefore: [], usesTotp: false };
  assert.match(say(judgeClock(facts), 'clock'), /^ok/);
  assert.match(say(judgeClock({ ...facts, now: 0 }), 'clock'), /^problem: .*1970-01-01/);
  assert.match(say(judgeClock({ ...facts, notBefore: [NOON + 1] }), 'clock'), /^problem/);
  const drifting = { ...facts, synchronised: false, usesTotp: true };
  assert.match(say(judgeClock(drifting), 'clock'), /^warning: .*one-time passwords/);
});

test('a state folder in memory, on the network, in a container or on a full disk is a warning', () => {
  const on = (magic: number, freeBytes = 1e12) => judgeState(state({ disk: { magic, freeBytes } }));
  const EXT4 = 0xef53;
  assert.match(say(on(EXT4), 'state-dir'), /^ok/);
  assert.match(say(on(0x0102_1994), 'state-dir'), /^warning: .*tmpfs/);
  assert.match(say(on(0x6969), 'state-dir'), /^warning: .*NFS/);
  assert.match(say(on(0x794c_7630), 'state-dir'), /^warning: .*docker run -v/);
  assert.match(say(on(EXT4, 10e6), 'state-dir'), /^warning: .* 9 MiB/);
});

test('a state folder that cannot be written is a problem for root, a question for others', () => {
  const facts = state({ state: { kind: 'there', writable: false } });
  assert.match(say(judgeState(facts), 'state-dir'), /^problem/);
  assert.match(say(judgeState({ ...facts, isRoot: false }), 'state-dir'), /^unchecked/);
});

test('secrets that others may read or change are problems, those of a group or another owner warnings', () => {
  const secret = (mode: number, uid = 0, gid = 0) =>
    say(
      judgeSecrets([{ path: '/k', key: 'tls.private_key', owner: { uid, gid, mode } }]),
      'secret-file',
    );
  assert.match(secret(0o100600), /^ok/);
  assert.match(secret(0o100640), /^ok/);
  assert.match(secret(0o100640, 0, 110), /^warning: the group 110 may read \/k \(mode 640/);
  assert.match(secret(0o100600, 1000), /^warning: \/k belongs to uid 1000/);
  assert.match(secret(0o100604), /^problem: everybody may read/);
  assert.match(secret(0o100620), /^problem: others than root may change/);
  assert.deepEqual(judgeSecrets([{ path: '/k', key: 'x', owner: null }]), []);
});

test('mistakes of the configuration are told by what they are about, and what is hidden is no mistake', () => {
  const mistake = (key: string, message: string) => ({ line: 3, column: 1, key, message });
  const judge = (...problems: Problem[]) =>
    judgeConfiguration({ path: 'w.toml', state: { kind: 'read', problems } });
  assert.match(say(judge(), 'configuration'), /^ok/);
  assert.match(
    say(judge(mistake('policy.dns', 'policy.dns: "x" is no address')), 'configuration'),
    /^problem: w\.toml:3: policy\.dns: .* → correct policy\.dns: wolfguard check -c w\.toml$/,
  );
  const ended = judge(mistake('tls.client_crl', 'list 1 of the file expired on 2026-01-01'));
  assert.match(say(ended, 'revocation-list'), /^problem: .*expired/);
  assert.match(say(ended, 'configuration'), /^ok/);
  const hidden = judge(mistake('tls.private_key', 'cannot read "k": permission denied'));
  assert.match(say(hidden, 'certificate'), /^unchecked/);
  const state = {
    kind: 'unreadable',
    reason: 'w.toml: cannot be read: there is no such file',
  } as const;
  assert.match(
    say(judgeConfiguration({ path: 'w.toml', state }), 'configuration'),
    /^problem: .* → name it with -c/,
  );
});

test('a server that replaces a process, or is older than the program, is told', () => {
  const status = { pid: 7, version: '1.2.3', authPid: 8, workerPids: [9, null], sessions: 0 };
  const of = (changes: Partial<AdminStatus>) =>
    judgeServer({ status: { ...status, ...changes } as AdminStatus, version: '1.2.3' });
  assert.match(say(of({}), 'server'), /^problem: .*pid 7 is just replacing worker 1 →/);
  assert.match(
    say(of({ workerPids: [9], version: '1.2.2' }), 'server'),
    /^warning: .*1\.2\.2, installed is 1\.2\.3/,
  );
  assert.match(say(of({ workerPids: [9] }), 'server'), /^ok: running with pid 7/);
  assert.match(say(judgeServer({ status: 'forbidden', version: '' }), 'server'), /^unchecked/);
});

test('a port whose holder is hidden is taken all the same', () => {
  const port = { protocol: 'udp', address: '::', port: 443 } as const;
  const found = judgePorts([{ ...port, state: { kind: 'taken', holders: [] } }]);
  assert.match(
    say(found, 'port'),
    /^problem: UDP \[::\]:443 is taken by a program that only root may see/,
  );
  assert.match(say(judgePorts([{ ...port, state: { kind: 'seems-free' } }]), 'port'), /^unchecked/);
});

const tun = (changes: Partial<TunFacts>): TunFacts => ({
  device: { kind: 'opened', offload: 'tcp-and-udp' },
  steeringRefusals: [],
  wantsOffload: true,
  workers: 2,
  ...changes,
});

const udp = (changes: Partial<UdpFacts>): UdpFacts => ({
  offloads: { segmentation: true, receive: true },
  wanted: { segmentation: true, receive: true },
  bufferBytes: 8 << 20,
  wantedBytes: 8 << 20,
  isRoot: true,
  raisesBuffers: true,
  canRaise: true,
  ...changes,
});

/** One uplink, eth0; everything off, nothing running. */
const forwarding = (changes: Partial<ForwardingFacts>): ForwardingFacts => ({
  device: 'wolf0',
  wanted: true,
  families: [4],
  running: false,
  forAll: { 4: 0, 6: 0 },
  writable: true,
  devices: [],
  uplinks: { 4: ['eth0'], 6: [] },
  rpFilterForAll: 0,
  ...changes,
});

const device = (name: string, changes: Partial<DeviceSettings>): DeviceSettings => ({
  name,
  forwarding4: undefined,
  forwarding6: undefined,
  acceptRa: undefined,
  rpFilter: undefined,
  ...changes,
});

const state = (changes: Partial<StateFacts>): StateFacts => ({
  path: '/var/lib/wolfguard',
  state: { kind: 'there', writable: true },
  disk: null,
  isRoot: true,
  ...changes,
});

const cidr = (text: string): Cidr => parseCidr(text)?.network ?? assert.fail(text);

const levels = (findings: readonly Finding[]): string[] => findings.map(({ level }) => level);

/** "level: what → mend" of each finding of a check. */
const say = (findings: readonly Finding[], id: CheckId): string =>
  findings
    .filter((finding) => finding.id === id)
    .map(({ level, what, mend }) => `${level}: ${what}${mend === null ? '' : ` → ${mend}`}`)
    .join('\n');
