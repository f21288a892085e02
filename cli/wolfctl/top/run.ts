// top on the terminal that there is, or without one.
import { setTimeout as sleep } from 'node:timers/promises';
import { WolfguardError } from '../../../core/error.ts';
import type { CommandContext } from '../commands/context.ts';
import { batchRecord, renderBatch } from './batch.ts';
import { LISTINGS_PER_STATUS, runLiveTop } from './live.ts';
import type { TopOptions } from './live.ts';
import { firstState } from './state.ts';
import { step } from './step.ts';

export interface RunTopOptions extends TopOptions {
  /** So many tables; live if left out. */
  readonly count?: number;
}

/** Throws WolfguardError where there is no terminal, and in tables where the server is away. */
export async function runTop(options: RunTopOptions, context: CommandContext): Promise<void> {
  const { stdin: input, stdout: output } = process;
  if (options.count !== undefined) return printTables(options, options.count, context);
  if (!input.isTTY || !output.isTTY || context.isJson()) {
    throw new WolfguardError(
      'NO_TERMINAL',
      'top needs a terminal; without one print tables: --once, --batch COUNT, and --json if you like',
    );
  }
  await runLiveTop({ ask: context.request, now: context.now, input, output }, options);
}

/** Rates need two listings, so that the first table comes after an interval. */
async function printTables(
  { intervalMs, sort }: TopOptions,
  count: number,
  context: CommandContext,
): Promise<void> {
  const { request, now, write, columns, isJson, print } = context;
  const records: unknown[] = [];
  let state = firstState({ rows: 0, columns: 0 }, intervalMs, sort);
  for (let table = 0; table <= count; table++) {
    if (table > 0) await sleep(intervalMs);
    const status =
      table % LISTINGS_PER_STATUS === 0
        ? await request<'status'>({ command: 'status' })
        : undefined;
    const sessions = await request<'users'>({ command: 'users' });
    const at = performance.now();
    state = step(state, { kind: 'listed', sessions, status, at, now: now() }).state;
    if (table === 0) continue;
    if (isJson()) records.push(batchRecord(state));
    else write(renderBatch(state, columns()));
  }
  if (isJson()) print(records, () => '');
}
