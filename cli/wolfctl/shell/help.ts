// What the shell says of its commands.
import { visibleCommands } from '../../completion/tree.ts';
import type { CommandNode } from '../../completion/tree.ts';
import { renderTable } from '../../terminal/table.ts';

/** Every command of `nodes` and below on a line of its own with what it does; `path` is before them. */
export function renderHelp(
  nodes: readonly CommandNode[],
  path: readonly string[],
  columns: number,
): string {
  const lines = nodes.flatMap((child) => linesOf(child, path));
  return renderTable(['command', { text: 'what it does' }], lines, columns);
}

/** "show user <name>", and what is behind it where it is a group. */
function linesOf(node: CommandNode, path: readonly string[]): (readonly [string, string])[] {
  const names = [...path, node.name];
  if (node.commands.length > 0) {
    return visibleCommands(node).flatMap((child) => linesOf(child, names));
  }
  return [[[...names, ...node.values.map(brackets)].join(' '), node.description]];
}

function brackets({ name, required, variadic, choices }: CommandNode['values'][number]): string {
  const shown = (choices.length > 0 ? choices.join('|') : name) + (variadic ? '...' : '');
  return required ? `<${shown}>` : `[${shown}]`;
}
