import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { AuthOutcome, LoginRequest, Peer, ProfileNotice } from '../../../core/ipc/messages.ts';
import { NO_ATTRIBUTES } from '../../../core/policy/attributes.ts';
import { answerLogin } from '../../../server/login.ts';
import { Meter } from '../../../server/metrics/meter.ts';
import type { LoginResult } from '../../../server/sessions.ts';
import { Readiness } from '../../../server/readiness.ts';
import { Statistics } from '../../../server/statistics.ts';
import { client, policy } from '../core/session/fixture.ts';

const FORM = { message: 'Login failed', error: null, groups: [], urlGroup: null, inputs: [] };
const ACCEPTED: AuthOutcome = {
  kind: 'accepted',
  user: 'alice',
  groups: [],
  attributes: NO_ATTRIBUTES,
};

test('a refused attempt costs its source points, the form and the end alike', async () => {
  const world = new World();
  await world.login({ kind: 'form', dialogue: 'd', form: FORM, refused: true });
  await world.login({ kind: 'failed', reason: 'no', refused: true });
  assert.deepEqual(world.refused, ['203.0.113.7', '203.0.113.7']);
  const heard = ['203.0.113.7', 'branch.example'];
  assert.deepEqual(world.told, [...heard, ...heard]);
});

test('the profile of the policy is announced by name and hash, and nothing more', async () => {
  const world = new World();
  const plain = await world.login(ACCEPTED);
  assert.deepEqual(plain, { kind: 'complete', cookie: 'c', banner: '' });
  const profile = { name: 'staff.xml', sha1: 'AB' };
  world.profile = { ...profile, ...{ xml: '<AnyConnectProfile/>' } };
  assert.deepEqual(await world.login(ACCEPTED), { ...plain, profile });
});

test('a form in the middle, a success and a backend that is down cost nothing', async () => {
  const world = new World();
  await world.login({ kind: 'form', dialogue: 'd', form: FORM, refused: false });
  await world.login(ACCEPTED);
  await world.login({ kind: 'unavailable', reason: 'the directory is down' });
  await world.login({ kind: 'failed', reason: 'The login took too long', refused: false });
  await world.login(new Error('a bug'));
  assert.deepEqual([world.refused, world.told], [[], []]);
});

test('nobody asks a backend for a banned source', async () => {
  const world = new World();
  world.banned = true;
  const reply = await world.login(ACCEPTED);
  assert.equal(reply.kind, 'failed');
  assert.deepEqual([world.asked, world.refused], [0, []]);
});

test('a right password that was under way when the ban fell is not let in', async () => {
  const world = new World();
  const reply = await world.login(ACCEPTED, () => (world.banned = true));
  assert.equal(reply.kind, 'failed');
});

test('the auth process hears whether the source has failed before', async () => {
  const world = new World();
  await world.login(ACCEPTED);
  assert.deepEqual(world.heard, { ...REQUEST, suspect: false });
  world.suspect = true;
  await world.login(ACCEPTED);
  assert.deepEqual(world.heard, { ...REQUEST, suspect: true });
});

test('who may log in keeps the ban’s own arithmetic out of the reply', async () => {
  const world = new World();
  const reply = await world.login({ kind: 'failed', reason: 'no', refused: true });
  assert.deepEqual(reply, { kind: 'failed', reason: 'no' });
});

test('who may not be connected now is told so by a form without inputs', async () => {
  const world = new World();
  world.outcome = { kind: 'closed', reason: 'not before Monday' };
  assert.deepEqual(await world.login(ACCEPTED), {
    kind: 'form',
    dialogue: null,
    form: { message: '', error: 'not before Monday', inputs: [], groups: [], urlGroup: null },
  });
});

test('a draining server turns every login away, asks nobody and counts nothing', async () => {
  const world = new World();
  world.readiness.setDraining(null);
  const reply = await world.login({ kind: 'failed', reason: 'no', refused: true });
  assert.equal(reply.kind, 'turned-away');
  assert.deepEqual([world.asked, world.refused], [0, []]);
  world.readiness.setReady();
  assert.equal((await world.login(ACCEPTED)).kind, 'complete');
  world.readiness.setStopping();
  assert.equal((await world.login(ACCEPTED)).kind, 'turned-away');
});

class World {
  outcome: LoginResult = { kind: 'accepted', cookie: 'c', session: 1, policy };
  readonly refused: string[] = [];
  /** Address and host of each refused login that readers of events heard of. */
  readonly told: string[] = [];
  readonly meter = new Meter();
  banned = false;
  suspect = false;
  readonly readiness = new Readiness();
  profile: ProfileNotice | undefined;
  heard: LoginRequest | undefined;
  asked = 0;

  login(
    outcome: AuthOutcome | Error,
    meanwhile: () => void = () => undefined,
  ): ReturnType<typeof answerLogin> {
    const auth = {
      login: (request: LoginRequest) => {
        this.asked++;
        this.heard = request;
        meanwhile();
        return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
      },
    };
    const bans = {
      isBanned: () => this.banned,
      isSuspect: () => this.suspect,
      loginRefused: (address: string) => void this.refused.push(address),
    };
    const sessions = { login: () => this.outcome };
    const { readiness } = this;
    const statistics = new Statistics();
    const { meter } = this;
    const logger = pino({ enabled: false });
    const profileOf = () => this.profile;
    const events = {
      loginRefused: ({ address }: Peer, vhost: string) => void this.told.push(address, vhost),
    };
    const parts = { auth, bans, sessions, readiness, profileOf, statistics, events, meter, logger };
    return answerLogin(parts, REQUEST);
  }
}

const REQUEST: LoginRequest = {
  dialogue: null,
  step: { kind: 'start', group: null, urlGroup: null },
  client,
  peer: { address: '203.0.113.7', port: 1 },
  vhost: 'branch.example',
  certificate: null,
};
