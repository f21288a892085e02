// From the text of an ocserv.conf, and of what it names, to a wolfguard.toml and a note about each
// line of it. Pure: whoever calls has read the files.
import { keyOf, sections } from '../../config/schema.ts';
import { parseConf } from './conf_file.ts';
import type { ConfLine } from './conf_file.ts';
import { defaultsOf } from './defaults.ts';
import { DraftTable } from './draft.ts';
import type { TomlValue } from './draft.ts';
import type { Note, OptionSpec, Scope, Taken } from './option.ts';
import { LOGIN_RULES } from './options_login.ts';
import { POLICY_RULES } from './options_policy.ts';
import { SERVER_RULES } from './options_server.ts';

/** A file by its path as the notes name it. */
export interface NamedText {
  readonly file: string;
  readonly text: string;
}

export interface Sources {
  readonly main: NamedText;
  /** By user and by group: what config-per-user and config-per-group hold. */
  readonly users: ReadonlyMap<string, NamedText>;
  readonly groups: ReadonlyMap<string, NamedText>;
  /** Makes a path that may be relative absolute; ocserv looks for each option's in its own place. */
  readonly path: FindPath;
}

/** Where ocserv finds the file that an option names. */
export type FindPath = (written: string, option: string) => string;

export interface Translation {
  readonly draft: DraftTable;
  /** In the order of the files; every line that says something has one. */
  readonly notes: readonly Note[];
}

export function translate({ main, users, groups, path }: Sources): Translation {
  const draft = new DraftTable();
  const notes: Note[] = [];
  const root: Scope = { kind: 'main', name: '', table: draft, file: main.file };
  const { lines: written, mistakes } = parseConf(main.text);
  const lines = [...defaultsOf(written), ...written];
  for (const { line, message } of mistakes) {
    notes.push({ file: main.file, line, option: '', fate: 'lost', text: message });
  }
  takeAll(root, linesOf(lines, ''), [], { notes, path });
  setDefaults(draft);
  const hosts = new Set(lines.map(({ vhost }) => vhost).filter((vhost) => vhost !== ''));
  for (const name of hosts) {
    const table = draft.append('vhost');
    table.set('name', name);
    const scope: Scope = { kind: 'vhost', name, table, file: main.file };
    takeAll(scope, linesOf(lines, name), linesOf(lines, ''), { notes, path });
  }
  for (const [kind, files] of [
    ['group', groups],
    ['user', users],
  ] as const) {
    for (const [name, { file, text }] of files) {
      const scope: Scope = { kind, name, table: draft.table(kind, name), file };
      takeAll(scope, parseConf(text).lines, [], { notes, path });
    }
  }
  withdrawUnavailable(draft, notes, main.file);
  return { draft, notes };
}

/** What no option of ocserv says, since it is always so there. */
function setDefaults(draft: DraftTable): void {
  const network = draft.table('network');
  if (!network.values.has('ipv4')) network.set('ipv4', '');
  // Who forwards has said so to the kernel.
  network.set('forwarding', false);
  // ocserv, which may read the file still or again, knows no argon2id.
  draft.table('auth', 'file').set('renew_hashes', false);
  const tls = draft.table('tls');
  if (!tls.values.has('group_field')) tls.set('group_field', '');
}

const linesOf = (lines: readonly ConfLine[], vhost: string): ConfLine[] =>
  lines.filter((line) => line.vhost === vhost);

/** `above`: of the main server, for what a virtual host does not say itself. */
function takeAll(
  scope: Scope,
  lines: readonly ConfLine[],
  above: readonly ConfLine[],
  { notes, path }: { readonly notes: Note[]; readonly path: Sources['path'] },
): void {
  const byName = Map.groupBy(lines, ({ name }) => name);
  // Accounts come behind the methods that they keep accounts of, whatever the order in the file.
  for (const [name, all] of byName) {
    const note = (line: ConfLine, fate: Note['fate'], text: string): void =>
      void notes.push({ file: scope.file, line: line.line, option: name, fate, text });
    const last = all.at(-1);
    if (last === undefined) continue;
    const spec = OPTIONS.get(name);
    if (spec === undefined) {
      note(last, 'lost', 'ocserv has no such option');
      continue;
    }
    if (!spec.scopes.includes(scope.kind)) {
      note(last, 'lost', `it has no effect ${PLACES[scope.kind]}`);
      continue;
    }
    const said: { fate: Note['fate']; text: string }[] = [];
    const taken: Taken = {
      name,
      scope,
      policy: scope.table.table('policy'),
      values: all.map(({ value }) => value),
      value: last.value,
      other: (wanted) => valueOf(lines, wanted) ?? valueOf(above, wanted) ?? '',
      note: (fate, text) => said.push({ fate, text }),
      path: (file) => path(file, name),
    };
    scope.table.origin.text = last.line === 0 ? '' : `${scope.file}:${last.line}: ${name}`;
    spec.rule(taken);
    scope.table.origin.text = '';
    for (const { fate, text } of said) note(last, fate, text);
    if (said.length === 0 && last.line > 0) note(last, 'carried', '');
  }
}

const PLACES: Readonly<Record<Scope['kind'], string>> = {
  main: 'outside the files of users and groups',
  vhost: 'under a virtual host',
  user: 'in the file of a user',
  group: 'in the file of a group',
};

const valueOf = (lines: readonly ConfLine[], name: string): string | undefined =>
  lines.findLast((line) => line.name === name)?.value;

/** What the files of users and groups may say too. */
const SUPPLEMENTARY = new Set([
  ...['no-udp', 'restrict-user-to-routes', 'restrict-user-to-ports', 'tunnel-all-dns'],
  ...['deny-roaming', 'route', 'no-route', 'iroute', 'split-dns', 'dns', 'ipv4-dns', 'ipv6-dns'],
  ...['nbns', 'ipv4-nbns', 'ipv6-nbns', 'ipv4-network', 'ipv4-netmask', 'explicit-ipv4'],
  ...['ipv6-network', 'explicit-ipv6', 'ipv6-subnet-prefix', 'ipv6-prefix', 'hostname'],
  ...['rx-data-per-sec', 'tx-data-per-sec', 'stats-report-time', 'session-timeout', 'mtu', 'dpd'],
  ...['mobile-dpd', 'idle-timeout', 'mobile-idle-timeout', 'keepalive', 'max-same-clients'],
  ...['net-priority', 'user-profile', 'client-bypass-protocol', 'cgroup'],
]);
const ONLY_SUPPLEMENTARY = new Set(['iroute', 'explicit-ipv4', 'explicit-ipv6', 'hostname']);
/** What a virtual host may say too, besides policy and login. */
const OF_HOSTS = new Set([
  ...['ipv4-network', 'ipv4-netmask', 'ipv6-network', 'ipv6-prefix', 'ipv6-subnet-prefix'],
  ...['config-per-user', 'config-per-group', 'stats-report-time', 'kkdcp', 'deny-roaming'],
  ...['listen-host-is-dyndns', 'cookie-timeout', 'persistent-cookies', 'predictable-ips'],
]);

/** Every option that ocserv knows or has known, by its name. */
export const OPTIONS: ReadonlyMap<string, OptionSpec> = new Map(
  [
    ...Object.entries(SERVER_RULES).map(
      ([name, rule]) => [name, rule, OF_HOSTS.has(name)] as const,
    ),
    ...Object.entries(LOGIN_RULES).map(([name, rule]) => [name, rule, true] as const),
    ...Object.entries(POLICY_RULES).map(([name, rule]) => [name, rule, true] as const),
  ].map(([name, rule, ofHosts]) => {
    const scopes: Scope['kind'][] = ONLY_SUPPLEMENTARY.has(name) ? [] : ['main'];
    if (ofHosts && !ONLY_SUPPLEMENTARY.has(name)) scopes.push('vhost');
    if (SUPPLEMENTARY.has(name)) scopes.push('user', 'group');
    return [name, { scopes, rule }];
  }),
);

/** Takes out what this version refuses, and says so. */
function withdrawUnavailable(draft: DraftTable, notes: Note[], file: string): void {
  const visit = (table: DraftTable, section: string): void => {
    for (const [name, value] of table.values) {
      const spec = keyOf(section, name);
      if (spec === undefined || spec.available) continue;
      table.values.delete(name);
      const text = `${section}.${name} = ${show(value)} is not available yet`;
      notes.push({ file, line: 0, option: '', fate: 'lost', text });
    }
    for (const [name, child] of table.tables) visit(child, nameOf(section, name));
    for (const [name, all] of table.lists) for (const one of all) visit(one, nameOf(section, name));
  };
  visit(draft, '');
}

/** [[vhost]] tls holds keys of [tls], and [user.alice.policy] those of [policy]. */
function nameOf(section: string, name: string): string {
  const full = section === '' ? name : `${section}.${name}`;
  if (sections.has(full)) return full;
  return sections.has(name) ? name : section;
}

const show = (value: TomlValue): string => JSON.stringify(value);
