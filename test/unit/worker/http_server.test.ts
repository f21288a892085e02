import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, CONNECT, get, post, until } from './bench.ts';
import type { Answer, Client } from './bench.ts';

const FORM: Answer = (message) =>
  message.kind === 'login'
    ? {
        kind: 'login-reply',
        id: message.id,
        reply: {
          kind: 'form',
          dialogue: null,
          form: { message: 'Hi', error: null, inputs: [], groups: [], urlGroup: null },
        },
      }
    : undefined;

test('an answer states its length and carries the extra headers that can be sent', async (t) => {
  const client = await (await bench(t)).client();
  assert.equal(
    await client.ask(get('/1/binaries/update.txt')),
    'HTTP/1.1 200 OK\r\nX-Frame-Options: deny\r\nContent-Type: text/plain\r\n' +
      'Content-Length: 9\r\nConnection: keep-alive\r\n\r\n0,0,0000\n',
  );
  assert.ok(!client.ended);
});

test('a request is read byte by byte as well as whole', async (t) => {
  const { client, told } = await bench(t, { answer: FORM });
  const slow = await client();
  for (const byte of Buffer.from(post('/', 'username=alice'))) {
    slow.write(Buffer.of(byte));
    if (byte === 0x0a) await new Promise(setImmediate);
  }
  await until(() => slow.received.includes('</config-auth>'));
  const login = told.find((message) => message.kind === 'login');
  assert.deepEqual(login?.request.step, {
    kind: 'reply',
    fields: { username: 'alice' },
    group: null,
    urlGroup: null,
  });
});

test('a request without Host is answered: no decision hangs on it', async (t) => {
  const client = await (await bench(t)).client();
  assert.match(await client.ask('GET /1/Linux HTTP/1.1\r\n\r\n'), /^HTTP\/1.1 200 /);
});

test('a URL that is not in the table gets 404 and the connection closes', async (t) => {
  const client = await (await bench(t)).client();
  assert.match(await client.ask(get('/favicon.ico')), /^HTTP\/1.1 404 Not found\r\n/);
  await closed(client);
});

test('HEAD gets the head of what GET gets, also of a refusal', async (t) => {
  const { client, told } = await bench(t);
  const head = async (target: string): Promise<string> => {
    const asking = await client();
    asking.write(`HEAD ${target} HTTP/1.1\r\nHost: vpn\r\n\r\n`);
    await until(() => asking.received.endsWith('\r\n\r\n'));
    return asking.received;
  };
  assert.match(await head('/'), /^HTTP\/1.1 200 OK\r\n/);
  assert.match(
    await head('/1/binaries/update.txt'),
    /^HTTP\/1.1 200 [^]*\r\nContent-Length: 9\r\n/,
  );
  assert.match(await head('/favicon.ico'), /^HTTP\/1.1 404 [^]*\r\nContent-Length: 49\r\n/);
  assert.deepEqual(
    told.filter(({ kind }) => kind === 'login'),
    [],
  );
});

test('what Host says has no effect, however odd it is', async (t) => {
  const { client } = await bench(t);
  for (const host of ['[fe80::1%25eth0]:8443', '[2001:db8::1]', 'VPN.Example.com.:443', '..', '']) {
    const answer = await (await client()).ask(`GET /1/Linux HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1.1 200 /, host);
  }
});

test('a head above 16 KiB gets 431 and the connection closes', async (t) => {
  const client = await (await bench(t)).client();
  const answer = await client.ask(get('/', `X-Pad: ${'x'.repeat(17_000)}\r\n`));
  assert.match(
    answer,
    /^HTTP\/1.1 431 .*\r\nX-Frame-Options: deny\r\nContent-Length: 0\r\nConnection: close\r\n\r\n$/,
  );
  await closed(client);
});

test('a head just below 16 KiB is read', async (t) => {
  const client = await (await bench(t)).client();
  const answer = await client.ask(get('/1/Linux', `X-Pad: ${'x'.repeat(15_000)}\r\n`));
  assert.match(answer, /^HTTP\/1.1 200 /);
});

test('a body announced above 256 KiB gets 413 before it is sent', async (t) => {
  const client = await (await bench(t)).client();
  const head = 'POST / HTTP/1.1\r\nHost: vpn\r\nContent-Length: 262145\r\n\r\n';
  assert.match(await client.ask(head), /^HTTP\/1.1 413 /);
  await closed(client);
});

test('a chunked body above 256 KiB gets 413 while it comes', async (t) => {
  const client = await (await bench(t)).client();
  const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
  const head = 'POST / HTTP/1.1\r\nHost: vpn\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.match(await client.ask(head + chunk.repeat(9)), /^HTTP\/1.1 413 /);
  await closed(client);
});

test('a body of exactly 256 KiB is read', async (t) => {
  const { client } = await bench(t, { answer: FORM });
  const body = `${'&'.repeat(256 * 1024 - 4)}a=bc`;
  assert.match(await (await client()).ask(post('/', body)), /^HTTP\/1.1 200 /);
});

test('a target of 256 characters gets 414, one of 255 does not', async (t) => {
  const { client } = await bench(t, { answer: FORM });
  assert.match(await (await client()).ask(get(`/?${'x'.repeat(253)}`)), /^HTTP\/1.1 200 /);
  const long = await client();
  assert.match(await long.ask(get(`/?${'x'.repeat(254)}`)), /^HTTP\/1.1 414 /);
  await closed(long);
});

test('two requests in one read get one 400, and the first has no effect [oc 2.1]', async (t) => {
  const { client, told } = await bench(t, { answer: FORM });
  const pipelining = await client();
  const answer = await pipelining.ask(post('/', 'username=a') + get('/'));
  assert.match(answer, /^HTTP\/1.1 400 Bad Request\r\n/);
  await closed(pipelining);
  assert.equal(pipelining.received.split('HTTP/1.1').length, 2);
  assert.deepEqual(told, [{ kind: 'ready' }]);
});

test('a second request while the first waits for its answer gets 400', async (t) => {
  const { client, told } = await bench(t);
  const hasty = await client();
  hasty.write(get('/'));
  await until(() => told.length === 2);
  assert.match(await hasty.ask(get('/')), /^HTTP\/1.1 400 /);
  await closed(hasty);
});

test('POST and CONNECT in one read get 400', async (t) => {
  const { client, told } = await bench(t, { answer: FORM });
  const hasty = await client();
  assert.match(await hasty.ask(post('/', 'username=a') + CONNECT), /^HTTP\/1.1 400 /);
  await closed(hasty);
  assert.deepEqual(told, [{ kind: 'ready' }]);
});

test('the sixteenth request is the last of its connection', async (t) => {
  const client = await (await bench(t)).client();
  for (let i = 1; i < 16; i++)
    assert.match(await client.ask(get('/1/Linux')), /Connection: keep-alive/);
  assert.match(await client.ask(get('/1/Linux')), /^HTTP\/1.1 200 OK\r\n[^]*Connection: close/);
  await closed(client);
});

test('HTTP/1.0 is answered, then closed, even if it asks to stay', async (t) => {
  const client = await (await bench(t)).client();
  const answer = await client.ask('GET /1/Linux HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  assert.match(answer, /^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n/);
  await closed(client);
});

test('what is no HTTP gets 400 and a closed connection', async (t) => {
  const client = await (await bench(t)).client();
  assert.match(await client.ask('\x16\x03\x01 hello\r\n\r\n'), /^HTTP\/1.1 400 /);
  await closed(client);
});

test('conflicting lengths get 400', async (t) => {
  const client = await (await bench(t)).client();
  const head =
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.match(await client.ask(`${head}0\r\n\r\n`), /^HTTP\/1.1 400 /);
  await closed(client);
});

test('a head that drips in gets 408 [oc 2.1]', async (t) => {
  const { client } = await bench(t, { limits: { headTimeoutMs: 100, requestTimeoutMs: 200 } });
  const slow = await client();
  slow.write('GET / HT');
  await until(() => slow.received.startsWith('HTTP/1.1 408 '));
  await closed(slow);
});

test('a body that drips in gets 408', async (t) => {
  const { client } = await bench(t, { limits: { headTimeoutMs: 100, requestTimeoutMs: 200 } });
  const slow = await client();
  slow.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab');
  await until(() => slow.received.startsWith('HTTP/1.1 408 '));
  await closed(slow);
});

test('a connection that is quiet between two requests lives until auth.timeout', async (t) => {
  const { client } = await bench(t, {
    limits: { headTimeoutMs: 50, requestTimeoutMs: 50 },
    settings: { authTimeoutMs: 400 },
  });
  const person = await client();
  await person.ask(get('/1/Linux'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.match(await person.ask(get('/1/Linux')), /^HTTP\/1.1 200 /);
  await until(() => person.received.includes('HTTP/1.1 408 '));
  await closed(person);
});

test('auth.timeout ends a login whose answer does not come', async (t) => {
  const { client } = await bench(t, { settings: { authTimeoutMs: 100 } });
  const waiting = await client();
  assert.match(await waiting.ask(get('/')), /^HTTP\/1.1 408 /);
  await closed(waiting);
});

test('a client that does not read its refusal is cut off', async (t) => {
  const { client } = await bench(t, { limits: { lingerMs: 50 } });
  const stubborn = await client();
  stubborn.write(get('/nothing'));
  await until(() => stubborn.inner.destroyed);
});

test('a client that goes away in the middle leaves nothing behind', async (t) => {
  const { client, worker } = await bench(t);
  const leaving = await client();
  leaving.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab');
  await new Promise((resolve) => setTimeout(resolve, 20));
  leaving.close();
  await until(() => leaving.inner.destroyed);
  assert.ok(worker);
});

/** The worker has closed the connection, and says nothing more. */
async function closed(client: Client): Promise<void> {
  await until(() => client.ended);
  await until(() => client.inner.destroyed);
}
