// The shell's commands, made from those of wolfctl itself.
import { describeCommand } from '../../../../cli/completion/tree.ts';
import type { CommandNode } from '../../../../cli/completion/tree.ts';
import { buildWolfctl } from '../../../../cli/wolfctl/program.ts';
import { shellTree } from '../../../../cli/wolfctl/shell/builtins.ts';

export const TREE: CommandNode = shellTree(
  describeCommand(
    buildWolfctl({
      ask: () => Promise.reject(new Error('nobody is asked')),
      write: () => undefined,
      defaultSocketPath: () => '/nonexistent',
      now: () => 0,
      version: '0',
    }),
  ),
);
