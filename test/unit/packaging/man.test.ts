import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requireTool, runTool } from './tools.ts';

const PAGES = ['wolfguard.8', 'wolfctl.8', 'wolfguard.toml.5'];
const pathOf = (page: string): string =>
  fileURLToPath(new URL(`../../../man/${page}`, import.meta.url));

test('mandoc has nothing to say against the manual pages', (t) => {
  if (!requireTool(t, 'mandoc')) return;
  const { code, output } = runTool('mandoc', ['-Tlint', '-W', 'warning', ...PAGES.map(pathOf)]);
  assert.equal(output, '');
  assert.equal(code, 0);
});

test('a page has every command, option and key, and says them as they are typed', () => {
  const [wolfguard, wolfctl, configuration] = PAGES.map((page) =>
    readFileSync(pathOf(page), 'utf8'),
  );
  assert.match(wolfguard ?? '', /^\.SS "wolfguard cert client <user>"$/m);
  assert.match(wolfguard ?? '', /^\.B \\-\\-quick\\-start$/m);
  assert.match(wolfctl ?? '', /^\.SS "wolfctl show ip ban points"$/m);
  assert.match(configuration ?? '', /^\.SS "\[listen\]"$/m);
  assert.match(configuration ?? '', /^\.B session_timeout = 0$/m);
});
