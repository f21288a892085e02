import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTunnelTarget, routeOf } from '../../../../core/http/routes.ts';

for (const target of ['/', '/?secret', '/auth', '/auth?x=1', '/auth/more', '/VPN'])
  test(`GET ${target} gives the form [oc 2.4]`, () =>
    assert.deepEqual(routeOf('GET', target), { kind: 'form' }));

for (const target of ['/', '/auth', '/auth?secret', '/VPN'])
  test(`POST ${target} is a login step`, () =>
    assert.deepEqual(routeOf('POST', target), { kind: 'login', group: null }));

test('POST to another name is a login step of that group', () => {
  assert.deepEqual(routeOf('POST', '/staff?x'), { kind: 'login', group: 'staff' });
});

test('POST to a deeper path or an odd name is not found', () => {
  for (const target of ['/auth/more', '/a%20b', `/${'g'.repeat(65)}`, '//', ''])
    assert.equal(statusOf('POST', target), 404, target);
});

test('GET /logout logs out', () => assert.equal(routeOf('GET', '/logout').kind, 'logout'));

for (const target of [
  '/VPNManifest.xml',
  '/1/VPNManifest.xml',
  '/+CSCOT+/translation-table?textdomain=AnyConnect&type=manifest',
  '/+CSCOT+/oem-customization?app=AnyConnect',
]) {
  test(`GET ${target} gives an empty manifest`, () =>
    assert.match(bodyOf(target), /^<\?xml .*\n<vpn rev="1.0"><\/vpn>\n$/));
}

test('the downloader finds nothing newer and nothing to run', () => {
  assert.equal(bodyOf('/1/binaries/update.txt'), '0,0,0000\n');
  assert.equal(bodyOf('/1/binaries/vpndownloader.sh'), '#!/bin/sh\nexit 0\n');
  assert.equal(bodyOf('/1/Linux_64'), '<html></html>\n');
});

test('everything else is 404', () => {
  for (const [method, target] of [
    ['GET', '/cert.pem'],
    ['GET', '/authx'],
    ['GET', '/+CSCOE+/logon.html'],
    ['GET', '/svc'],
    ['GET', '/profilesx'],
    ['PUT', '/'],
    ['HEAD', '/'],
    ['GET', '*'],
  ] as const)
    assert.equal(statusOf(method, target), 404, `${method} ${target}`);
});

test('the tunnel target may lack its slash [oc 2.3]', () => {
  assert.ok(isTunnelTarget('/CSCOSSLC/tunnel'));
  assert.ok(isTunnelTarget('CSCOSSLC/tunnel'));
  assert.ok(!isTunnelTarget('/CSCOSSLC/tunnel/x'));
  assert.ok(!isTunnelTarget('example.com:443'));
});

function statusOf(method: string, target: string): number | undefined {
  const route = routeOf(method, target);
  return route.kind === 'fixed' ? route.answer.status : undefined;
}

function bodyOf(target: string): string {
  const route = routeOf('GET', target);
  assert.ok(route.kind === 'fixed');
  assert.equal(route.answer.status, 200);
  return route.answer.body;
}

test('the profile is found under any name, as AnyConnect and as openconnect ask [oc 3, 4.11]', () => {
  for (const target of ['/profiles', '/profiles/staff.xml', '/profiles%2Fstaff.xml?x'])
    assert.equal(routeOf('GET', target).kind, 'profile', target);
  assert.equal(routeOf('POST', '/profiles/staff.xml').kind, 'fixed');
});
