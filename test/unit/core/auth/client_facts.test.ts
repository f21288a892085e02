import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientFacts, sanitiseHostname } from '../../../../core/auth/client_facts.ts';

const SILENT = { userAgent: '', platform: '', deviceType: '', hostname: '', license: '' };

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
  ['AnyConnect AppleSSLVPN_Darwin_ARM (iPad) 4.10.04060', 'anyconnect-apple'],
  ['AnyConnect Android 4.10.05096', 'anyconnect'],
  ['Clavister OneConnect VPN v1', 'openconnect'],
  ['OneConnect/3.11.10.0 (Clavister OneConnect VPN)', 'openconnect'],
  ['OpenConnect-GUI 1.5.3 v7.08', 'openconnect'],
  ['AnyLink Secure Client 4', 'openconnect'],
  ['anylink vpn agent for linux v1.0', 'openconnect'],
  ['Cisco SVC IPPhone Client v1.0 (1.0)', 'cisco-phone'],
  ['Mozilla/5.0 (iPhone) AppleWebKit/605.1.15', 'unknown'],
  ['cisco anyconnect vpn agent', 'anyconnect'],
  ['curl/8.0', 'unknown'],
  ['', 'unknown'],
] as const)
  test(`"${userAgent}" is of the class ${kind} [oc 2.3]`, () =>
    assert.equal(clientFacts({ ...SILENT, userAgent }).kind, kind));

test('a phone is mobile by its platform, its name or the licence that it wants [oc 2.2]', () => {
  const mobile = (userAgent: string, platform: string, license = ''): boolean =>
    clientFacts({ ...SILENT, userAgent, platform, license }).mobile;
  assert.ok(mobile('', 'apple-ios'));
  assert.ok(mobile('', 'android'));
  assert.ok(mobile('Cisco AnyConnect VPN Agent for Apple iPad', ''));
  assert.ok(mobile('AnyConnect Android 4.10.05096', ''));
  assert.ok(mobile('Cisco AnyConnect VPN Agent', '', 'mobile'));
  assert.ok(!mobile('AnyConnect Linux_64', 'linux-64', 'none'));
  assert.ok(!mobile('Cisco SVC IPPhone Client v1.0', ''));
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
