// Every request of this folder, damaged: what reads it says what it makes of it, within its bounds, and
// never throws. The whole server meets the like in test/fuzz.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { clientFacts } from '../../core/auth/client_facts.ts';
import { parseLoginBody } from '../../core/auth/config_auth.ts';
import { renderAuthRequest } from '../../core/auth/config_auth_answer.ts';
import { parseCookies } from '../../core/auth/cookies.ts';
import { parseXml } from '../../core/auth/xml.ts';
import { parseConnectHeaders } from '../../core/connect/connect_request.ts';
import { isTunnelTarget, routeOf } from '../../core/http/routes.ts';
import { mutate } from '../fuzz/mutate.ts';
import { Random } from '../fuzz/random.ts';
import { encodeRequest, parseScenes } from './scenes.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20261122);
/** Of each request. */
const ROUNDS = 40;

const requests = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) =>
    parseScenes(readFileSync(path.join(import.meta.dirname, name), 'utf8')).flatMap(({ steps }) =>
      steps.filter(({ kind }) => kind === 'client').map(({ text }) => encodeRequest(text)),
    ),
  );

test('there is enough to damage', () => assert.ok(requests.length > 60, `${requests.length}`));

test('a damaged body is a step of a login within its bounds, or a reason', () => {
  eachDamaged(bodyOf, (body) => {
    const sent = parseLoginBody(body);
    if (sent.kind === 'reply')
      for (const [name, value] of Object.entries(sent.fields)) {
        assert.match(name, /^[A-Za-z][\w.-]{0,63}$/);
        assert.ok(value.length <= 8192 && !/\p{Cc}/u.test(value));
      }
    if (sent.kind === 'init') checkGroup(sent.urlGroup);
    if (sent.kind === 'init' || sent.kind === 'reply') checkGroup(sent.group);
  });
});

test('a damaged head has a place in the table of URLs, and says something about its client', () => {
  eachDamaged(headOf, (head) => {
    const { method, target, headers } = readHead(head);
    const client = clientFacts({
      userAgent: headers['user-agent'] ?? '',
      platform: headers['x-anyconnect-identifier-platform'] ?? '',
      deviceType: headers['x-anyconnect-identifier-devicetype'] ?? '',
      hostname: headers['x-cstp-hostname'] ?? '',
      license: headers['x-cstp-license'] ?? '',
    });
    assert.match(client.hostname, /^[A-Za-z0-9._-]{0,63}$/);
    const route = routeOf(method, target, client.kind);
    if (route.kind === 'form' || route.kind === 'login') checkGroup(route.group);
    isTunnelTarget(target);
    const { baseMtu, masterSecret } = parseConnectHeaders(headers);
    assert.ok(baseMtu === null || (baseMtu > 0 && baseMtu <= 16384));
    assert.ok(masterSecret === null || masterSecret.length === 48);
    for (const cookie of Object.values<string | null>({ ...parseCookies(headers['cookie']) }))
      assert.ok(cookie === null || /^[!-~]{1,1024}$/.test(cookie));
  });
});

/** It may stand in a log, and in a form's action, which must come back as the same group. */
function checkGroup(group: string | null): void {
  if (group === null) return;
  assert.ok(group !== '' && group.length <= 64 && !/\p{Cc}/u.test(group));
  if (!group.isWellFormed()) return;
  const form = { message: '', error: null, inputs: [], groups: [], urlGroup: group };
  const document = parseXml(Buffer.from(renderAuthRequest(form, 'anyconnect')));
  assert.ok(document.ok);
  const action = document.root.children[1]?.children[1]?.attributes.get('action') ?? '';
  const expected = ['auth', 'VPN'].includes(group) ? null : group;
  assert.deepEqual(routeOf('POST', action, 'anyconnect'), { kind: 'login', group: expected });
}

function eachDamaged(part: (request: Buffer) => Buffer, check: (bytes: Buffer) => void): void {
  for (const [index, request] of requests.entries())
    for (let round = 0; round < ROUNDS; round += 1) {
      const damaged = mutate(part(request), new Random(SEED + index * 7919 + round));
      try {
        check(damaged);
      } catch (error) {
        throw new Error(`FUZZ_SEED=${SEED}: ${JSON.stringify(damaged.toString('latin1'))}`, {
          cause: error,
        });
      }
    }
}

const headOf = (request: Buffer): Buffer => request.subarray(0, request.indexOf('\r\n\r\n'));
const bodyOf = (request: Buffer): Buffer => request.subarray(request.indexOf('\r\n\r\n') + 4);

/** As much of HTTP as is needed to have anything at all in the places of its parts. */
function readHead(head: Buffer): {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  const [first = '', ...lines] = head.toString('latin1').split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { method, target, headers: Object.fromEntries(headers) };
}
