import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoginReply, LoginRequest, WorkerToPrimary } from '../../../core/ipc/messages.ts';
import { bench, get, post, until } from './bench.ts';
import type { Answer } from './bench.ts';
import { CERTIFICATE_SHA1 } from './certificate.ts';

const AGENT = 'User-Agent: Open AnyConnect VPN Agent v9.01-3\r\n';
const init =
  '<?xml version="1.0"?><config-auth client="vpn" type="init"><device-id computer-name="box">linux-64</device-id></config-auth>';
const reply = (user: string, password: string): string =>
  `<config-auth client="vpn" type="auth-reply"><auth><username>${user}</username><password>${password}</password></auth></config-auth>`;

test('init, reply, complete: the dialogue of openconnect [oc 4]', async (t) => {
  const { client, told } = await bench(t, { answer: accounts() });
  const openconnect = await client();
  const form = await openconnect.ask(post('/', init, AGENT));
  assert.match(form, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(form, /\r\nContent-Type: text\/xml; charset=utf-8\r\nX-Transcend-Version: 1\r\n/);
  assert.match(form, /\r\nSet-Cookie: webvpncontext=d1; Max-Age=300; Secure; HttpOnly\r\n/);
  assert.match(form, /\r\n\r\n<\?xml [^]*type="auth-request"/);
  const done = await openconnect.ask(
    post('/auth', reply('alice', 'secret'), `${AGENT}Cookie: webvpncontext=d1\r\n`),
  );
  assert.match(done, /^HTTP\/1.1 200 OK\r\n/);
  assert.deepEqual(
    [...done.matchAll(/^Set-Cookie: ([^;]*);/gm)].map(([, cookie]) => cookie),
    [
      'webvpncontext=',
      'webvpn=c00kie',
      'webvpnc=',
      `webvpnc=bu:/&p:t&iu:1/&sh:${CERTIFICATE_SHA1}`,
    ],
  );
  assert.match(done, /<auth id="success"><title>SSL VPN Service<\/title><banner>Hi<\/banner>/);
  assert.deepEqual(logins(told), [
    {
      dialogue: null,
      step: { kind: 'start', group: null, urlGroup: null },
      client: {
        userAgent: 'Open AnyConnect VPN Agent v9.01-3',
        kind: 'openconnect',
        mobile: false,
        hostname: 'box',
        platform: 'linux-64',
        deviceType: '',
      },
      peer: { address: '192.0.2.9', port: 40_001 },
      vhost: '',
      certificate: null,
    },
    {
      dialogue: 'd1',
      step: {
        kind: 'reply',
        fields: { username: 'alice', password: 'secret' },
        group: null,
        urlGroup: null,
      },
      client: {
        userAgent: 'Open AnyConnect VPN Agent v9.01-3',
        kind: 'openconnect',
        mobile: false,
        hostname: '',
        platform: '',
        deviceType: '',
      },
      peer: { address: '192.0.2.9', port: 40_001 },
      vhost: '',
      certificate: null,
    },
  ]);
});

test('a wrong password gets the form again, the third 401 and a closed connection', async (t) => {
  const { client } = await bench(t, { answer: accounts() });
  const guessing = await client();
  for (let i = 0; i < 2; i++) {
    const again = await guessing.ask(post('/auth', reply('alice', 'wrong'), AGENT));
    assert.match(again, /^HTTP\/1.1 200 OK\r\n[^]*<error id="login">Login failed<\/error>/);
  }
  assert.equal(
    await guessing.ask(post('/auth', reply('alice', 'wrong'), AGENT)),
    'HTTP/1.1 401 three wrong\r\nX-Frame-Options: deny\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  );
  await until(() => guessing.ended);
});

test('the non-XML fallback: GET gives the same form, answers come form-encoded [oc 4.10]', async (t) => {
  const { client, told } = await bench(t, { answer: accounts() });
  const old = await client();
  assert.match(await old.ask(get('/', AGENT)), /<form method="post" action="\/auth">/);
  const done = await old.ask(post('/auth', 'username=alice&password=secret', AGENT));
  assert.match(done, /type="complete"/);
  assert.deepEqual(logins(told)[1]?.step, {
    kind: 'reply',
    fields: { username: 'alice', password: 'secret' },
    group: null,
    urlGroup: null,
  });
});

test('a group comes from the path where the document names none', async (t) => {
  const { client, told } = await bench(t, { answer: accounts() });
  const choosing = await client();
  await choosing.ask(post('/staff', init));
  await choosing.ask(
    post('/staff', init.replace('</config', '<group-select>it</group-select></config')),
  );
  assert.deepEqual(
    logins(told).map(({ step }) => [step.group, step.urlGroup]),
    [
      [null, 'staff'],
      ['it', 'staff'],
    ],
  );
});

test('a group comes from group-access where the request has none, as with Cisco’s clients', async (t) => {
  const { client, told } = await bench(t, { answer: accounts() });
  const typed = await client();
  const access = '<group-access>https://vpn.example.com/it</group-access></config';
  await typed.ask(post('/', init.replace('</config', access)));
  await typed.ask(post('/staff', init.replace('</config', access)));
  assert.deepEqual(
    logins(told).map(({ step }) => step.urlGroup),
    ['it', 'staff'],
  );
});

test('an IP phone that gets a question instead of a yes is not in [oc 4.9]', async (t) => {
  const { client } = await bench(t, { answer: accounts() });
  const phone = 'User-Agent: Cisco SVC IPPhone Client v1.0 (1.0)\r\n';
  const ask = async (body: string): Promise<string> =>
    (await client()).ask(post('/svc', body, phone));
  assert.match(await ask('username=alice'), /^HTTP\/1.1 401 Authentication failed\r\n/);
  assert.match(await ask(''), /^HTTP\/1.1 400 /);
  assert.match(await ask('<config-auth type="init"/>'), /^HTTP\/1.1 400 /);
});

test('a document that is none gets 400', async (t) => {
  const { client, told } = await bench(t);
  const strange = await client();
  assert.match(await strange.ask(post('/', '<!DOCTYPE x><config-auth/>')), /^HTTP\/1.1 400 /);
  assert.deepEqual(logins(told), []);
});

test('an outage is 503 with its reason, never a wrong password', async (t) => {
  const { client } = await bench(t, {
    answer: always({ kind: 'unavailable', reason: 'LDAP is down' }),
  });
  assert.match(
    await (await client()).ask(post('/', init)),
    /^HTTP\/1.1 503 Service Unavailable\r\nX-Frame-Options: deny\r\nX-Reason: LDAP is down\r\n/,
  );
});

test('who is turned away reads why in a form without inputs; a browser gets a 503', async (t) => {
  const reason = 'come back later';
  const { client } = await bench(t, { answer: always({ kind: 'turned-away', reason }) });
  const headers = /\r\nX-Reason: come back later\r\nRetry-After: \d+\r\n/;
  for (const request of [post('/', init), get('/', AGENT)]) {
    const shown = await (await client()).ask(request);
    assert.match(shown, /^HTTP\/1.1 200 OK\r\n/);
    assert.match(shown, headers);
    assert.match(
      shown,
      /<error id="login">come back later<\/error><form [^>]*\/?>(<\/form>)?<\/auth>/,
    );
  }
  const browser = await (await client()).ask(get('/'));
  assert.match(browser, /^HTTP\/1.1 503 Service Unavailable\r\n/);
  assert.match(browser, headers);
});

test('a primary that goes away makes open logins unavailable', async (t) => {
  const { client, worker, exits } = await bench(t);
  const waiting = await client();
  waiting.write(get('/'));
  await until(() => waiting.inner.bytesRead > 0);
  worker.primaryGone();
  await until(() => waiting.ended);
  assert.deepEqual(exits, [0]);
});

test('logout by URL and by document gives the cookie back [oc 2.4, 4.1]', async (t) => {
  const { client, told } = await bench(t);
  const leaving = await client();
  const page = await leaving.ask(get('/logout', 'Cookie: webvpn=c1\r\n'));
  assert.match(page, /^HTTP\/1.1 200 OK\r\n[^]*Set-Cookie: webvpn=; expires=/);
  const token = '<session-token>c2</session-token>';
  await leaving.ask(post('/', `<config-auth type="logout">${token}</config-auth>`));
  await leaving.ask(post('/', '<config-auth type="logout"/>', 'Cookie: webvpn=c3\r\n'));
  await leaving.ask(get('/logout'));
  assert.deepEqual(told.slice(1), [
    { kind: 'logout', cookie: 'c1' },
    { kind: 'logout', cookie: 'c2' },
    { kind: 'logout', cookie: 'c3' },
  ]);
});

test('a profile is announced, and fetched with the cookie alone [oc 4.11]', async (t) => {
  const profile = { name: 'staff.xml', sha1: 'AB' };
  const { client } = await bench(t, {
    answer: (message) => {
      if (message.kind === 'login')
        return always({ kind: 'complete', cookie: 'c', banner: '', profile })(message);
      if (message.kind !== 'profile') return undefined;
      const reply = {
        good: { kind: 'profile', xml: '<AnyConnectProfile/>' },
        plain: { kind: 'none' },
      } as const;
      const known = message.cookie === 'good' || message.cookie === 'plain';
      return {
        kind: 'profile-reply',
        id: message.id,
        reply: known ? reply[message.cookie] : { kind: 'unknown-cookie' },
      };
    },
  });
  const done = await (await client()).ask(post('/', init, AGENT));
  assert.match(done, /^Set-Cookie: webvpnc=bu:.*&fu:profiles%2Fstaff\.xml&fh:AB;/m);
  assert.match(done, /<uri>\/profiles\/staff\.xml<\/uri><hash type="sha1">AB<\/hash>/);
  const ask = async (cookie: string): Promise<string> =>
    (await client()).ask(get('/profiles%2Fstaff.xml', cookie));
  const fetched = await ask('Cookie: webvpn=good\r\n');
  assert.match(fetched, /^HTTP\/1.1 200 OK\r\n[^]*\r\nContent-Type: text\/xml; charset=utf-8\r\n/);
  assert.match(fetched, /\r\n\r\n<AnyConnectProfile\/>$/);
  assert.match(await ask('Cookie: webvpn=plain\r\n'), /^HTTP\/1.1 404 /);
  assert.match(await ask('Cookie: webvpn=guessed\r\n'), /^HTTP\/1.1 401 /);
  assert.match(await ask(''), /^HTTP\/1.1 404 /);
});

const logins = (told: readonly WorkerToPrimary[]): readonly LoginRequest[] =>
  told.flatMap((message) => (message.kind === 'login' ? [message.request] : []));

const always =
  (reply: LoginReply): Answer =>
  (message) =>
    message.kind === 'login' ? { kind: 'login-reply', id: message.id, reply } : undefined;

/** alice, "secret", three tries. */
function accounts(): Answer {
  let failures = 0;
  const form = (error: string | null): LoginReply => ({
    kind: 'form',
    dialogue: 'd1',
    form: {
      message: 'Please log in',
      error,
      inputs: [
        { type: 'text', name: 'username', label: 'Username:' },
        { type: 'password', name: 'password', label: 'Password:' },
      ],
      groups: [],
      urlGroup: null,
    },
  });
  const decide = ({ step }: LoginRequest): LoginReply => {
    if (step.kind === 'start') return form(null);
    if (step.fields['password'] === 'secret')
      return { kind: 'complete', cookie: 'c00kie', banner: 'Hi' };
    return ++failures < 3 ? form('Login failed') : { kind: 'failed', reason: 'three wrong' };
  };
  return (message) =>
    message.kind === 'login'
      ? { kind: 'login-reply', id: message.id, reply: decide(message.request) }
      : undefined;
}
