// Files of ocserv, one theme each, started by `wolfguard ocserv` and used by openconnect. Each says
// in its own comments what is to be seen: harness/ocserv_conf.ts has their words.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { PrivateEtc, whyNoPam } from '../pam/private_etc.ts';
import { ALICE } from './harness/accounts.ts';
import { Lab } from './harness/lab.ts';
import { CONF_FOLDER, directionOf, play } from './harness/ocserv_conf.ts';
import type { Direction, Facts, Stage } from './harness/ocserv_conf.ts';
import { makePeople } from './harness/people.ts';

/** Each on a stage of its own: a server mostly waits for its processes to start. */
const SIDE_BY_SIDE = 3;
const options = { timeout: 120_000 };

const files = readdirSync(CONF_FOLDER).filter((name) => name.endsWith('.conf'));
const stages = makeStages();

test('there are thirty files and more, each with something to expect', () => {
  assert.ok(files.length >= 30, String(files.length));
  for (const file of files) assert.ok(directionOf(file).expectations.length > 0, file);
});

describe('an ocserv.conf', { concurrency: SIDE_BY_SIDE }, () => {
  for (const file of files) {
    const direction = directionOf(file);
    const skip = direction.needs.includes('pam') ? whyNoPam() : false;
    test(file.replace('.conf', ''), { ...options, skip }, async () => {
      const stage = stages.pop();
      assert.ok(stage !== undefined);
      try {
        check(direction, await play(stage, direction, 'wolfguard'));
      } finally {
        stages.push(stage);
      }
    });
  }
});

function check({ expectations }: Direction, facts: Facts): void {
  for (const { fact, whole, pattern } of expectations) {
    const value = facts.get(fact) ?? '';
    const expected = new RegExp(whole ? `^(?:${pattern})$` : pattern);
    const story = ['outcome', 'client', 'server'].map((name) => facts.get(name) ?? '').join('\n');
    assert.match(value, expected, `${fact} is ${JSON.stringify(value)}\n${story.slice(-6000)}`);
  }
}

function makeStages(): Stage[] {
  const labs = Array.from({ length: SIDE_BY_SIDE }, () => new Lab());
  after(async () => {
    for (const lab of labs) await lab.close();
  });
  const people = labs[0]?.file('people') ?? '';
  makePeople(people);
  const etc = new PrivateEtc();
  labs[0]?.onClose(() => etc.close());
  etc.addGroup('staff', 64_301);
  etc.addUser({ name: 'alice', password: ALICE.password, gid: 64_301 });
  etc.service('ocserv', 'auth required pam_unix.so', 'account required pam_unix.so');
  return labs.map((lab) => ({ lab, people, pamWrapper: etc.wrapper }));
}
