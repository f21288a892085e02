import assert from 'node:assert/strict';
import { test } from 'node:test';

import { identityFrom, isDnsName } from '../../../certs/identity.ts';

const HOSTS = `
127.0.0.1 localhost
127.0.1.1 vpn.example.org vpn   # Debian's line
192.0.2.7 gate.example.org
192.0.2.8 somebody-else.example.org
::1 ip6-localhost
`;

test('names come from the host name and from the lines of /etc/hosts about this machine', () => {
  const { dnsNames } = identity({});
  assert.deepEqual(dnsNames, ['vpn', 'vpn.example.org', 'gate.example.org', 'localhost']);
});

test('loopback is always covered and link-local addresses never are', () => {
  const { addresses } = identity({
    addresses: ['127.0.0.1', '192.0.2.7', 'fe80::1', 'fe80::2%eth0', '169.254.3.4', '2001:DB8::7'],
  });
  assert.deepEqual(addresses, ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7']);
});

test('a name that the operator gives comes first, an address joins the addresses', () => {
  assert.equal(identity({ extra: 'VPN.example.net' }).dnsNames[0], 'vpn.example.net');
  const { dnsNames, addresses } = identity({ extra: '203.0.113.5' });
  assert.ok(addresses.includes('203.0.113.5'));
  assert.equal(dnsNames[0], 'vpn');
});

test('a host name that no certificate can bear is left out', () => {
  assert.deepEqual(identity({ hostname: 'my_host', hosts: '' }).dnsNames, ['localhost']);
  assert.equal(isDnsName('-a.example'), false);
  assert.equal(isDnsName('a..b'), false);
  assert.equal(isDnsName('a'.repeat(64)), false);
  assert.equal(isDnsName('xn--bcher-kva.example'), true);
});

const identity = (facts: {
  hostname?: string;
  hosts?: string;
  addresses?: string[];
  extra?: string;
}) => identityFrom({ hostname: 'VPN', hosts: HOSTS, addresses: ['192.0.2.7'], ...facts });
