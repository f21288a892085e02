// The table of a command line as a function of bash and zsh, whose arrays are written alike.
import type { CompletionRow, Described } from './rows.ts';

/** In quotes of any shell; fish knows \' within them, the others need it outside. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Sets subs (the commands below), flags, valued, values and repeats for the path that is its argument. */
export const renderTableFunction = (
  name: string,
  rows: readonly CompletionRow[],
  word: (described: Described) => string,
): string => `${name}_table() {
  subs=() flags=() valued=() values=() repeats=''
  case $1 in
${rows.map((row) => renderRow(row, word)).join('\n')}
  esac
}`;

function renderRow(row: CompletionRow, word: (described: Described) => string): string {
  const assignments = [
    array('subs', row.commands.map(word)),
    array('flags', row.flags.map(word)),
    array(
      'valued',
      row.valued.map(({ flag, kind }) => `${flag}=${kind}`),
    ),
    array('values', row.values),
    row.repeats ? ["repeats='yes'"] : [],
  ].flat();
  return `    ${quote(row.path)})\n${assignments.map((line) => `      ${line}\n`).join('')}      ;;`;
}

const array = (name: string, values: readonly string[]): string[] =>
  values.length === 0 ? [] : [`${name}=(${values.map(quote).join(' ')})`];

/**
 * Goes through the words before the one that is typed, the program's name first. Afterwards the
 * table is that of the command they lead to, `kind` what is wanted ("commands", "flags", or the
 * kind of a value) and `socket` the options that name the server.
 */
export const renderWalk = (name: string, links: readonly string[]): string => `${name}_walk() {
  local word each route='' count=0 option='' known
  socket=() kind=''
${renderLinks(links)}  shift
  ${name}_table "$route"
  for word in "$@"; do
    if [[ -n $option ]]; then
      [[ $option == --socket || $option == --socket-file || $option == -s ]] && socket=(--socket "$word")
      option=''
      continue
    fi
    if [[ $word == -?* ]]; then
      for each in "\${valued[@]}"; do
        [[ \${each%%=*} == "$word" ]] && option=$word
      done
      continue
    fi
    known=''
    for each in "\${subs[@]}"; do
      [[ \${each%%:*} == "$word" ]] && known=yes
    done
    if [[ -n $known ]]; then
      route="\${route:+$route }$word"
      ${name}_table "$route"
    elif (( \${#subs[@]} > 0 )); then
      kind=none
      return
    else
      (( count += 1 ))
    fi
  done
  if [[ -n $option ]]; then
    for each in "\${valued[@]}"; do
      [[ \${each%%=*} == "$option" ]] && kind=\${each#*=}
    done
  elif [[ $typed == -* ]]; then
    kind=flags
  elif (( \${#subs[@]} > 0 )); then
    kind=commands
  else
    [[ -n $repeats ]] && (( count >= \${#values[@]} )) && (( count = \${#values[@]} - 1 ))
    for each in "\${values[@]}"; do
      (( count == 0 )) && kind=$each
      (( count -= 1 ))
    done
  fi
  return 0
}`;

/** A link leads into the table where its command is. */
const renderLinks = (links: readonly string[]): string =>
  links.length === 0 ? '' : `  case \${1##*/} in ${links.join(' | ')}) route=\${1##*/} ;; esac\n`;
