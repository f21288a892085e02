import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ipv4ToNumber,
  numberToIpv4,
  parseOptions,
  type LoadOptions,
} from '../../../bench/load/options.ts';
import { WolfguardError } from '../../../core/error.ts';

const LOGIN = ['--server', '192.0.2.1:443', '--user', 'u', '--password', 'p'];
const parse = (...args: string[]): LoadOptions => parseOptions([...LOGIN, ...args]);

test('server, user and password are enough for one session held by DTLS', () => {
  const options = parse();
  assert.equal(options.mode, 'hold');
  assert.deepEqual(options.server, { address: '192.0.2.1', port: 443 });
  assert.equal(options.sessions, 1);
  assert.ok(options.dtls && options.offload && options.dpd);
  assert.equal(options.tun, '');
});

test('bulk has a TUN device without being told', () => {
  assert.equal(parse('bulk').tun, 'load0');
  assert.equal(parse('bulk', '--tun', 'mine').tun, 'mine');
});

test('an IPv6 server stands in brackets', () => {
  const options = parseOptions([...LOGIN, '--server', '[2001:db8::1]:8443']);
  assert.deepEqual(options.server, { address: '2001:db8::1', port: 8443 });
});

test('sources are single addresses and ranges', () => {
  const { sources } = parse('--sources', '10.0.0.254-10.0.1.1,10.9.9.9,2001:db8::7');
  assert.deepEqual(sources, [
    ...['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1'],
    ...['10.9.9.9', '2001:db8::7'],
  ]);
});

test('the source needs no login', () => {
  const options = parseOptions(['source', '--to', '10.77.0.5', '--packet-rate', '1000']);
  assert.equal(options.mode, 'source');
  assert.deepEqual(options.to, ['10.77.0.5']);
});

test('what is wrong is said in a sentence', () => {
  const wrong: readonly (readonly [args: string[], message: RegExp])[] = [
    [['fly'], /the mode is one of hold, bulk/],
    [['--sessions', '0'], /--sessions wants a number of at least 1/],
    [['--sessions', '1.5'], /whole number/],
    [['--rate', 'fast'], /--rate/],
    [['--tls', '--dtls'], /either --tls or --dtls/],
    [['--offload', 'maybe'], /--offload is one of on, off/],
    [['--sources', '10.0.0.9-10.0.0.1'], /no range/],
    [['--sources', 'here'], /addresses or IPv4 ranges/],
    [['--server', 'vpn.example:443'], /ADDRESS:PORT/],
    [['--server', '192.0.2.1:70000'], /ADDRESS:PORT/],
    [['--target', 'gateway'], /IP address/],
    [['--frobnicate'], /frobnicate/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(
      () => parse(...args),
      (error) => error instanceof WolfguardError && message.test(error.message),
      args.join(' '),
    );
  }
  assert.throws(() => parseOptions(['--server', '192.0.2.1:443']), /--user is missing/);
});

test('an IPv4 address is a number and back', () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      assert.equal(numberToIpv4(ipv4ToNumber(text)), text);
    }),
  );
});
