import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { LOG_EVENTS } from '../../../../core/log/events.ts';
import type { Logger } from '../../../../core/log/logger.ts';

const ROOT = path.join(import.meta.dirname, '../../../..');
const PROGRAM = '{server,worker,certs,core,config,native,cli}/**/*.ts';

/** They make loggers; all others get one whose lines are typed. */
const MAKERS = [
  'server/auth/app.ts',
  'server/hooks/plugin_app.ts',
  'server/log.ts',
  'server/metrics/app.ts',
  'worker/app.ts',
];

test('a line without an event, with an unknown one, at another level or without its fields does not compile', () => {
  const logger = { info: () => undefined, warn: () => undefined } as Pick<Logger, 'info' | 'warn'>;
  logger.info({ event: 'session.created', session: 7 }, 'session created');
  // @ts-expect-error a line without an event
  logger.info({ session: 7 }, 'session created');
  // @ts-expect-error an event that is none of ours
  logger.info({ event: 'session.invented', session: 7 }, 'session created');
  // @ts-expect-error an event of level info
  logger.warn({ event: 'session.created', session: 7 }, 'session created');
  // @ts-expect-error without its field
  logger.info({ event: 'session.created' }, 'session created');
  // @ts-expect-error with a field that the table does not have
  logger.info({ event: 'session.created', session: 7, user: 'alice' }, 'session created');
});

test('the name of an event is said once, in small letters, and belongs to an area', () => {
  for (const name of Object.keys(LOG_EVENTS)) assert.match(name, /^[a-z]+\.[a-z_]+$/);
});

test('each event of the table is on a line of the program, and pino is known to few files', async () => {
  const sources = new Map<string, string>();
  for await (const file of glob(PROGRAM, { cwd: ROOT, exclude: ['**/node_modules/**'] })) {
    if (!file.startsWith('core/log/'))
      sources.set(file, readFileSync(path.join(ROOT, file), 'utf8'));
  }
  const all = [...sources.values()].join('\n');
  const unused = Object.keys(LOG_EVENTS).filter((name) => !all.includes(`'${name}'`));
  assert.deepEqual(unused, []);
  const makers = [...sources].filter(([, text]) => text.includes(" from 'pino'"));
  assert.deepEqual(makers.map(([file]) => file).sort(), MAKERS);
});
