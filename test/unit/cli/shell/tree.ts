// The shell's commands, made from those of wolfctl itself.
import { describeCommand } from '../../../../cli/completion/tree.ts';
import type { CommandNode } from '../../../../cli/completion/tree.ts';
import { buildWolfctl } from '../../../../cli/wolfctl/program.ts';
import { shellTree } from '../../../../cli/wolfctl/shell/builtins.ts';
import { NO_SERVER } from '../no_server.ts';

export const TREE: CommandNode = shellTree(describeCommand(buildWolfctl(NO_SERVER)));
