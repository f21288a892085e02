// What of a translation keeps a server from starting: where ocserv itself would not start, and where
// what is lost guards something.
import type { DraftTable } from './draft.ts';
import type { Note } from './option.ts';

/** What ocserv refuses to start without, and wolfguard must not fill in by itself. */
const REQUIRED: readonly (readonly [string, (draft: DraftTable) => boolean])[] = [
  ['auth', (draft) => draft.tables.get('auth')?.lists.has('chain') === true],
  ['tcp-port', (draft) => has(draft, 'listen', 'tcp')],
  ['server-cert', (draft) => has(draft, 'tls', 'certificate')],
  ['server-key', (draft) => has(draft, 'tls', 'private_key')],
  [
    'ipv4-network or ipv6-network',
    (draft) =>
      draft.tables.get('network')?.values.get('ipv4') !== '' || has(draft, 'network', 'ipv6'),
  ],
];

const has = (draft: DraftTable, section: string, key: string): boolean =>
  draft.tables.get(section)?.values.has(key) === true;

/** One sentence for each. */
export const missingOptions = (file: string, draft: DraftTable): string[] =>
  REQUIRED.filter(([, isThere]) => !isThere(draft)).map(
    ([name]) => `${file}: ${name} is not set, or nothing of it is left`,
  );

/** Who may come in, where from, and what they may reach. */
const GUARDS = new Set([
  ...['auth', 'ca-cert', 'crl', 'cert-user-oid', 'tcp-port', 'udp-port', 'listen-netns'],
  ...['server-cert', 'server-key', 'ipv4-network', 'ipv6-network', 'max-clients'],
  ...['route', 'no-route', 'restrict-user-to-routes', 'restrict-user-to-ports', 'rekey-method'],
  // A line that cannot be read at all.
  '',
]);

/** What was lost and guards something, a sentence each. */
export const fatalNotes = (notes: readonly Note[]): string[] =>
  notes.filter(isFatal).map(renderNote);

export const isFatal = ({ fate, option }: Note): boolean => fate === 'lost' && GUARDS.has(option);

/** "FILE:LINE: OPTION: what became of it" */
export function renderNote({ file, line, option, text }: Note): string {
  const place = line === 0 ? file : `${file}:${line}`;
  return `${place}: ${option === '' ? '' : `${option}: `}${text}`;
}

/** What people should know at each start: what is gone, and what works otherwise. */
export const startWarnings = (notes: readonly Note[]): string[] =>
  notes
    .filter((note) => !isFatal(note))
    .flatMap((note) => {
      if (note.fate === 'lost') return [`warning: ${renderNote(note)}`];
      return note.fate === 'changed' ? [`note: ${renderNote(note)}`] : [];
    });
