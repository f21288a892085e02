// A command line as plain data: what completion files, the shell and its help are made from.
import type { Argument, Command, Option } from 'commander';

export interface CommandNode {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description: string;
  /** It works, but nobody is told. */
  readonly hidden: boolean;
  readonly options: readonly OptionNode[];
  readonly values: readonly ValueNode[];
  readonly commands: readonly CommandNode[];
}

export interface OptionNode {
  /** "-c", "--config": the short one first. */
  readonly flags: readonly string[];
  readonly description: string;
  /** null: it takes none. */
  readonly value: ValueNode | null;
}

export interface ValueNode {
  /** As the help shows it between its brackets: "user", "file". */
  readonly name: string;
  readonly required: boolean;
  readonly variadic: boolean;
  /** Empty = anything. */
  readonly choices: readonly string[];
}

/** Describes a command line made with commander, and everything below it. */
export function describeCommand(command: Command, hidden = false): CommandNode {
  const help = command.createHelp();
  const visible = new Set(help.visibleCommands(command));
  return {
    name: command.name(),
    aliases: command.aliases(),
    description: command.description(),
    hidden,
    options: help.visibleOptions(command).map(describeOption),
    values: command.registeredArguments.map(describeArgument),
    commands: command.commands.map((child) => describeCommand(child, !visible.has(child))),
  };
}

/** What people are told of. */
export const visibleCommands = (node: CommandNode): readonly CommandNode[] =>
  node.commands.filter(({ hidden }) => !hidden);

const describeOption = (option: Option): OptionNode => ({
  flags: [option.short, option.long].filter((flag) => flag !== undefined),
  description: option.description,
  value:
    option.required || option.optional
      ? {
          name: /[<[]([^\]>.]+)/.exec(option.flags)?.[1] ?? '',
          required: option.required,
          variadic: option.variadic,
          choices: option.argChoices ?? [],
        }
      : null,
});

const describeArgument = (argument: Argument): ValueNode => ({
  name: argument.name(),
  required: argument.required,
  variadic: argument.variadic,
  choices: argument.argChoices ?? [],
});
