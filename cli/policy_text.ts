// The answer of `wolfguard policy` for people.
import { dotted } from '../config/toml_text.ts';
import type { ExplainedKey, Place, PolicyAnswer } from './policy.ts';

/** A table of keys, then what cannot be shown and what is not there. */
export function renderPolicy(answer: PolicyAnswer): string {
  const { keys, atLogin, remarks } = answer;
  const rows = keys.map((key) => [key.key, shorten(renderToml(key.value)), renderPlaces(key)]);
  const head = ['KEY', 'VALUE', 'FROM'];
  const [keyWidth = 0, valueWidth = 0] = [0, 1].map((column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const lines = [head, ...rows].map(([key = '', value = '', from = '']) =>
    `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${from}`.trimEnd(),
  );
  return [renderSubject(answer), '', ...lines, '', ...notes(atLogin), ...remarks, ''].join('\n');
}

function renderSubject({ user, group, vhost }: PolicyAnswer): string {
  const as = group === '' ? '' : `, by the section of group ${group}`;
  return `What ${user} is given${vhost === '' ? '' : ` at ${vhost}`}${as}:`;
}

function notes(atLogin: readonly string[]): string[] {
  return atLogin.length === 0
    ? ['No step of the login says anything about policy: this is all.']
    : [`The RADIUS server may say otherwise at login, for that session: ${atLogin.join(', ')}.`];
}

const renderPlaces = ({ from }: ExplainedKey): string => from.map(renderPlace).join(' + ');

const renderPlace = ({ section, line }: Place): string =>
  line === null ? section : `${section} line ${line}`;

/** Hundreds of routes would push the last column out of sight; --json has them all. */
function shorten(value: string): string {
  const most = 60;
  return value.length <= most ? value : `${value.slice(0, most - 1)}…`;
}

function renderToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(renderToml).join(', ')}]`;
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(
    ([name, inner]) => `${dotted([name])} = ${renderToml(inner)}`,
  );
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}
