// "auto-select-group": the groups that people choose from are those of the password file, or those
// of the machine where PAM knows the people.
import { isTrue, parseMethod } from './conf_file.ts';
import type { ConfLine, Method } from './conf_file.ts';
import type { DraftTable } from './draft.ts';
import { tableOfHost, tryRead } from './named_files.ts';
import type { Note } from './option.ts';
import type { FindPath } from './translate.ts';

export interface GroupNamesTask {
  readonly draft: DraftTable;
  readonly lines: readonly ConfLine[];
  readonly find: FindPath;
  readonly notes: Note[];
  readonly file: string;
  /** Where the machine keeps its groups. */
  readonly groupFile?: string;
}

/** Sets auth.select_group where the option is on, as the files are now. */
export function takeGroupNames(task: GroupNamesTask): void {
  for (const line of task.lines) {
    if (line.name !== 'auto-select-group' || !isTrue(line.value)) continue;
    const names = namesFor(task, line.vhost);
    if (names === undefined) {
      const text = 'the method of its "auth" has no list of groups: name them in auth.select_group';
      const { file, notes } = task;
      notes.push({ file, line: line.line, option: line.name, fate: 'lost', text });
    } else if (names.length > 0) {
      tableOfHost(task.draft, line.vhost).table('auth').set('select_group', names);
    }
  }
}

/** undefined: the method has none. */
function namesFor(
  { lines, find, groupFile = '/etc/group' }: GroupNamesTask,
  vhost: string,
): string[] | undefined {
  const methods = lines
    .filter((line) => line.vhost === vhost && line.name === 'auth')
    .map(({ value }) => parseMethod(value));
  const of = (name: string): Method | undefined => methods.find((method) => method.name === name);
  const plain = of('plain');
  if (plain !== undefined) {
    const file = plain.options.get('passwd') ?? plain.options.get('');
    return file === undefined ? undefined : groupsOfPasswd(tryRead(find(file, 'auth')) ?? '');
  }
  const pam = of('pam');
  if (pam === undefined) return undefined;
  const gidMin = Number(pam.options.get('gid-min') ?? 0);
  return groupsOfMachine(tryRead(groupFile) ?? '', gidMin);
}

/** ocserv takes groups of one letter for none. */
const groupsOfPasswd = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .flatMap((line) => (line.split(':')[1] ?? '').split(','))
      .map((name) => name.trim())
      .filter((name) => name.length > 1),
  ),
];

const groupsOfMachine = (text: string, gidMin: number): string[] =>
  text
    .split('\n')
    .map((line) => line.split(':'))
    .flatMap(([name = '', , gid]) => (name !== '' && Number(gid) >= gidMin ? [name] : []));
