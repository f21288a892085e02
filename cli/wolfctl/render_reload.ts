// The plan of a reload for people: what would change, or has changed, and from when on it counts.
import type { AdminResults } from '../../core/ipc/admin.ts';
import type {
  CertificateChange,
  CertificateSummary,
  ReloadChange,
  ReloadEffect,
} from '../../core/ipc/reload_plan.ts';
import { countSessions } from './text.ts';

/** A section's name, its keys below it, certificates, files, sessions, and what stands in the way. */
export function renderReload(plan: AdminResults['reload']): string {
  const { dryRun, changes, certificates, files, warnings, refusals } = plan;
  const nothing = changes.length === 0 && certificates.length === 0 && files.length === 0;
  const title = dryRun ? 'a reload would change' : 'reloaded';
  const lines = [
    ...(nothing ? [dryRun ? `${title} nothing` : `${title}; no key has changed`] : [`${title}:`]),
    ...sectionsOf(changes).flatMap(renderSection),
    ...certificates.flatMap(renderCertificate),
    ...(files.length > 0 ? ['files with other contents:', ...files.map(indent)] : []),
    ...otherSessions(plan),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...refusals.map((reason) => `refused: ${reason}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const EFFECTS: Readonly<Record<ReloadEffect, string>> = {
  'at once': 'at once',
  'new connections': 'for new connections',
  'new logins': 'for new logins',
  'new sessions': 'for new sessions',
  restart: 'needs a restart',
};

/** Longer ones of lists are shown as what is added and what is gone. */
const LONG_VALUE = 60;
/** So many networks of a list say enough. */
const MOST_ITEMS = 5;

const indent = (line: string): string => `  ${line}`;

/** In the order in which they come. */
function sectionsOf(changes: readonly ReloadChange[]): (readonly ReloadChange[])[] {
  return [...Map.groupBy(changes, ({ section }) => section).values()];
}

function renderSection(changes: readonly ReloadChange[]): string[] {
  const section = changes[0]?.section ?? '';
  const width = Math.max(...changes.map(({ key }) => key.length));
  const lines = changes.map(
    (change) => `${change.key.padEnd(width)}  ${renderValues(change)}  (${EFFECTS[change.effect]})`,
  );
  return section === '' ? lines : [`[${section}]`, ...lines.map(indent)];
}

function renderValues({ secret, before, after }: ReloadChange): string {
  if (secret) return 'changed';
  const [old, next] = [renderValue(before), renderValue(after)];
  if (old.length + next.length <= LONG_VALUE || !Array.isArray(before) || !Array.isArray(after))
    return `${old} → ${next}`;
  const [was, is] = [before, after].map((list: unknown[]) => list.map(renderValue));
  const added = is?.filter((item) => was?.includes(item) === false) ?? [];
  const gone = was?.filter((item) => is?.includes(item) === false) ?? [];
  const parts = [some('added', added), some('removed', gone)].filter((part) => part !== '');
  return parts.length === 0 ? 'in another order' : parts.join('; ');
}

function some(what: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  const more = items.length - MOST_ITEMS;
  return `${what} ${items.slice(0, MOST_ITEMS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const renderValue = (value: unknown): string =>
  value === null ? 'not set' : JSON.stringify(value);

function renderCertificate({ host, before, after }: CertificateChange): string[] {
  return [
    `certificate of ${host === '' ? 'the main server' : host}:`,
    indent(`was ${renderSummary(before)}`),
    indent(`is  ${renderSummary(after)}`),
  ];
}

function renderSummary(certificate: CertificateSummary | null): string {
  if (certificate === null) return 'none';
  const { subject, names, expiresAt } = certificate;
  const until = new Date(expiresAt).toISOString().slice(0, 10);
  const also = names.length === 0 ? '' : `, for ${names.join(' ')}`;
  return `${subject}, until ${until}${also}`;
}

function otherSessions({ dryRun, sessions }: AdminResults['reload']): string[] {
  const { connected, other } = sessions;
  if (other === 0) return [];
  const keep = dryRun ? 'would keep' : other === 1 ? 'keeps' : 'keep';
  return [`${other} of ${countSessions(connected)} ${keep} another policy than a new login gets`];
}
