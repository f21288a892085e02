// The completion file for fish: a line for each thing that may be offered, with its condition.
import type { CompletionProgram } from './render.ts';
import type { CompletionRow, ValueKind } from './rows.ts';

export const renderFish = ({ names, links, rows }: CompletionProgram): string => {
  const [program = ''] = names;
  const at = `__${program}_at`;
  const paths = rows.map(({ path }) => quote(path)).join(' ');
  const flags = [...new Set(rows.flatMap(({ valued }) => valued.map(({ flag }) => flag)))];
  const linesOf = (shown: readonly CompletionRow[]): string[] =>
    shown.flatMap((row) => renderRow(row, program, at));
  const all = linesOf(rows);
  const below = (link: string): string[] =>
    linesOf(rows.filter(({ path }) => path === link || path.startsWith(`${link} `)));
  return `# Completion of ${[...names, ...links].join(', ')} for fish.
# Whether the words typed so far lead to the command $argv[1], and $argv[2] values follow it.
function ${at}
    set -l paths ${paths}
    set -l valued ${flags.map(quote).join(' ')}
    set -l route ''
    set -l name (string replace -r '.*/' '' -- (commandline -opc)[1])
    contains -- $name ${links.join(' ')}; and set route $name
    set -l count 0
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if string match -q -- '-?*' $word
            contains -- $word $valued; and set skip yes
        else if contains -- (string trim -- "$route $word") $paths
            set route (string trim -- "$route $word")
        else
            set count (math $count + 1)
        end
    end
    test "$route" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    test $skip = no; or return 1
    test $count = $argv[2]; or test "$argv[3]" = more -a $count -ge $argv[2]
end

${[...names, ...links].map((name) => `complete -c ${name} -f`).join('\n')}
${names.flatMap((name) => all.map((line) => `complete -c ${name} ${line}`)).join('\n')}
${links.flatMap((name) => below(name).map((line) => `complete -c ${name} ${line}`)).join('\n')}
`;
};

function renderRow(row: CompletionRow, program: string, at: string): string[] {
  const when = (...words: readonly string[]): string =>
    `-n ${quote([at, ...[row.path, ...words].map(quote)].join(' '))}`;
  return [
    ...row.commands.map(
      ({ word, description }) => `${when('0')} -a ${quote(word)} -d ${quote(description)}`,
    ),
    ...row.flags.map(({ word, letter, description }) => {
      const kind = row.valued.find(({ flag }) => flag === word)?.kind;
      const value = kind === undefined ? '' : valueOf(kind, program);
      const long = word.startsWith('--') ? ` -l ${quote(word.slice(2))}` : '';
      const short = letter === '' ? '' : ` -s ${letter}`;
      return `${when()}${short}${long} -d ${quote(description)}${value}`;
    }),
    ...row.values.flatMap((kind, index) => {
      const offered = candidates(kind, program);
      const last = row.repeats && index === row.values.length - 1;
      return offered === '' ? [] : [`${when(String(index), ...(last ? ['more'] : []))}${offered}`];
    }),
  ];
}

/** -x: a value, and no file. */
const valueOf = (kind: ValueKind, program: string): string =>
  `${kind === 'file' ? ' -r' : ' -x'}${candidates(kind, program)}`;

function candidates(kind: ValueKind, program: string): string {
  if (kind === 'none') return '';
  if (kind === 'file') return ' -F';
  if (kind === 'folder') return " -a '(__fish_complete_directories)'";
  if (kind.startsWith('words:')) return ` -a ${quote(kind.slice(6).replaceAll(',', ' '))}`;
  return ` -a '(timeout 2 ${program} complete ${kind} 2>/dev/null)'`;
}

/** In single quotes, where fish takes a backslash before a quote and before itself. */
const quote = (text: string): string =>
  `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
