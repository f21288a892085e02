import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { cellsOf } from '../../../../cli/terminal/cells.ts';
import { batchRecord, renderBatch } from '../../../../cli/wolfctl/top/batch.ts';
import { renderScreen } from '../../../../cli/wolfctl/top/screen.ts';
import { firstState } from '../../../../cli/wolfctl/top/state.ts';
import type { TopState } from '../../../../cli/wolfctl/top/state.ts';
import { step } from '../../../../cli/wolfctl/top/step.ts';
import type { AdminStatus } from '../../../../core/ipc/admin.ts';
import { session } from './sessions.ts';
import type { Given } from './sessions.ts';

const STATUS = {
  version: '1.2.3',
  startedAt: 0,
  now: 90_000,
  workerPids: [1, null],
} as unknown as AdminStatus;

/** Two listings, a second between them. */
function state(given: readonly Given[], size = { rows: 24, columns: 130 }): TopState {
  const listed = (before: TopState, at: number, factor: number): TopState =>
    step(before, {
      kind: 'listed',
      sessions: given.map(({ rx = 0, tx = 0, ...rest }) =>
        session({ ...rest, rx: rx * factor, tx: tx * factor }),
      ),
      status: STATUS,
      at,
      now: 60_000,
    }).state;
  return listed(listed(firstState(size, 1000, 'rate'), 0, 1), 1000, 2);
}

/** Without its colours. */
const plain = stripVTControlCharacters;

test('the head has totals, the list its sessions, the foot a hint', () => {
  const lines = renderScreen(state([{ id: 7, user: 'alice', rx: 1000, tx: 2500 }])).map(plain);
  assert.equal(lines.length, 24);
  assert.equal(lines[0], 'wolfguard 1.2.3, up 1m 30s   1 session   1 worker and 1 starting');
  assert.match(lines[1] ?? '', /^rx 1\.0 KB\/s {3}tx 2\.5 KB\/s {3}35 packets\/s/);
  assert.match(lines[3] ?? '', /id {2}user +rx\/s +tx\/s +address +from .*host$/);
  assert.match(
    lines[4] ?? '',
    /^ +7 {2}alice +1\.0 KB\/s +2\.5 KB\/s {2}10\.77\.0\.7 .*198\.51\.100\.7 +1m .*laptop +$/,
  );
  assert.equal(lines[23], 'press ? for the keys');
});

test('a narrow terminal shows the columns that it has room for, whole', () => {
  const lines = renderScreen(state([{ id: 7, user: 'alice' }], { rows: 24, columns: 80 }));
  assert.match(plain(lines[3] ?? ''), /^ +id {2}user .*tx\/s .*since$/);
  const [, , , header = ''] = renderScreen(state([{ id: 7 }], { rows: 24, columns: 30 }));
  assert.match(plain(header), /^ +id {2}user +rx\/s$/);
});

test('the selected session is reversed, others are not', () => {
  const lines = renderScreen(state([{ id: 7 }, { id: 8 }]));
  assert.ok(lines[4]?.startsWith('\u001b[7m') === true && lines[4].endsWith('\u001b[0m'));
  assert.equal(lines[5]?.includes('\u001b'), false);
});

test('whatever size and names: never more lines than the screen has, nor wider ones', () => {
  const name = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, name), { maxLength: 8 }),
      fc.integer({ min: 2, max: 30 }),
      fc.integer({ min: 2, max: 200 }),
      fc.constantFrom('', '?', '/', 'd', 'i'),
      (names, rows, columns, keys) => {
        let shown = state(
          names.map(([user, host], at) => ({ id: at + 1, user, host })),
          { rows, columns },
        );
        for (const text of keys) {
          shown = step(shown, { kind: 'key', key: { kind: 'text', text } }).state;
        }
        const lines = renderScreen(shown).map(plain);
        assert.equal(lines.length, rows);
        for (const line of lines) {
          assert.ok(cellsOf(line) <= columns, line);
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
        }
      },
    ),
  );
});

test('of ten thousand sessions only those on the screen are rendered', () => {
  const many = state(Array.from({ length: 10_000 }, (_, id) => ({ id, rx: id })));
  const began = performance.now();
  for (let times = 0; times < 100; times++) renderScreen(many);
  // Rendering all of them would take more than a second each time.
  assert.ok(performance.now() - began < 2000);
});

test('a server that is away is told above the list', () => {
  const { state: lost } = step(state([{ id: 7 }]), { kind: 'lost', reason: 'no server\u001b[2J' });
  assert.equal(plain(renderScreen(lost)[2] ?? ''), 'no server?[2J; trying again');
});

test('the question names who it is about', () => {
  const { state: asked } = step(state([{ id: 7, user: 'al\u001b[31mice' }]), {
    kind: 'key',
    key: { kind: 'text', text: 'd' },
  });
  assert.equal(renderScreen(asked).at(-1), 'disconnect al?[31mice, session 7? y/n');
});

test('a table for scripts has all sessions and no colours', () => {
  const text = renderBatch(state([{ id: 7, user: 'alice', rx: 1000 }, { id: 8 }]), Infinity);
  assert.ok(!text.includes('\u001b'));
  assert.equal(text.split('\n').length, 8);
  assert.match(text, /alice/);
});

test('JSON for scripts has rates in numbers and counters as occtl has them', () => {
  const [record] = batchRecord(state([{ id: 7, user: 'alice', rx: 1000 }]));
  assert.equal(record?.['Username'], 'alice');
  assert.equal(record['RX'], '2000');
  assert.equal(record['raw_rx_per_second'], 1000);
});
