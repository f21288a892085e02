// The completion file for zsh.
import { renderTableFunction, renderWalk } from './posix_table.ts';
import type { CompletionProgram } from './render.ts';
import type { Described } from './rows.ts';

/** It may lie in a folder of fpath as _NAME, or be read with "source <(… completion zsh)". */
export const renderZsh = ({ names, links, rows }: CompletionProgram): string => {
  const [program = ''] = names;
  const name = `_${program}`;
  return `#compdef ${[...names, ...links].join(' ')}
# Completion of ${[...names, ...links].join(', ')} for zsh.
${renderTableFunction(name, rows, described)}

${renderWalk(name, links)}

${name}() {
  emulate -L zsh
  local typed=$PREFIX kind repeats
  local -a subs flags valued values socket candidates
  ${name}_walk "\${(@Q)words[1,CURRENT-1]}"
  case $kind in
    commands) _describe -t commands command subs ;;
    flags) _describe -t options option flags ;;
    file) _files ;;
    folder) _files -/ ;;
    none | '') return 1 ;;
    words:*) compadd -- "\${(@s:,:)kind#words:}" ;;
    *)
      candidates=("\${(@f)$(timeout 2 ${program} "\${socket[@]}" complete "$kind" 2>/dev/null)}")
      compadd -- "\${(@)candidates:#}"
      ;;
  esac
}

if [[ \${funcstack[1]} == ${name} ]]; then
  ${name} "$@"
else
  compdef ${name} ${[...names, ...links].join(' ')}
fi
`;
};

/** As _describe wants it. */
const described = ({ word, description }: Described): string =>
  `${word}:${description.replaceAll('\n', ' ')}`;
