// The completion file for bash.
import { renderTableFunction, renderWalk } from './posix_table.ts';
import type { CompletionProgram } from './render.ts';

/**
 * Names from the server are compared and shown, never expanded: `compgen -W` would run what stands
 * in a name. The line is parted at blanks alone, since bash also parts addresses at their colons.
 */
export const renderBash = ({ names, links, rows }: CompletionProgram): string => {
  const [program = ''] = names;
  const name = `_${program}`;
  return `# Completion of ${[...names, ...links].join(', ')} for bash.
${renderTableFunction(name, rows, ({ word }) => word)}

${renderWalk(name, links)}

${name}() {
  local line=\${COMP_LINE:0:COMP_POINT} typed kind repeats each
  local -a before=() subs flags valued values socket candidates=()
  read -ra before <<<"$line"
  [[ $line == *[[:space:]] ]] && before+=('')
  typed=\${before[\${#before[@]} - 1]}
  unset "before[\${#before[@]} - 1]"
  ${name}_walk "\${before[@]}"
  COMPREPLY=()
  case $kind in
    commands) candidates=("\${subs[@]}") ;;
    flags) candidates=("\${flags[@]}") ;;
    words:*) IFS=, read -ra candidates <<<"\${kind#words:}" ;;
    file | folder)
      compopt -o filenames 2>/dev/null
      [[ $kind == file ]] && mapfile -t COMPREPLY < <(compgen -f -- "$typed")
      [[ $kind == folder ]] && mapfile -t COMPREPLY < <(compgen -d -- "$typed")
      return
      ;;
    none | '') return ;;
    *) mapfile -t candidates < <(timeout 2 ${program} "\${socket[@]}" complete "$kind" 2>/dev/null) ;;
  esac
  for each in "\${candidates[@]}"; do
    [[ $each == "$typed"* ]] && COMPREPLY+=("$each")
  done
  if [[ $typed == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${typed%"\${typed##*:}"}"}")
  fi
}

complete -F ${name} ${[...names, ...links].join(' ')}
`;
};
