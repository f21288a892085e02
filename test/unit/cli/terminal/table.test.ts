import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellsOf } from '../../../../cli/terminal/cells.ts';
import { fit, renderTable } from '../../../../cli/terminal/table.ts';

const HEADER = ['id', { text: 'user' }, { text: 'agent' }, 'address'];
const ROW = ['17', 'alice.from.the.long.name@example.org', 'AnyConnect Linux_64', '10.77.0.42'];

test('a table that fits is as wide as its texts', () => {
  const [header = '', row = ''] = renderTable(HEADER, [ROW], 200).split('\n');
  assert.equal(row, ROW.join('  '));
  assert.equal(header.indexOf('agent'), row.indexOf('AnyConnect'));
});

test('without a terminal nothing is shortened', () => {
  assert.doesNotMatch(renderTable(HEADER, [ROW]), /…/);
});

test('the widest text gives way first, and what is no text keeps its own', () => {
  const [, row = ''] = renderTable(HEADER, [ROW], 60).split('\n');
  assert.equal(row, '17  alice.from.the.long.na…  AnyConnect Linux_64  10.77.0.42');
  assert.equal(cellsOf(row), 60);
});

test('every line fits the terminal, wide characters or not, as long as the texts have room to give', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.integer({ min: 30, max: 60 }),
      (rows, columns) => {
        const table = renderTable(
          ['id', { text: 'user' }, { text: 'host' }],
          rows.map(([user, host]) => ['1', user, host]),
          columns,
        );
        for (const line of table.split('\n')) assert.ok(cellsOf(line) <= columns, line);
      },
    ),
  );
});

test('texts give way equally once they are equally wide, and no further than can be told apart', () => {
  assert.deepEqual(fit([4, 30, 20], [false, true, true], 34), [4, 15, 15]);
  assert.deepEqual(fit([4, 30, 20], [false, true, true], 44), [4, 20, 20]);
  assert.deepEqual(fit([4, 30, 20], [false, true, true], 10), [4, 8, 8]);
  assert.deepEqual(fit([4, 30], [false, false], 10), [4, 30]);
});
