// docs/errors.md and the source say the same: a code or a sentence for clients that one of them
// does not have is a mistake here.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.join(import.meta.dirname, '../..');
const PAGE = read('docs/errors.md');
const SOURCES = globSync('{server,worker,certs,core,config,native,cli}/**/*.ts', {
  cwd: ROOT,
  exclude: (name) => name === 'node_modules',
}).map((file) => ({ file, text: read(file) }));

/** Codes that are put together or passed on, by the expression that stands for them. */
const DERIVED: Readonly<Record<string, readonly string[]>> = {
  '`${code}_ACCESS`': ['PASSWD_ACCESS', 'OTP_ACCESS'],
  '`${code}_MISSING`': ['PASSWD_MISSING', 'OTP_MISSING'],
  'advice.code': all('native/system.ts', /code: '(TUN_\w+)'/g),
  'reply.code': all('core/ipc/admin.ts', /AdminErrorCode = ([^;]+);/g).flatMap((union) =>
    union.split('|').map((word) => word.trim().replaceAll("'", '')),
  ),
};

test('each code of an error has its meaning and remedy in docs/errors.md, and no other stands there', () => {
  const thrown = SOURCES.flatMap(({ file, text }) =>
    [...text.matchAll(/new WolfguardError\(\s*('[^']*'|`[^`]*`|[\w.]+),/g)].flatMap(
      ([, code = '']) =>
        code.startsWith("'")
          ? code.slice(1, -1)
          : (DERIVED[code] ?? assert.fail(`${file}: ${code}`)),
    ),
  );
  const rows = [...PAGE.matchAll(/^\| `([A-Z][A-Z_]+|state-[a-z-]+)` \| (.+) \| (.+) \|$/gm)];
  const explained = rows.map(([, code = '']) => code);
  assert.deepEqual(
    {
      withoutRow: [...new Set(thrown)].filter((code) => !explained.includes(code)),
      thrownByNobody: explained.filter((code) => !thrown.includes(code)),
      twice: explained.filter((code, index) => explained.indexOf(code) !== index),
    },
    { withoutRow: [], thrownByNobody: [], twice: [] },
  );
});

test('each sentence for clients is in docs/errors.md, and no other stands there', () => {
  const page = PAGE.slice(PAGE.indexOf('## What clients are told'));
  const explained = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, text = '']) => text);
  const program = SOURCES.map(({ text }) => text).join('\n');
  for (const text of explained) assert.ok(program.includes(text), `nobody says "${text}"`);
  const said = [
    ...SOURCES.filter(({ file }) => /^(server|worker)\//.test(file)).flatMap(({ text }) =>
      [...text.matchAll(/unavailable\('([^']+)'\)/g)].map(([, sentence]) => sentence),
    ),
    ...all('server/refusals.ts', /[:?]\s*'([A-Z][^']+)'/g),
    ...all('server/refusals.ts', /export const [A-Z_]+ = '([^']+)'/g),
    ...all('server/refusals.ts', /return [`']([A-Z][^'`$]+)[$'`]/g),
    ...all('server/opening.ts', /'[a-z-]+': '([A-Z][^']+)'/g),
    ...all('server/login.ts', /reason: '([A-Z][^']+)'/g),
    ...all('server/services.ts', /reason: '([A-Z][^']+)'/g),
    ...all('server/hooks/scripts.ts', /const [A-Z]+ = '([^']+)'/g),
  ];
  assert.ok(said.length > 30);
  assert.deepEqual(
    said.filter((sentence) => !explained.includes(sentence ?? '')),
    [],
  );
});

function all(file: string, pattern: RegExp): string[] {
  return [...read(file).matchAll(pattern)].map(([, found = '']) => found);
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}
