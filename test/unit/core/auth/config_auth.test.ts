import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLoginBody } from '../../../../core/auth/config_auth.ts';
import {
  renderAuthRequest,
  renderComplete,
  renderLoggedOut,
} from '../../../../core/auth/config_auth_answer.ts';
import type { LoginForm } from '../../../../core/ipc/messages.ts';

const NO_DEVICE = { platform: '', deviceType: '', computerName: '' };

test('init names the group and the device in any order of elements [oc 4.2]', () => {
  const parts = [
    '<version who="vpn">v9.01</version>',
    '<device-id computer-name="box" device-type="PC">linux-64</device-id>',
    '<capabilities><auth-method>single-sign-on-v2</auth-method></capabilities>',
    '<group-select>staff</group-select>',
    '<group-access>https://vpn.example.com/</group-access>',
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (order) => {
      assert.deepEqual(
        parse(`<config-auth client="vpn" type="init">${order.join('\n')}</config-auth>`),
        {
          kind: 'init',
          group: 'staff',
          urlGroup: null,
          device: { platform: 'linux-64', deviceType: 'PC', computerName: 'box' },
        },
      );
    }),
  );
});

test('an auth-reply becomes form values by name, blanks in passwords kept [oc 4.4]', () => {
  const body = `<?xml version="1.0" encoding="UTF-8"?>
    <config-auth client="vpn" type="auth-reply"><group-select>staff</group-select>
    <auth><username>alice</username><password> p&amp;&lt;ß </password>
    <client-cert-chain><x/></client-cert-chain></auth></config-auth>`;
  assert.deepEqual(parse(body), {
    kind: 'reply',
    fields: { username: 'alice', password: ' p&<ß ' },
    group: 'staff',
    device: NO_DEVICE,
  });
});

test('group-access names the group of the address, where there is one [oc 4.2]', () => {
  for (const [address, group] of [
    ['https://vpn.example.com/staff', 'staff'],
    ['https://vpn.example.com:8443/Our%20people/?x', 'Our people'],
    ['HTTPS://[fe80::1%25eth0]:8443/staff', 'staff'],
    ['https://[2001:db8::1]', null],
    ['https://vpn.example.com/?s3cr3t', null],
    ['https://vpn.example.com/VPN', null],
    ['https://vpn.example.com/a/b', null],
    ['https://vpn.example.com/%', null],
    ['vpn.example.com/staff', null],
    ['', null],
  ] as const) {
    const document = `<config-auth type="init"><group-access>${address}</group-access></config-auth>`;
    const sent = parse(document);
    assert.ok(sent.kind === 'init');
    assert.equal(sent.urlGroup, group, address);
  }
});

test('elements that are for other servers are passed over, wherever they stand', () => {
  const body = `<config-auth xmlns:c="urn:x" type="auth-reply" c:extra="1"><c:session c:id="1"/>
    <auth><c:hint>x</c:hint><password>pw</password><_x/><username>bob</username></auth>
    <opaque is-for="sg"><aggauth-handle>168179266</aggauth-handle></opaque>
    <mac-address-list><mac-address public-interface="true">00:00:5e:00:53:01</mac-address>
    </mac-address-list><host-scan-token>t</host-scan-token></config-auth>`;
  const sent = parse(body);
  assert.ok(sent.kind === 'reply');
  assert.deepEqual(sent.fields, { username: 'bob', password: 'pw' });
});

test('names and passwords of every kind arrive as they were typed', () => {
  for (const [written, typed] of [
    ['J&#xfc;rgen', 'Jürgen'],
    ['J\u00fcrgen', 'J\u00fcrgen'],
    ['&#128512;&lt;&gt;&apos;&quot;', '\u{1f600}<>\'"'],
    ['<![CDATA[a<b&c]]>', 'a<b&c'],
    ['100%25 + 1', '100%25 + 1'],
    ['  ', '  '],
  ] as const) {
    const sent = parse(
      `<config-auth type="auth-reply"><auth><username>${written}</username></auth></config-auth>`,
    );
    assert.ok(sent.kind === 'reply');
    assert.equal(sent.fields['username'], typed);
  }
  for (const [written, typed] of [
    ['J%C3%BCrgen', 'Jürgen'],
    ['a%2Bb%26c%3Dd%25', 'a+b&c=d%'],
    ['a+b', 'a b'],
    ['100%', '100%'],
  ] as const) {
    const sent = parse(`username=${written}`);
    assert.ok(sent.kind === 'reply');
    assert.equal(sent.fields['username'], typed);
  }
});

test('an auth-reply without auth is an empty reply', () => {
  assert.deepEqual(parse('<config-auth type="auth-reply"/>'), {
    kind: 'reply',
    fields: {},
    group: null,
    device: NO_DEVICE,
  });
});

test('a bare auth of the oldest clients is a reply [oc 2.3]', () => {
  const sent = parse('<auth><username>u</username><group_list>g</group_list></auth>');
  assert.ok(sent.kind === 'reply');
  assert.deepEqual(sent.fields, { username: 'u' });
  assert.equal(sent.group, 'g');
});

test('logout carries its token, or none if the token cannot be a cookie', () => {
  const logout = (token: string): unknown =>
    parse(`<config-auth type="logout"><session-token>${token}</session-token></config-auth>`);
  assert.deepEqual(logout(' abc '), { kind: 'logout', sessionToken: 'abc' });
  assert.deepEqual(logout('a b'), { kind: 'logout', sessionToken: null });
  assert.deepEqual(logout('x'.repeat(1025)), { kind: 'logout', sessionToken: null });
});

test('the form-encoded body of the fallback is a reply [oc 4.10]', () => {
  assert.deepEqual(parse('group%5flist=g1&username=u%202&password=a+b%26\n'), {
    kind: 'reply',
    fields: { username: 'u 2', password: 'a b&' },
    group: 'g1',
    device: NO_DEVICE,
  });
});

test('an empty body asks for the form', () => {
  assert.deepEqual(parse(''), { kind: 'init', group: null, urlGroup: null, device: NO_DEVICE });
});

for (const [what, body] of [
  ['another root', '<html/>'],
  ['another type', '<config-auth type="complete"/>'],
  ['no type', '<config-auth/>'],
  ['a control character in a password', 'username=u&password=a%00b'],
  ['a password above 8 KiB', `password=${'x'.repeat(8193)}`],
  ['33 values', Array.from({ length: 33 }, (_, i) => `a${i}=`).join('&')],
  ['a name from JavaScript', '__proto__=x'],
] as const)
  test(`${what} is refused`, () => assert.equal(parse(body).kind, 'invalid'));

test('no body makes the parser throw', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseLoginBody(bytes)));
  fc.assert(fc.property(fc.string(), (text) => void parseLoginBody(Buffer.from(`<${text}`))));
});

const FORM: LoginForm = {
  message: 'Log in & "enjoy"',
  error: null,
  inputs: [
    { type: 'text', name: 'username', label: 'Username:' },
    { type: 'password', name: 'password', label: 'Password:' },
  ],
  groups: [],
  urlGroup: null,
};

test('a form is rendered as auth-request [oc 4.3]', () => {
  assert.equal(
    renderAuthRequest(FORM, 'openconnect'),
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<config-auth client="vpn" type="auth-request"><version who="sg">0.1(1)</version>' +
      '<auth id="main"><message>Log in &amp; &quot;enjoy&quot;</message>' +
      '<form method="post" action="/auth">' +
      '<input type="text" name="username" label="Username:"/>' +
      '<input type="password" name="password" label="Password:"/></form></auth></config-auth>\n',
  );
});

test('groups are a select, and a group in the URL is where the reply goes [oc 4.3]', () => {
  const groups = [{ name: 'staff', label: 'All "our" people' }];
  assert.match(
    renderAuthRequest({ ...FORM, groups }, 'openconnect'),
    /<select name="group_list" label="Group:"><option value="staff">All &quot;our&quot; people<\/option><\/select><\/form>/,
  );
  assert.match(
    renderAuthRequest({ ...FORM, urlGroup: 'our staff' }, 'openconnect'),
    /<form method="post" action="\/our%20staff">/,
  );
});

test('an error stands beside the message', () => {
  assert.match(
    renderAuthRequest({ ...FORM, error: 'Login failed <1>' }, 'openconnect'),
    /<\/message><error id="login">Login failed &lt;1&gt;<\/error><form /,
  );
});

test('a form without inputs stays empty, so that the client shows its message and ends', () => {
  assert.match(
    renderAuthRequest({ ...FORM, message: 'Locked', inputs: [] }, 'anyconnect'),
    /<message>Locked<\/message><form method="post" action="\/auth"\/><\/auth>/,
  );
});

test('the oldest clients get a bare auth, with "passwd" at the password step [oc 2.3, 4.3]', () => {
  const [, password] = FORM.inputs;
  assert.ok(password !== undefined);
  assert.match(renderAuthRequest(FORM, 'openconnect-v3'), /^<\?xml [^\n]*\n<auth id="main">/);
  assert.match(
    renderAuthRequest({ ...FORM, inputs: [password] }, 'openconnect-v3'),
    /<auth id="passwd">/,
  );
  assert.match(renderComplete('', 'openconnect-v3'), /\n<auth id="success"><title>/);
});

test('complete carries the banner only where there is one [oc 4.11]', () => {
  assert.match(
    renderComplete('a < b', 'openconnect'),
    /<auth id="success"><title>SSL VPN Service<\/title><banner>a &lt; b<\/banner><\/auth>/,
  );
  assert.doesNotMatch(renderComplete('', 'openconnect'), /banner/);
  assert.match(renderLoggedOut('anyconnect'), /type="complete"><version who="sg">/);
});

test('complete announces a profile by its place and hash [oc 4.11]', () => {
  const xml = renderComplete('', 'anyconnect', { name: 'staff.xml', sha1: 'AB' });
  assert.match(
    xml,
    /<\/auth><config client="vpn" type="private"><vpn-profile-manifest><vpn rev="1.0"><file type="profile" service-type="user"><uri>\/profiles\/staff.xml<\/uri><hash type="sha1">AB<\/hash><\/file><\/vpn><\/vpn-profile-manifest><\/config><\/config-auth>/,
  );
  assert.doesNotMatch(renderComplete('', 'anyconnect'), /<config /);
});

const parse = (body: string): ReturnType<typeof parseLoginBody> =>
  parseLoginBody(Buffer.from(body));
