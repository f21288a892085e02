// A prober's view of a camouflaged server [oc 2.5]: every probe is answered as a plain web site
// would, one and the same for all paths, whatever else is in the request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { bench, CONNECT, get, GRANT, post, until } from './bench.ts';
import type { Answer, Bench, BenchOptions } from './bench.ts';

const SECRET = 's3cr3t';
const GOOD_COOKIE = 'ab'.repeat(32);
const INIT = '<config-auth client="vpn" type="init"></config-auth>';
const AGENT =
  'User-Agent: Open AnyConnect VPN Agent v9.01-3\r\nX-Transcend-Version: 1\r\nX-Aggregate-Auth: 1\r\n';

/** The web site that we want to be taken for: what it answers is in its status alone. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};
const EXTRA: Readonly<Record<number, string>> = {
  401: 'WWW-Authenticate: Basic realm="Intranet"\r\n',
  405: 'Allow: GET, HEAD\r\n',
};

function plainAnswer(status: number, { head = false } = {}): string {
  const reason = REASONS[status] ?? '';
  const body = `<!DOCTYPE html>\n<html>\n<head><title>${status} ${reason}</title></head>\n<body>\n<h1>${reason}</h1>\n</body>\n</html>\n`;
  return (
    `HTTP/1.1 ${status} ${reason}\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n` +
    `Content-Type: text/html\r\n${EXTRA[status] ?? ''}X-Frame-Options: deny\r\n` +
    `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${head ? '' : body}`
  );
}

/** Requests that a web site understands, and has nothing for. */
const PROBES: Readonly<Record<string, string>> = {
  'the root': get('/'),
  'the login path': get('/auth'),
  'an AnyConnect form': post('/', INIT, AGENT),
  'an AnyConnect reply': post('/auth', 'username=alice&password=x', AGENT),
  'a group': post('/staff', INIT, AGENT),
  'the downloader': get('/1/index.html', AGENT),
  'a manifest': get('/VPNManifest.xml'),
  translations: get('/+CSCOT+/translation-table?lang=en'),
  'an ASA': get('/+CSCOE+/logon.html'),
  'ocserv’s certificate': get('/cert.pem'),
  logout: get('/logout'),
  'a wrong secret': get('/?s3cr3'),
  'a secret and more': get('/?s3cr3t&x'),
  'a secret as a value': get('/?secret=s3cr3t'),
  'a secret in the path': get('/s3cr3t'),
  'a secret twice': get('/?s3cr3t?s3cr3t'),
  favicon: get('/favicon.ico'),
  'an address of 4000 characters': get(`/${'x'.repeat(4000)}`),
  'a cookie of nobody': get('/', `Cookie: webvpn=${'00'.repeat(32)}\r\n`),
  'a dialogue of nobody': get('/', 'Cookie: webvpncontext=abc\r\n'),
  OPTIONS: 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  TRACE: 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n',
  PUT: 'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx',
  'HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
  'HTTP/1.0 that stays': 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'an absolute address': 'GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n',
  'two requests in one': get('/') + get('/'),
  'a request and garbage': `${get('/')}\x00\x01garbage\r\n\r\n`,
  'a body that is too long': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nx',
  'an endless body': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello',
  'an expectation':
    'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  'another expectation': 'GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n',
  'an upgrade': get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'),
  'a password': get('/', 'Authorization: Basic YTpi\r\n'),
};

/** Requests that a web site complains about, and what it says. */
const BAD: readonly (readonly [string, string, number])[] = [
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['TLS', '\x16\x03\x01\x02\x00\x01', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    400,
  ],
  ['a bad header', 'GET / HTTP/1.1\r\nHost: a\r\nb ad: x\r\n\r\n', 400],
  ['a head above 16 KiB', get('/', `X: ${'x'.repeat(17_000)}\r\n`), 431],
  ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['CONNECT to the tunnel', 'CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ['CONNECT with a bad cookie', CONNECT, 405],
  ['CONNECT by HTTP/1.0', 'CONNECT /CSCOSSLC/tunnel HTTP/1.0\r\n\r\n', 405],
];

for (const realm of ['', 'Intranet']) {
  const door = realm === '' ? 404 : 401;
  for (const [name, request] of Object.entries(PROBES)) {
    test(`${name} gets ${door}, and the connection closes`, async (t) => {
      const { answer, told } = await probe(t, realm, request);
      assert.equal(answer, plainAnswer(door));
      const asked = told.filter(({ kind }) => kind !== 'ready' && kind !== 'check-cookie');
      assert.deepEqual(asked, []);
    });
  }
  test(`HEAD gets the head of ${door}`, async (t) => {
    const { answer } = await probe(t, realm, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer, plainAnswer(door, { head: true }));
  });
}

for (const [name, request, status] of BAD) {
  test(`${name} gets the site's own ${status}`, async (t) => {
    assert.equal((await probe(t, 'Intranet', request)).answer, plainAnswer(status));
  });
}

test('a peer that says nothing gets the site’s own 408', async (t) => {
  const { client } = await camouflaged(t, { limits: { headTimeoutMs: 50 } });
  const silent = await client();
  silent.write('GET / HTTP/1.1\r\n');
  await until(() => silent.ended);
  assert.equal(silent.received, plainAnswer(408));
});

test('with the secret as the whole query it is the VPN server, for the whole connection', async (t) => {
  const { client } = await camouflaged(t);
  const openconnect = await client();
  const form = await openconnect.ask(post(`/?${SECRET}`, INIT, AGENT));
  assert.match(form, /^HTTP\/1.1 200 OK\r\n/);
  assert.match(form, /<form method="post" action="\/auth\?s3cr3t"/);
  assert.match(await openconnect.ask(post('/auth', 'username=alice', AGENT)), /^HTTP\/1.1 200 /);
  assert.match(await openconnect.ask(CONNECT), /^HTTP\/1.1 401 /);
});

test('a group by URL goes with the secret [oc 2.4]', async (t) => {
  const { client, told } = await camouflaged(t);
  const form = await (await client()).ask(post(`/staff?${SECRET}`, INIT, AGENT));
  assert.match(form, /action="\/staff\?s3cr3t"/);
  const login = told.find((message) => message.kind === 'login');
  assert.equal(login?.request.step.urlGroup, 'staff');
});

test('a request with the cookie of a session needs no secret (ocserv #544)', async (t) => {
  const { client } = await camouflaged(t);
  const downloader = await client();
  const cookie = `Cookie: webvpn=${GOOD_COOKIE}\r\n`;
  assert.match(await downloader.ask(get('/1/index.html', cookie)), /^HTTP\/1.1 200 OK\r\n/);
  assert.match(await downloader.ask(get('/1/Linux', cookie)), /^HTTP\/1.1 200 OK\r\n/);
});

test('CONNECT with a good cookie needs no secret', async (t) => {
  const { client, engine } = await camouflaged(t);
  const returning = await client();
  returning.write(CONNECT.replace('webvpn=secret', `webvpn=${GOOD_COOKIE}`));
  await until(() => engine.calls.includes('hold 1'));
});

test('a CONNECT without the secret hears 405 even from a server that is full', async (t) => {
  const reply = { kind: 'refused', status: 503, reason: 'No address is free' } as const;
  const { client } = await camouflaged(t, {
    answer: (message) => {
      if (message.kind === 'check-cookie')
        return { kind: 'cookie-checked', id: message.id, known: true };
      return message.kind === 'open-tunnel'
        ? { kind: 'open-tunnel-reply', id: message.id, reply }
        : undefined;
    },
  });
  assert.equal(await (await client()).ask(CONNECT), plainAnswer(405));
});

test('every request of a stranger takes the way to the primary, with or without a cookie', async (t) => {
  const requests = [get('/'), get('/', `Cookie: webvpn=${'00'.repeat(32)}\r\n`), CONNECT];
  for (const request of requests) {
    const { told } = await probe(t, '', request);
    const asked = told.filter((message) => message.kind === 'check-cookie');
    assert.deepEqual(
      asked.map(({ cookie }) => cookie.length),
      [64],
    );
  }
});

test('a long body is announced in vain with the secret, too, but in our own words', async (t) => {
  const { client } = await camouflaged(t);
  const head = `POST /?${SECRET} HTTP/1.1\r\nHost: a\r\nContent-Length: 262145\r\n\r\n`;
  assert.match(await (await client()).ask(head), /^HTTP\/1.1 413 /);
});

test('a client that waits for "100 Continue" hears it only with the secret', async (t) => {
  const { client } = await camouflaged(t);
  const waiting = await client();
  waiting.write(
    `POST /?${SECRET} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${INIT.length}\r\n\r\n`,
  );
  await until(() => waiting.received === 'HTTP/1.1 100 Continue\r\n\r\n');
  assert.match(await waiting.ask(INIT), /^HTTP\/1.1 200 OK\r\n/);
});

async function probe(
  t: TestContext,
  realm: string,
  request: string,
): Promise<{ answer: string; told: Bench['told'] }> {
  const { client, told } = await camouflaged(t, {
    settings: { camouflage: { secret: SECRET, realm } },
  });
  const prober = await client();
  const answer = await prober.ask(request);
  await until(() => prober.ended);
  assert.equal(prober.received, answer);
  return { answer, told };
}

const camouflaged = (t: TestContext, options: BenchOptions = {}): Promise<Bench> =>
  bench(t, {
    settings: { camouflage: { secret: SECRET, realm: 'Intranet' } },
    answer: PRIMARY,
    ...options,
  });

/** Knows one cookie, and asks everybody else for a name. */
const PRIMARY: Answer = (message) => {
  if (message.kind === 'check-cookie') {
    return { kind: 'cookie-checked', id: message.id, known: message.cookie === GOOD_COOKIE };
  }
  if (message.kind === 'open-tunnel') {
    const reply =
      message.request.cookie === GOOD_COOKIE
        ? ({ kind: 'granted', grant: GRANT } as const)
        : ({ kind: 'refused', status: 401, reason: 'The session is over' } as const);
    return { kind: 'open-tunnel-reply', id: message.id, reply };
  }
  if (message.kind !== 'login') return undefined;
  const { urlGroup } = message.request.step;
  const form = { message: 'Hi', error: null, inputs: [], groups: [], urlGroup };
  return { kind: 'login-reply', id: message.id, reply: { kind: 'form', dialogue: null, form } };
};
