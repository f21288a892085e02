// wolfctl top: who moves how much, live or in tables for scripts.
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Milliseconds } from '../../../core/units.ts';
import { SORT_KEYS } from '../top/order.ts';
import type { SortKey } from '../top/order.ts';
import { LEAST_INTERVAL_S, MOST_INTERVAL_S, parseInterval } from '../top/step.ts';
import type { CommandContext } from './context.ts';

interface TopFlags {
  readonly interval: Milliseconds;
  readonly sort: SortKey;
  readonly once?: boolean;
  readonly batch?: number;
}

const USUAL_INTERVAL_MS: Milliseconds = 1000;

export function addTop(program: Command, context: CommandContext): void {
  program
    .command('top')
    .description('sessions by what they move a second, live; keys end them, ? shows the keys')
    .addOption(
      new Option('-i, --interval <seconds>', 'between two listings')
        .argParser(parseSeconds)
        .default(USUAL_INTERVAL_MS, '1'),
    )
    .addOption(
      new Option('--sort <key>', 'what comes first').choices(SORT_KEYS).default(SORT_KEYS[0]),
    )
    .addOption(new Option('--once', 'print one table, after one interval').conflicts('batch'))
    .option('--batch <count>', 'print so many tables, one after each interval', parseCount)
    .action(async ({ interval: intervalMs, sort, once, batch }: TopFlags) => {
      const { runTop } = await import('../top/run.ts');
      const count = once === true ? 1 : batch;
      await runTop({ intervalMs, sort, ...(count !== undefined && { count }) }, context);
    });
}

function parseSeconds(text: string): Milliseconds {
  const intervalMs = parseInterval(text);
  if (intervalMs !== undefined) return intervalMs;
  throw new InvalidArgumentError(
    `an interval is a number of seconds from ${LEAST_INTERVAL_S} to ${MOST_INTERVAL_S}.`,
  );
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a number of tables is 1 or more.');
}
