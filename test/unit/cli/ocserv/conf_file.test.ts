import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isTrue, parseConf, parseMethod } from '../../../../cli/ocserv/conf_file.ts';
import {
  hostOf,
  parseRadiusClient,
  parseRadiusSecrets,
} from '../../../../cli/ocserv/radius_files.ts';

const valuesOf = (text: string): (readonly [string, string])[] =>
  parseConf(text).lines.map(({ name, value }) => [name, value] as const);

test('names and values, with quotes, comments and colons', () => {
  assert.deepEqual(
    valuesOf(
      [
        '\uFEFF# a comment',
        '; another',
        'banner = "Welcome # to us"',
        'dpd = 90 # seconds',
        'route=10.0.0.0/8',
        'proxy-url : http://example.com/#fragment',
        'default-domain = "a.example b.example"',
        '',
      ].join('\r\n'),
    ),
    [
      ['banner', 'Welcome'],
      ['dpd', '90'],
      ['route', '10.0.0.0/8'],
      ['proxy-url', 'http://example.com/#fragment'],
      ['default-domain', 'a.example b.example'],
    ],
  );
});

test('an indented line goes on with the name before it', () => {
  assert.deepEqual(valuesOf('route = 10.0.0.0/8\n  10.1.0.0/16\ndns = 10.0.0.1\n'), [
    ['route', '10.0.0.0/8'],
    ['route', '10.1.0.0/16'],
    ['dns', '10.0.0.1'],
  ]);
});

test('sections are virtual hosts; others, and lines that say nothing, are mistakes with their line', () => {
  const { lines, mistakes } = parseConf(
    'dpd = 1\n[vhost:WWW.example.com]\ndpd = 2\nnonsense\n[other]\ndpd = 3\n',
  );
  assert.deepEqual(
    lines.map(({ vhost, value, line }) => [vhost, value, line]),
    [
      ['', '1', 1],
      ['www.example.com', '2', 3],
    ],
  );
  assert.deepEqual(mistakes, [
    { line: 4, message: 'neither "name = value" nor a section' },
    { line: 5, message: 'unknown section [other]' },
  ]);
});

test('any text at all is read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const { lines } = parseConf(text);
      for (const { name, value } of lines) {
        assert.ok(name !== '');
        assert.equal(value, value.trim());
      }
    }),
  );
});

test('"true" and "yes" are true in any case, and nothing else is', () => {
  assert.deepEqual(['true', 'YES', 'Yes', '1', 'on', ''].map(isTrue), [
    ...[true, true, true],
    ...[false, false, false],
  ]);
});

test('methods have options in brackets, or the file alone as in old days', () => {
  const read = (text: string): [string, Record<string, string>] => {
    const { name, options } = parseMethod(text);
    return [name, Object.fromEntries(options)];
  };
  assert.deepEqual(read('certificate'), ['certificate', {}]);
  assert.deepEqual(read('plain[passwd=/a,otp=/b]'), ['plain', { passwd: '/a', otp: '/b' }]);
  assert.deepEqual(read('Plain [ passwd = ./a ]'), ['plain', { passwd: './a' }]);
  assert.deepEqual(read('plain[/etc/ocserv/passwd]'), ['plain', { '': '/etc/ocserv/passwd' }]);
  assert.deepEqual(read('radius[/r.conf,groupconfig]'), [
    'radius',
    { '': '/r.conf', groupconfig: 'true' },
  ]);
});

test('the files of the RADIUS library', () => {
  const client = parseRadiusClient(
    '# comment\nauthserver 192.0.2.1\nauthserver 2001:db8::1\nacctserver 192.0.2.1:1700\nservers /etc/radcli/servers\nradius_timeout 7\nnas-identifier vpn\n',
  );
  assert.deepEqual(client, {
    servers: ['192.0.2.1:1812', '[2001:db8::1]:1812'],
    accountingServers: ['192.0.2.1:1700'],
    secretsFile: '/etc/radcli/servers',
    nasIdentifier: 'vpn',
    timeoutSeconds: 7,
  });
  const secrets = parseRadiusSecrets('192.0.2.1 s3cret\n[2001:db8::1]:1812\tother # x\n');
  assert.deepEqual(
    client.servers.map((server) => secrets.get(hostOf(server))),
    ['s3cret', 'other'],
  );
});
