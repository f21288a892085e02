import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCidr, formatIp } from '../../../core/net/address.ts';
import type { SessionPolicy } from '../../../core/policy/policy.ts';
import { loadConfig } from '../../../config/loader.ts';
import type { Problem } from '../../../config/problems.ts';
import type { Config } from '../../../config/schema.ts';

test('an empty file is all defaults', () => {
  const config = sound('');
  assert.deepEqual(config.listen.tcp, [{ address: '::', port: 443 }]);
  assert.deepEqual(config.auth.chain, [{ steps: ['file'] }]);
  assert.equal(config.auth.file.path, '/etc/wolfguard/passwd');
  assert.equal(config.network.ipv4 && formatCidr(config.network.ipv4), '10.77.0.0/16');
  assert.equal(config.network.ipv6, null);
  assert.equal(config.policy.keepalive, 5 * 3600 * 1000);
  assert.equal(config.limits.cookie_lifetime, 300_000);
  assert.deepEqual(config.http.headers, {});
});

test('[policy] is what a session is given', () => {
  const policy: SessionPolicy = sound(`
    [policy]
    routes = ["10.0.0.0/8", "fd00::/8", "default", "192.0.2.1"]
    dns = ["10.0.0.53", "FD00::0053"]
    search_domains = ["corp.example.com."]
    udp = false
  `).policy;
  assert.deepEqual(policy.routes.map(formatCidr), [
    '10.0.0.0/8',
    'fd00::/8',
    '0.0.0.0/0',
    '192.0.2.1/32',
  ]);
  assert.deepEqual(policy.dns.map(formatIp), ['10.0.0.53', 'fd00::53']);
  assert.deepEqual(policy.search_domains, ['corp.example.com']);
  assert.equal(policy.udp, false);
});

test('keys still to come are not in the configuration, for the compiler either', () => {
  const config = sound('');
  // @ts-expect-error: ban.kkdcp is not available yet
  assert.equal(config.ban.kkdcp, undefined);
  // @ts-expect-error: no key of [web] is available yet
  assert.equal(config.web, undefined);
});

test('tables may be written as dotted keys, inline or as headers', () => {
  const forms = [
    'policy.mtu = 1400',
    'policy = { mtu = 1400 }',
    '[policy]\r\nmtu = 1400\r\n',
    '\uFEFF[policy]\nmtu = 1400',
  ];
  for (const form of forms) assert.equal(sound(form).policy.mtu, 1400, form);
});

test('listening addresses are IPv4, IPv6 or both', () => {
  const { listen } = sound('[listen]\ntcp = [":8443", "0.0.0.0:443", "[fd00::1]:1"]\nudp = []');
  assert.deepEqual(listen.tcp, [
    { address: '::', port: 8443 },
    { address: '0.0.0.0', port: 443 },
    { address: 'fd00::1', port: 1 },
  ]);
  assert.deepEqual(listen.udp, []);
});

test('every mistake is reported in one go, in the order of the file', () => {
  const problems = mistakes(`dns = ["192.0.2.1"]
[policy]
keep_alive = "5h"
dpd = 90
banner = hello
idle_timeout = "1 day"
routes = ["10.0.0.1/8", "10.0.0.0/8", "10.0.0.0/8"]
[network]
ipv4 = "10.0.0.0/31"
[ban]
kkdcp = 1
`);
  assert.deepEqual(
    problems.map(({ line, column, key }) => [line, column, key]),
    [
      [1, 1, 'dns'],
      [3, 1, 'policy.keep_alive'],
      [4, 7, 'policy.dpd'],
      [5, 10, ''],
      [6, 16, 'policy.idle_timeout'],
      [7, 11, 'policy.routes'],
      [7, 39, 'policy.routes'],
      [9, 8, 'network.ipv4'],
      [11, 1, 'ban.kkdcp'],
    ],
  );
});

test('an unknown key comes with the nearest valid one, also from another section', () => {
  const suggested = (text: string): string | undefined => mistakes(text)[0]?.suggestion;
  assert.equal(suggested('[policy]\nkeep_alive = 1'), 'did you mean "keepalive"?');
  assert.equal(suggested('[policy]\nKeepAlive = 1'), 'did you mean "keepalive"?');
  assert.equal(suggested('[policy]\nidle-timeout = 1'), 'did you mean "idle_timeout"?');
  assert.equal(suggested('[network]\ndns = []'), 'did you mean policy.dns?');
  assert.equal(suggested('dns = []'), 'did you mean policy.dns?');
  assert.equal(suggested('[limits]\nmax_session = 3'), 'did you mean policy.max_sessions?');
  assert.equal(suggested('[polcy]\nmtu = 0'), 'did you mean [policy]?');
  assert.equal(suggested('[auth.fil]'), 'did you mean [auth.file]?');
  assert.equal(suggested('[[auth.chains]]'), 'did you mean [[auth.chain]]?');
  assert.equal(suggested('[policy]\nxyzzyplugh = 1'), undefined);
});

test('words of the language itself are no keys', () => {
  for (const name of ['toString', 'hasOwnProperty', 'constructor', '__proto__', 'valueOf'])
    for (const text of [`${name} = 1`, `[policy]\n${name} = 1`, `[${name}]\na = 1`])
      assert.equal(mistakes(text).length, 1, text);
});

test('what is still to come is refused by name, whatever its value', () => {
  const refused: [text: string, key: string][] = [
    ['[ban]\nkkdcp = 17', 'ban.kkdcp'],
    ['[web]', 'web'],
    ['[tls.acme]\nemail = ""', 'tls.acme.email'],
    ['[auth]\noidc = {}', 'auth.oidc'],
    ['[web]\nlisten = ""', 'web.listen'],
    ['[tls]\nprivate_key = "pkcs11:object=a"', 'tls.private_key'],
    ['[[auth.chain]]\nsteps = ["plugin:mine"]', 'auth.chain.steps'],
    ['[[auth.chain]]\nsteps = ["saml"]', 'auth.chain.steps'],
  ];
  for (const [text, key] of refused) {
    const [problem, ...more] = mistakes(text);
    assert.equal(problem?.key, key);
    assert.match(problem.message, /not available yet/);
    assert.deepEqual(more, [], text);
  }
});

test('each list of auth steps is a section of its own and says its steps', () => {
  assert.match(
    only('[auth.chain]\nsteps = ["file"]').suggestion ?? '',
    /write \[\[auth\.chain\]\]/,
  );
  assert.match(only('[[auth.chain]]').message, /needs "steps"/);
  assert.match(only('[[auth.chain]]\nsteps = []').message, /must not be empty/);
  assert.equal(only('[[auth.chain]]\nsteps = ["flie"]').suggestion, 'did you mean "file"?');
  assert.match(only('policy = 3').message, /must be a section/);
});

test('a value of the wrong kind is met with what was expected and how it is written', () => {
  const cases: [text: string, message: RegExp, suggestion: string | undefined][] = [
    ['policy.udp = "yes"', /expected true or false, found a string/, 'did you mean true?'],
    ['policy.dpd = 90', /expected a duration or 0, found a number/, 'did you mean "90s"?'],
    ['policy.dpd = 1.5', /expected a duration/, 'for example "5m"'],
    ['policy.dpd = []', /found a list/, 'for example "5m"'],
    ['policy.dpd = 2026-01-01', /found a date/, 'for example "5m"'],
    ['policy.dns = "192.0.2.1"', /expected a list of addresses/, 'did you mean ["192.0.2.1"]?'],
    ['policy.mtu = "1400"', /expected an integer/, 'did you mean 1400?'],
    ['policy.mtu = 1400.5', /expected a whole number/, undefined],
    ['policy.mtu = 575', /too small/, 'the least is 576'],
    ['policy.mtu = nan', /expected a whole number/, undefined],
    [
      'dtls.min_version = "1.0"',
      /DTLS 0\.9/,
      'leave it at "1.2": clients older than AnyConnect 4.7 work through TLS',
    ],
    ['tls.min_version = 1.2', /expected one of "1.2", "1.3"/, 'for example "1.2"'],
    ['log.level = "inof"', /not known/, 'did you mean "info"?'],
    ['policy.banner = "a\\nb"', /must be one line/, undefined],
    [
      'tls.certificate = "server.pem"',
      /not an absolute path/,
      'for example "/etc/wolfguard/server.pem"',
    ],
    ['workers.user = ""', /must not be empty/, 'for example "nobody"'],
    ['limits.cookie_lifetime = 0', /longer than 0/, 'for example "5m"'],
    ['limits.cookie_lifetime = "0s"', /longer than 0/, 'for example "5m"'],
    ['policy.dpd = "9999d"', /too long/, 'at most "3650d"'],
    ['policy.split_dns = ["a b"]', /not a domain/, 'for example "example.com"'],
    ['auth.max_attempts = 0', /too small/, 'the least is 1'],
    ['http.headers = { "a b" = "c" }', /not a header name/, undefined],
    ['camouflage.secret = "a&b"', /written differently/, 'letters, digits, ".", "_", "~" and "-"'],
    ['http.headers = { Content-Length = "9" }', /set by the server itself/, undefined],
    ['http.headers = { X = "a\\r\\nb" }', /must be one line/, undefined],
    ['http.headers = { content-type = "a" }', /sent by the server itself/, undefined],
    ['http.headers = { X-A = "1", x-a = "2" }', /the same header as "X-A"/, undefined],
    [
      'policy.headers = { x-cstp-banner = "a" }',
      /"x-cstp-banner": is sent by the server itself/,
      'set banner instead',
    ],
    [
      'policy.headers = { Content-Length = "0" }',
      /"Content-Length": is set by the server itself/,
      undefined,
    ],
    ['policy.headers = { X-A = "1", x-a = "2" }', /the same header as "X-A"/, undefined],
    ['policy.headers = { "X A" = "1" }', /not a header name/, undefined],
    ['policy.headers = { X-A = "1\\r\\nX-B: 2" }', /must be one line/, undefined],
    [
      'policy.headers = { X-A = "{ usr }" }',
      /"\{ usr \}" is not replaced/,
      'did you mean "{user}"?',
    ],
    [
      'policy.proxy_pac_url = "proxy.example.com"',
      /no address of a web page/,
      'for example "https://proxy.example.com/{group}.pac"',
    ],
    [
      'policy.proxy_pac_url = "https://a b/"',
      /no address of a web page/,
      'for example "https://proxy.example.com/{group}.pac"',
    ],
    [
      'policy.proxy_pac_url = "https://a/{Group}.pac"',
      /"\{Group\}" is not replaced/,
      'did you mean "{group}"?',
    ],
    [`admin.socket = "/${'a'.repeat(107)}"`, /too long/, 'at most 107 bytes'],
  ];
  for (const [text, message, suggestion] of cases) {
    const problem = only(text);
    assert.match(problem.message, message, text);
    assert.equal(problem.suggestion, suggestion, text);
  }
});

test('networks and pools are checked, and the right one is shown', () => {
  const cases: [text: string, message: RegExp, suggestion: string | undefined][] = [
    ['policy.routes = ["10.0.0.1/8"]', /bits set/, 'did you mean "10.0.0.0/8"?'],
    ['policy.routes = ["10.0.0.0/255.255.0.0"]', /not a network/, 'did you mean "10.0.0.0/16"?'],
    [
      'policy.routes = ["10.0.0.9/255.255.255.255"]',
      /not a network/,
      'did you mean "10.0.0.9/32"?',
    ],
    [
      'policy.routes = ["10.0.0.0/255.0.255.0"]',
      /not a network/,
      'for example "10.0.0.0/8" or "fd00::/8"',
    ],
    ['policy.no_routes = ["default"]', /not a network/, 'for example "10.0.0.0/8" or "fd00::/8"'],
    ['policy.routes = ["default", "0.0.0.0/0"]', /listed twice/, undefined],
    ['network.ipv4 = "10.77.0.1/16"', /bits set/, 'did you mean "10.77.0.0/16"?'],
    ['network.ipv4 = "10.0.0.0/7"', /bits set|not between/, undefined],
    ['network.ipv4 = "10.0.0.0/31"', /not between \/8 and \/30/, 'for example "10.77.0.0/16"'],
    ['network.ipv4 = "fd00::/64"', /is an IPv6 network/, 'it belongs in network.ipv6'],
    ['network.ipv6 = "10.0.0.0/8"', /is an IPv4 network/, 'it belongs in network.ipv4'],
    ['network.ipv4 = ""', /both empty/, 'for example "10.77.0.0/16"'],
    ['network.device = "wolfguard-device"', /too long/, 'at most 15 characters'],
    ['network.device = "a/b"', /not a device name/, 'letters, digits, "_", "." and "-"'],
    ['network.device = ".."', /not a device name/, 'letters, digits, "_", "." and "-"'],
    ['network.device = "tun%d"', /not a device name/, 'letters, digits, "_", "." and "-"'],
    ['listen.tcp = []', /must not be empty/, 'for example ["[::]:443"]'],
    ['listen.tcp = [":443", "[::]:443"]', /listed twice, first as number 1/, undefined],
    ['listen.tcp = ["443"]', /not an address and a port/, 'did you mean ":443"?'],
    ['listen.tcp = ["*:443"]', /not an address and a port/, 'did you mean ":443"?'],
    ['listen.udp = ["::1:443"]', /not an address/, 'IPv6 addresses stand in brackets: "[::1]:443"'],
    ['listen.udp = ["[::]:0"]', /port 0 is not between/, undefined],
    ['listen.udp = ["[::]:65536"]', /port 65536 is not between/, undefined],
    [
      'policy.dns = ["dns.example.com"]',
      /not an IP address/,
      'for example "10.77.0.53" or "fd00::53"',
    ],
  ];
  for (const [text, message, suggestion] of cases) {
    const problem = only(text);
    assert.match(problem.message, message, text);
    if (suggestion !== undefined) assert.equal(problem.suggestion, suggestion, text);
  }
  assert.equal(sound('network.ipv4 = ""\nnetwork.ipv6 = "fd00::/64"').network.ipv4, null);
});

test('a PAM service is the name of a file in one folder', () => {
  for (const name of ['', '../other', 'a/b', '.', 'two words']) {
    const [problem] = mistakes(`auth.pam.service = ${JSON.stringify(name)}`);
    assert.match(problem?.message ?? '', /is not the name of a PAM service/, name);
  }
  assert.equal(sound('auth.pam.service = "vpn-2"').auth.pam.service, 'vpn-2');
});

test('a syntax error in one line does not hide the other mistakes', () => {
  const problems = mistakes('[policy]\ndns = [192.0.2.1]\ndpd = "90s"\ndpd = "91s"\nmtu = 9\n');
  assert.deepEqual(
    problems.map(({ line, message }) => [line, message]),
    [
      [2, 'syntax: illegal character in numeric literal'],
      [4, 'this was already set above'],
      [5, 'policy.mtu: 9 is too small'],
    ],
  );
});

test('after a syntax error that may reach over several lines nothing else is blamed', () => {
  for (const text of [
    '[policy]\ndns = [\n"192.0.2.1",\nmtu\n',
    '[policy]\nbanner = """hello\nmtu\nudp = 3\n',
    '[policy]\ndns = ["192.0.2.1"\nmtu = 9\nudp = 3\n',
    '[policy\nmtu = 9',
    '[policy]\n[policy]\nmtu = 9',
  ])
    assert.equal(mistakes(text).length, 1, text);
});

test('no text whatever makes the loader throw or lose a place', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const result = loadConfig(text, 'f');
      if (result.ok) return;
      const lines = text.split('\n').length;
      assert.ok(result.problems.length > 0);
      for (const { line, column } of result.problems) {
        assert.ok(line >= 1 && line <= lines, `line ${line} of ${lines}`);
        assert.ok(column >= 1);
      }
    }),
    { numRuns: 1500 },
  );
});

test('deep nesting is a syntax error', () => {
  assert.equal(mistakes(`a = ${'['.repeat(5000)}`).length, 1);
});

/** Noise, and lines that are nearly right. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '[policy]',
          '[[auth.chain]]',
          '[auth.chain]',
          '[tls]',
          '[tls.acme]',
          '[[vhost]]',
          '[group.a.policy]',
          '[user."__proto__"]',
          '[user.a]',
          '["po\\u006cicy"]',
          '[a',
        ),
        fc
          .tuple(
            fc.constantFrom(
              'dns',
              'steps',
              'mtu',
              'listen.tcp',
              'policy.dpd',
              'policy',
              'x',
              '"q r"',
              "''",
              'auth',
              'headers',
            ),
            fc.constantFrom(
              '1',
              '"a"',
              '["1.1.1.1", 2]',
              '{ a = 1, b.c = [2] }',
              '{ dns = ["x"] }',
              '[',
              '"""',
              'nan',
              '1979-05-27',
              '[[{}]]',
              '{}',
              'true',
              '[{ steps = 1 }]',
            ),
          )
          .map(([key, value]) => `${key} = ${value}`),
        fc.constantFrom('# note', '', '\t', ']', '}', '"""', '\r', '\u2028'),
      ),
      { maxLength: 12 },
    )
    .map((lines) => lines.join('\n')),
);

function sound(text: string): Config {
  const result = loadConfig(text, 'wolfguard.toml');
  assert.ok(result.ok, result.ok ? '' : result.output);
  return result.config;
}

function mistakes(text: string): readonly Problem[] {
  const result = loadConfig(text, 'wolfguard.toml');
  assert.ok(!result.ok, `no mistake found in ${text}`);
  return result.problems;
}

function only(text: string): Problem {
  const [problem, ...more] = mistakes(text);
  assert.ok(problem);
  assert.deepEqual(more, [], text);
  return problem;
}

test('a virtual host has what it says itself, and the rest of the main server', () => {
  const config = sound(`
[tls]
min_version = "1.3"
[auth.ldap]
url = "ldaps://a"
base_dn = "dc=a"
[policy]
mtu = 1400
dns = ["10.0.0.53"]
[[vhost]]
name = "Partners.example.com"
tls = { certificate = "/p.pem" }
auth = { chain = [{ steps = ["ldap"] }], ldap = { base_dn = "dc=b" } }
policy = { mtu = 1300 }
ipv4 = "10.78.0.0/16"
`);
  const [host] = config.vhost;
  assert.ok(host !== undefined);
  assert.deepEqual(host.tls.certificate, ['/p.pem']);
  assert.deepEqual(host.tls.private_key, config.tls.private_key);
  assert.equal(host.tls.min_version, '1.3');
  assert.deepEqual(host.auth.chain, [{ steps: ['ldap'] }]);
  assert.deepEqual(host.auth.ldap.url, [{ secure: true, host: 'a', port: 636 }]);
  assert.equal(host.auth.ldap.base_dn, 'dc=b');
  assert.deepEqual(host.policy, { mtu: 1300 });
  assert.equal(host.ipv6, null);
});

test('mistakes in a virtual host stand at its own lines, and the main server’s only once', () => {
  const found = mistakes(`[policy]
dpd = 90
[[vhost]]
name = "a.example.com"
policy = { mtu = 17 }
[vhost.tls]
certificat = "x"
[[vhost]]
policy = {}
[[vhost]]
name = "b.example.com"
ipv4 = "10.77.3.0/24"
[[vhost.auth.chain]]
steps = ["radius"]
`);
  assert.deepEqual(
    found.map(({ line, key }) => [line, key]),
    [
      [2, 'policy.dpd'],
      [5, 'vhost.policy.mtu'],
      [7, 'vhost.tls.certificat'],
      [8, 'vhost.name'],
      [12, 'vhost.ipv4'],
      [13, 'vhost.auth.radius.servers'],
      [13, 'vhost.auth.radius.secret_file'],
    ],
  );
});

test('a step that lacks its settings names them', () => {
  const keys = (text: string): string[] =>
    mistakes(text)
      .map(({ key }) => key)
      .sort();
  const chain = (step: string): string => `[[auth.chain]]\nsteps = ["${step}"]`;
  assert.deepEqual(keys(chain('ldap')), ['auth.ldap.base_dn', 'auth.ldap.url']);
  assert.deepEqual(keys(chain('radius')), ['auth.radius.secret_file', 'auth.radius.servers']);
  assert.deepEqual(keys(chain('certificate')), ['tls.client_ca']);
  assert.deepEqual(keys('[listen]\nproxy_protocol = "v2"'), ['listen.proxy_trusted']);
  assert.deepEqual(keys('[tls]\ncertificate = ["/a", "/b"]'), ['tls.private_key']);
});

test('the fields of a certificate that name user and group are checked by name', () => {
  for (const field of ['CN', 'uid', 'SAN:email', 'SAN:upn', '2.5.4.3']) {
    assert.ok(loadConfig(`[tls]\nuser_field = "${field}"\n`, 'f').ok, field);
  }
  assert.ok(loadConfig('[tls]\ngroup_field = ""\n', 'f').ok);
  for (const [line, said] of [
    ['user_field = ""', '"" is not a field of a certificate'],
    ['user_field = "SAN:mail"', 'did you mean "SAN:email"?'],
    ['group_field = "department"', 'known are CN,'],
    ['user_field = 7', 'for example "SAN:email"'],
  ] as const) {
    const result = loadConfig(`[tls]\n${line}\n`, 'f');
    assert.ok(!result.ok && result.output.includes(said), result.ok ? line : result.output);
  }
});
