import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const HEAP = new URL('../../../server/heap.ts', import.meta.url).href;

test('the young heap stays small through a burst of short-lived objects', () => {
  assert.ok(youngHeapMibAfterBurst('') > 16, 'V8 lets it grow by itself');
  const kept = youngHeapMibAfterBurst(`(await import('${HEAP}')).keepYoungHeapSmall();`);
  assert.ok(kept <= 8, `${kept} MiB`);
});

/** In a process of its own: the flag holds for good. */
function youngHeapMibAfterBurst(before: string): number {
  const program = `
    ${before}
    let live = [];
    for (let i = 0; i < 2_000_000; i++) {
      live.push({ i, text: 'x' + i });
      if (live.length > 50_000) live = live.slice(25_000);
    }
    const { getHeapSpaceStatistics } = await import('node:v8');
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    console.log(young.space_size / 2 ** 20);`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
  assert.match(stdout, /^[\d.]+$/m, stderr);
  return Number(stdout);
}
