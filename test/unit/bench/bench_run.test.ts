import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFailures, checkNic, checkSessions, checkWarnings } from '../../../bench/checks.ts';
import { MEASUREMENTS } from '../../../bench/measurements.ts';
import { parseBenchOptions, usageText } from '../../../bench/options.ts';
import { replaceFigures } from '../../../bench/readme.ts';
import {
  mergeResults,
  sampleOfHundredThousand,
  type Results,
  type Sample,
} from '../../../bench/results.ts';
import { ROWS } from '../../../bench/rows.ts';
import { turnsOf } from '../../../bench/runner.ts';
import { SERVERS } from '../../../bench/scene.ts';
import { WolfguardError } from '../../../core/error.ts';

test('every row names a measurement and has a name of its own', () => {
  const names = new Set(MEASUREMENTS.map(({ name }) => name));
  for (const { name, measurement } of ROWS) {
    assert.ok(names.has(measurement) || measurement === 'hundred-thousand', name);
    assert.ok(usageText().includes(name), name);
  }
  assert.equal(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});

test('a run without options is five rounds of everything but the 100,000 sessions', () => {
  const { rounds, quick, only } = parseBenchOptions([]);
  assert.equal(rounds, 5);
  assert.equal(quick, false);
  assert.deepEqual([...only], [...MEASUREMENTS.map(({ name }) => name)]);
  assert.ok(!only.has('hundred-thousand'));
});

test('--only takes rows and measurements, each measured once', () => {
  const { only } = parseBenchOptions(['--only', 'dtls-up,dtls-down,held,hundred-thousand']);
  assert.deepEqual([...only], ['dtls', 'held', 'hundred-thousand']);
});

test('--quick is shorter, and rounds and seconds may be chosen', () => {
  const quick = parseBenchOptions(['--quick']);
  assert.ok(quick.quick && quick.seconds < 5 && quick.rounds < 5);
  assert.equal(parseBenchOptions(['--quick', '--seconds', '7']).seconds, 7);
  assert.equal(parseBenchOptions(['--rounds', '9']).rounds, 9);
});

test('what is wrong with the options is said in a sentence', () => {
  const wrong: readonly (readonly [args: string[], message: RegExp])[] = [
    [['--only', 'speed'], /there is no row "speed"/],
    [['--rounds', '0'], /--rounds wants a whole number/],
    [['--seconds', '1.5'], /--seconds wants a whole number/],
    [['--frobnicate'], /frobnicate/],
    [['dtls'], /dtls/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(
      () => parseBenchOptions(args),
      (error) => error instanceof WolfguardError && message.test(error.message),
      args.join(' '),
    );
  }
});

test('the servers go in turn, the other way round in the next round', () => {
  const plan = { measurements: MEASUREMENTS.filter(({ name }) => name === 'dtls') };
  const order = (round: number): string[] =>
    turnsOf({ ...plan, servers: SERVERS }, round)
      .flat()
      .map(({ server }) => server);
  assert.deepEqual(order(0), ['ocserv', 'wolfguard']);
  assert.deepEqual(order(1), ['wolfguard', 'ocserv']);
});

test('what only one server has, and what takes minutes, is not measured beyond that', () => {
  const turns = (round: number): string[] =>
    turnsOf({ measurements: MEASUREMENTS, servers: SERVERS }, round)
      .flat()
      .map(({ measurement, server }) => `${measurement.name} ${server}`);
  assert.ok(!turns(0).includes('two-workers ocserv'));
  assert.ok(turns(0).includes('held wolfguard'));
  assert.ok(!turns(1).includes('held wolfguard'));
  assert.ok(!turns(3).includes('logins wolfguard'));
});

const sample = (measurement: Sample['measurement'], value: number): Sample => ({
  ...{ measurement, server: 'wolfguard', round: 0, figures: { down: value } },
  ...{ date: '', commit: '' },
});
const results = (quick: boolean, ...samples: Sample[]): Results => ({
  ...{ date: '', commit: '', quick, rounds: 5, seconds: 5, machine: { cores: '2' } },
  ...{ rows: [], failures: [], samples },
});

test('one row measured again leaves the others as they were', () => {
  const old = results(false, sample('dtls', 1), sample('cstp', 2));
  const { samples } = mergeResults(old, results(false, sample('dtls', 3)));
  assert.deepEqual(samples, [sample('cstp', 2), sample('dtls', 3)]);
});

test('a measurement that failed this time does not keep its old figures', () => {
  const failure = { ...sample('dtls', 0), reason: 'no DTLS' };
  const fresh = { ...results(false), failures: [failure] };
  assert.deepEqual(mergeResults(results(false, sample('dtls', 1)), fresh).samples, []);
});

test('a quick run and a full one, or those of two machines, do not mix', () => {
  const old = results(false, sample('cstp', 2));
  const fresh = results(true, sample('dtls', 3));
  assert.deepEqual(mergeResults(old, fresh), fresh);
  const other = { ...results(false, sample('dtls', 3)), machine: { cores: '4' } };
  assert.deepEqual(mergeResults(old, other), other);
  assert.deepEqual(mergeResults(undefined, fresh), fresh);
});

test('of 100,000 sessions those count that are up at the end', () => {
  const { figures } = sampleOfHundredThousand({
    ...{ date: '2026-11-21', afterwards: { stillUpByDtls: 99_999 } },
    ...{ memory: { kibPerSession: 21 }, idle: { serverCores: 0.12 } },
  });
  assert.deepEqual(figures, { sessions: 99_999, kibPerSession: 21, idleCpuPercent: 12 });
});

const AES = { tlsCipher: 'TLS_AES_256_GCM_SHA384', dtlsCipher: 'PSK-AES256-GCM-SHA384' };

test('sessions count only when all are there, on the right channel, with the right cipher', () => {
  const session = { channel: 'dtls', ...AES } as const;
  checkSessions([session, session], 2, 'dtls');
  assert.throws(() => checkSessions([session], 2, 'dtls'), /1 of 2 sessions/);
  assert.throws(
    () => checkSessions([{ ...session, channel: 'tls' }], 1, 'dtls'),
    /do not use dtls/,
  );
  const weak = { ...session, dtlsCipher: '(DTLS1.2)-(PSK)-(AES-128-GCM)' };
  assert.throws(() => checkSessions([weak], 1, 'dtls'), /DTLS cipher is .*128/);
  const gnutls = '(TLS1.3)-(ECDHE-SECP256R1)-(ECDSA-SECP256R1-SHA256)-(AES-256-GC';
  checkSessions([{ channel: 'tls', tlsCipher: gnutls, dtlsCipher: '' }], 1, 'tls');
});

test('the network device must be as the row says', () => {
  const features = (state: string, joining = 'off'): string =>
    `generic-segmentation-offload: ${state}\ngeneric-receive-offload: ${joining}\n` +
    `\ttx-udp-segmentation: ${state}\n`;
  checkNic(features('on'), true, false);
  checkNic(features('off', 'on'), false, true);
  assert.throws(
    () => checkNic(features('on'), false, false),
    /tx-udp-segmentation of the cable is on/,
  );
  assert.throws(() => checkNic(features('on', 'on'), true, false), /receive-offload .* is on/);
  assert.throws(() => checkNic('', true, false), /unknown/);
});

test('a warning of the server, or a failure of the client, spoils a measurement', () => {
  checkWarnings([]);
  assert.throws(() => checkWarnings(['GSO is off']), /GSO is off/);
  checkFailures({});
  assert.throws(() => checkFailures({ 'no DTLS': 3 }), /3 x no DTLS/);
});

test('only what stands between the markers is replaced', () => {
  const begin = '<!-- figures: begin (written by node bench/run.ts --write-readme) -->';
  const text = `before\n${begin}\nold\n<!-- figures: end -->\nafter\n`;
  const replaced = replaceFigures(text, 'new\n');
  assert.equal(replaced, `before\n${begin}\nnew\n\n<!-- figures: end -->\nafter\n`);
  assert.equal(replaceFigures(replaced, 'new\n'), replaced);
  assert.throws(() => replaceFigures('no markers', 'new'), WolfguardError);
});
