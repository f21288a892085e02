import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientFacts, sanitiseHostname } from '../../../../core/auth/client_facts.ts';

const SILENT = { userAgent: '', platform: '', deviceType: '', hostname: '' };

for (const [userAgent, kind] of [
  ['Open AnyConnect VPN Agent v9.01-3', 'openconnect'],
  ['Open AnyConnect VPN Agent v3.20', 'openconnect-v3'],
  ['Open AnyConnect VPN Agent v30', 'openconnect'],
  ['Open AnyConnect VPN Agent vX', 'openconnect'],
  ['AnyConnect-compatible OpenConnect VPN Agent v9.21', 'openconnect'],
  ['OpenConnect VPN Agent (NetworkManager) v9.01', 'openconnect'],
  ['Cisco AnyConnect VPN Agent for Apple iPhone 5.0', 'anyconnect-apple'],
  ['Cisco AnyConnect VPN Agent for Windows 4.10', 'anyconnect'],
  ['AnyConnect Linux_64 5.1.2', 'anyconnect'],
  ['Clavister OneConnect VPN v1', 'openconnect'],
  ['AnyLink Secure Client 4', 'openconnect'],
  ['cisco anyconnect vpn agent', 'anyconnect'],
  ['curl/8.0', 'unknown'],
  ['', 'unknown'],
] as const)
  test(`"${userAgent}" is of the class ${kind} [oc 2.3]`, () =>
    assert.equal(clientFacts({ ...SILENT, userAgent }).kind, kind));

test('a phone is mobile by its platform, an iPhone by its name too [oc 2.2]', () => {
  const mobile = (userAgent: string, platform: string): boolean =>
    clientFacts({ ...SILENT, userAgent, platform }).mobile;
  assert.ok(mobile('', 'apple-ios'));
  assert.ok(mobile('', 'android'));
  assert.ok(mobile('Cisco AnyConnect VPN Agent for Apple iPad', ''));
  assert.ok(!mobile('AnyConnect Linux_64', 'linux-64'));
});

test('a host name cannot hold what a script would trip over', () => {
  assert.equal(sanitiseHostname('box;rm -rf /$(x)\n.local'), 'boxrm-rfx.local');
  assert.equal(sanitiseHostname('--help'), 'help');
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.match(sanitiseHostname(text), /^([A-Za-z0-9_][A-Za-z0-9._-]{0,62})?$/);
    }),
  );
});

test('control characters and endless names do not get through', () => {
  const { userAgent, platform, deviceType } = clientFacts({
    ...SILENT,
    userAgent: `a\u0007${'b'.repeat(1000)}`,
    platform: `x\u2028${'y'.repeat(1000)}`,
    deviceType: 'iPad14,8\n',
  });
  assert.equal(userAgent, `a${'b'.repeat(255)}`);
  assert.equal(platform.length, 64);
  assert.equal(deviceType, 'iPad14,8');
});
