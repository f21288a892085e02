// Completion files for shells, from the description of a command line.
import { renderBash } from './bash.ts';
import { renderFish } from './fish.ts';
import { completionRows } from './rows.ts';
import type { CompletionRow } from './rows.ts';
import type { CommandNode } from './tree.ts';
import { renderZsh } from './zsh.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

export interface CompletionProgram {
  /** The program's own name first, then others that take the same. */
  readonly names: readonly string[];
  /** Names that are a command of the program: "ocpasswd" is "wolfguard ocpasswd". */
  readonly links: readonly string[];
  readonly rows: readonly CompletionRow[];
}

const RENDER: Readonly<Record<Shell, (program: CompletionProgram) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
};

/** The file for one program; `live`: "NAME complete KIND" prints what the server knows of a kind. */
export const renderCompletion = (
  shell: Shell,
  tree: CommandNode,
  names: readonly string[],
  live: boolean,
  links: readonly string[] = [],
): string => RENDER[shell]({ names, links, rows: completionRows(tree, live) });
