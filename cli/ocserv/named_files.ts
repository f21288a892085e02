// What several readers of ocserv's files need.
import { readFileSync } from 'node:fs';
import type { DraftTable } from './draft.ts';

/** The text of a file that may be missing. */
export function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The section of a virtual host, which the draft has; '' = the root. */
export const tableOfHost = (draft: DraftTable, vhost: string): DraftTable =>
  draft.lists.get('vhost')?.find(({ values }) => values.get('name') === vhost) ?? draft;
