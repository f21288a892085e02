import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { parseAnswer } from '../../../bench/load/http.ts';
import { Login, type Credentials, type Step } from '../../../bench/load/login.ts';
import { gatewayOf, parseTerms } from '../../../bench/load/terms.ts';
import { parseLoginBody } from '../../../core/auth/config_auth.ts';

const ANNA: Credentials = {
  host: '192.0.2.1:443',
  user: 'anna & co',
  password: 'p<w>',
  group: '',
  dtls: true,
};

test('the first request is an init that the server understands', () => {
  const request = parseRequest(new Login(ANNA).begin());
  assert.equal(request.line, 'POST / HTTP/1.1');
  assert.equal(parseLoginBody(Buffer.from(request.body)).kind, 'init');
});

test('one form with both fields is answered with both [oc 4.3]', () => {
  const login = new Login(ANNA);
  login.begin();
  const request = said(login.onAnswer(answer(form(USERNAME, PASSWORD))));
  assert.equal(request.line, 'POST /auth HTTP/1.1');
  assert.match(request.body, /<username>anna &amp; co<\/username>/);
  assert.match(request.body, /<password>p&lt;w&gt;<\/password>/);
  assert.doesNotMatch(request.body, /group-select/);
});

test('name and password may be asked in two forms, held together by a cookie [oc Annex A]', () => {
  const login = new Login(ANNA);
  login.begin();
  const name = said(login.onAnswer(answer(form(USERNAME), 'webvpncontext=; Max-Age=0')));
  assert.doesNotMatch(name.head, /Cookie/);
  const password = said(login.onAnswer(answer(form(PASSWORD), 'webvpncontext=abc=; Secure')));
  assert.match(password.head, /^Cookie: webvpncontext=abc=$/m);
  assert.doesNotMatch(password.body, /<username>/);
});

test('a group is taken by its label, the first one otherwise, hidden fields go back', () => {
  const groups = `<select name="group_list"><option value="a">Alpha</option>
    <option value="b">Beta</option></select><input type="hidden" name="state" value="7"/>
    <input type="submit" name="go" value="x"/>`;
  for (const [group, value] of [
    ['', 'a'],
    ['Beta', 'b'],
  ] as const) {
    const login = new Login({ ...ANNA, group });
    login.begin();
    const { body } = said(login.onAnswer(answer(form(groups))));
    assert.match(body, new RegExp(`<group-select>${value}</group-select>`));
    assert.match(body, /<state>7<\/state>/);
    assert.doesNotMatch(body, /<go>/);
  }
});

test('success leads to CONNECT with the cookie, and its answer ends the dialogue', () => {
  const login = new Login(ANNA);
  login.begin();
  const step = login.onAnswer(answer(SUCCESS, 'webvpn=secret; Secure', 'webvpnc=; path=/'));
  assert.equal(step.say, 'connect');
  const { line, head } = said(step);
  assert.equal(line, 'CONNECT /CSCOSSLC/tunnel HTTP/1.1');
  assert.match(head, /^Cookie: webvpn=secret$/m);
  assert.match(head, /^X-DTLS-CipherSuite: PSK-NEGOTIATE$/m);
  const end = login.onAnswer('HTTP/1.1 200 CONNECTED\r\nX-CSTP-MTU: 1434\r\n\r\n');
  assert.ok('connected' in end);
});

test('a refusal is a failure with its reason', () => {
  const after = (text: string): Step => {
    const login = new Login(ANNA);
    login.begin();
    return login.onAnswer(text);
  };
  const reasons: readonly (readonly [text: string, reason: RegExp])[] = [
    ['HTTP/1.1 401 Authentication failed\r\n\r\n', /status 401/],
    ['no HTTP at all', /status 0/],
    [
      answer(
        '<config-auth type="auth-request"><auth><message>locked</message></auth></config-auth>',
      ),
      /locked/,
    ],
    [answer('<html>'), /no login document/],
    [answer(SUCCESS), /no cookie/],
  ];
  for (const [text, reason] of reasons) {
    const step = after(text);
    assert.ok('failed' in step, text);
    assert.match(step.failed, reason);
  }
});

test('a server that asks for ever is given up', () => {
  const login = new Login(ANNA);
  login.begin();
  const steps = Array.from({ length: 10 }, () => login.onAnswer(answer(form(PASSWORD))));
  assert.ok(steps.some((step) => 'failed' in step));
});

test('the terms of a tunnel are read from the answer to CONNECT [oc 5.4]', () => {
  const text = `HTTP/1.1 200 CONNECTED\r\nX-CSTP-Address: 10.77.44.132\r
X-CSTP-Netmask: 255.255.0.0\r\nX-CSTP-Address-IP6: fd00:77::5/128\r\nX-CSTP-MTU: 1434\r
X-CSTP-DPD: 60\r\nX-CSTP-Keepalive: 300\r\nX-DTLS-Port: 443\r
X-DTLS-App-ID: ${'0a'.repeat(32)}\r\nX-DTLS-CipherSuite: PSK-NEGOTIATE\r\n\r\n`;
  assert.deepEqual(parseTerms(parseAnswer(text)), {
    inside4: '10.77.44.132',
    inside6: 'fd00:77::5',
    mtu: 1434,
    dpdMs: 60_000,
    keepaliveMs: 300_000,
    appId: Buffer.alloc(32, 0x0a),
    dtlsPort: 443,
  });
  assert.equal(gatewayOf(parseAnswer(text)), '10.77.0.1');
  const legacy = parseTerms(parseAnswer(text.replace('PSK-NEGOTIATE', 'OC-DTLS1_2-AES256-GCM')));
  assert.ok(typeof legacy !== 'string' && legacy.appId === undefined);
  assert.equal(parseTerms(parseAnswer(text.replace('X-CSTP-MTU', 'X-MTU'))), 'no MTU');
});

const USERNAME = '<input type="text" name="username"/>';
const PASSWORD = '<input type="password" name="password"/>';
const SUCCESS =
  '<config-auth type="complete"><auth id="success"><title>x</title></auth></config-auth>';

const form = (...inputs: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><config-auth client="vpn" type="auth-request">
   <auth id="main"><message>?</message><form method="post" action="/auth">${inputs.join('')}</form>
   </auth></config-auth>`;

const answer = (body: string, ...cookies: readonly string[]): string =>
  `HTTP/1.1 200 OK\r\n${cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join('')}\r\n${body}`;

interface Request {
  readonly line: string;
  readonly head: string;
  readonly body: string;
}

function parseRequest(text: string): Request {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const length = /^Content-Length: (\d+)$/m.exec(head)?.[1];
  if (length !== undefined) assert.equal(Number(length), Buffer.byteLength(body));
  const lines = head.split('\r\n');
  return { line: lines[0] ?? '', head: lines.join('\n'), body };
}

function said(step: Step): Request {
  assert.ok('text' in step, JSON.stringify(step));
  return parseRequest(step.text);
}
