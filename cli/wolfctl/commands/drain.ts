// wolfctl drain: makes a server empty, for a load balancer or before a restart.
import type { Command } from 'commander';
import { parseDuration } from '../../../config/quantities.ts';
import { WolfguardError } from '../../../core/error.ts';
import type { AdminResults } from '../../../core/ipc/admin.ts';
import type { EpochMs, Milliseconds } from '../../../core/units.ts';
import { countSessions, formatDuration } from '../text.ts';
import type { CommandContext } from './context.ts';

interface DrainOptions {
  readonly limit?: string;
  readonly off?: true;
}

export function addDrain(program: Command, { request, print, now }: CommandContext): void {
  program
    .command('drain')
    .description('refuse new logins, and stop the server when the last session is gone')
    .option('--limit <duration>', 'stop after so long at the latest: "30m" (default: limits.drain)')
    .option('--off', 'take new logins again and do not stop')
    .action(async ({ limit, off }: DrainOptions) => {
      const result = await request<'drain'>(
        off === true
          ? { command: 'drain', off }
          : { command: 'drain', ...(limit !== undefined && { limit: limitOf(limit) }) },
      );
      print(result, () => `${describe(result, now())}\n`);
    });
}

function limitOf(text: string): Milliseconds {
  const limit = parseDuration(text);
  if (limit !== undefined && limit > 0) return limit;
  throw new WolfguardError('BAD_LIMIT', `"${text}" is not a duration: for example "90s", "30m"`);
}

function describe({ state, until, sessions }: AdminResults['drain'], now: EpochMs): string {
  if (state !== 'draining') return 'new logins are taken again';
  if (sessions === 0) return 'new logins are refused; there are no sessions, so the server stops';
  const latest = until === null ? '' : `, in ${formatDuration(until - now)} at the latest`;
  return `new logins are refused; the server stops when ${countSessions(sessions)} ${
    sessions === 1 ? 'has' : 'have'
  } ended${latest}`;
}
