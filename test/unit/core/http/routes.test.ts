import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTunnelTarget, routeOf } from '../../../../core/http/routes.ts';
import type { ClientFacts } from '../../../../core/ipc/messages.ts';

for (const target of ['/', '/?secret', '/auth', '/auth?x=1', '/auth/more', '/VPN'])
  test(`GET ${target} gives the form [oc 2.4]`, () =>
    assert.deepEqual(routeOf('GET', target, 'unknown'), { kind: 'form', group: null }));

for (const target of ['/', '/auth', '/auth?secret', '/VPN', '/auth/'])
  test(`POST ${target} is a login step`, () =>
    assert.deepEqual(routeOf('POST', target, 'anyconnect'), { kind: 'login', group: null }));

test('POST to another name is a login step of that group', () => {
  for (const [target, group] of [
    ['/staff?x', 'staff'],
    ['/staff/', 'staff'],
    ['/Our%20people', 'Our people'],
    ['/%D0%BB%D1%8E%D0%B4%D0%B8', 'люди'],
    ['/a%2Fb', 'a/b'],
  ] as const)
    assert.deepEqual(routeOf('POST', target, 'anyconnect'), { kind: 'login', group }, target);
});

test('GET of such a name is the form for openconnect, which may not speak XML, and for nobody else', () => {
  assert.deepEqual(routeOf('GET', '/staff', 'openconnect'), { kind: 'form', group: 'staff' });
  for (const client of ['unknown', 'anyconnect'] as const)
    assert.equal(statusOf('GET', '/staff', client), 404);
});

test('/svc is for IP phones [oc 4.9]', () => {
  assert.deepEqual(routeOf('POST', '/svc?x', 'cisco-phone'), { kind: 'phone-login' });
  assert.deepEqual(routeOf('POST', '/svc', 'anyconnect'), { kind: 'login', group: 'svc' });
  const page = routeOf('GET', '/svc', 'cisco-phone');
  assert.ok(page.kind === 'fixed');
  assert.deepEqual(
    page.answer.headers.slice(1).map(([name, value]) => `${name}: ${value}`),
    [
      'Set-Cookie: webvpn=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/; Secure; HttpOnly',
      'Set-Cookie: webvpnlogin=1; Secure',
    ],
  );
});

test('HEAD is answered as GET is, and changes nothing', () => {
  for (const target of ['/', '/auth', '/logout', '/1/index.html', '/VPNManifest.xml'])
    assert.equal(statusOf('HEAD', target), 200, target);
  assert.equal(statusOf('HEAD', '/favicon.ico'), 404);
  assert.equal(routeOf('HEAD', '/profiles/x', 'anyconnect').kind, 'profile');
});

test('POST to a deeper path or an odd name is not found', () => {
  for (const target of [
    '/auth/more',
    `/${'g'.repeat(65)}`,
    '//',
    '',
    '/%',
    '/%ff',
    '/a%00b',
    '/%20',
  ])
    assert.equal(statusOf('POST', target), 404, target);
});

test('GET /logout logs out', () =>
  assert.equal(routeOf('GET', '/logout', 'anyconnect').kind, 'logout'));

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
    ['HEAD', '/svc'],
    ['OPTIONS', '/'],
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

function statusOf(
  method: string,
  target: string,
  client: ClientFacts['kind'] = 'unknown',
): number | undefined {
  const route = routeOf(method, target, client);
  return route.kind === 'fixed' ? route.answer.status : undefined;
}

function bodyOf(target: string): string {
  const route = routeOf('GET', target, 'anyconnect');
  assert.ok(route.kind === 'fixed');
  assert.equal(route.answer.status, 200);
  return route.answer.body;
}

test('the profile is found under any name, as AnyConnect and as openconnect ask [oc 3, 4.11]', () => {
  for (const target of ['/profiles', '/profiles/staff.xml', '/profiles%2Fstaff.xml?x'])
    assert.equal(routeOf('GET', target, 'anyconnect').kind, 'profile', target);
  assert.equal(routeOf('POST', '/profiles/staff.xml', 'anyconnect').kind, 'fixed');
});
