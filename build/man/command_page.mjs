// The page of a program, from its Commander tree: what --help says, all commands in one.
import { example, item, paragraph, section, sentence, subsection } from './roff.mjs';

/** The commands that do something, each with the words that lead to it; those of groups too. */
function commandsOf(program, words = [program.name()]) {
  const { commands } = program;
  const visible = program.createHelp().visibleCommands(program);
  return commands
    .filter((command) => visible.includes(command) && command.name() !== 'help')
    .flatMap((command) => {
      const route = [...words, command.name()];
      const inside = commandsOf(command, route);
      const own = inside.length === 0 || command.registeredArguments.length > 0;
      return [...(own ? [{ command, route }] : []), ...inside];
    });
}

export function renderCommandPage(program, parts) {
  const help = program.createHelp();
  return [
    section('Synopsis'),
    ...parts.synopsis.map((line, index) => `${index > 0 ? '.br\n' : ''}.B ${line}`),
    section('Description'),
    escapeFirst(sentence(program.description())),
    ...parts.description.map(paragraph),
    section('Options'),
    ...optionsOf(help, program),
    section('Commands'),
    ...commandsOf(program).flatMap(({ command, route }) => renderCommand(help, command, route)),
    section('Examples'),
    example(examplesOf(program)).replace('.PP\n', ''),
    ...parts.more,
  ].join('\n');
}

const escapeFirst = (text) => paragraph(text).replace('.PP\n', '');

function renderCommand(help, command, route) {
  const usage = [...route, command.usage().replace('[options]', '').trim()];
  const options = optionsOf(help, command).filter((line) => !line.includes('\\-\\-help'));
  const others = command.aliases();
  // A command of a group says only what is its own.
  const group = route.length > 2 ? command.parent.description() : '';
  const whole = [group, command.description()].filter(Boolean).join(': ');
  return [
    subsection(usage.join(' ').trim()),
    escapeFirst(sentence(whole)),
    ...(others.length > 0 ? [paragraph(`Also called ${others.join(', ')}.`)] : []),
    ...help
      .visibleArguments(command)
      .map((argument) =>
        item(help.argumentTerm(argument), sentence(help.argumentDescription(argument))),
      ),
    ...options,
  ];
}

const optionsOf = (help, command) =>
  help
    .visibleOptions(command)
    .map((option) => item(help.optionTerm(option), sentence(help.optionDescription(option))));

/** What addHelpText puts behind the help itself. */
function examplesOf(program) {
  let written = '';
  program.configureOutput({ writeOut: (text) => (written += text) });
  program.outputHelp();
  const after = written.slice(program.helpInformation().length);
  return after
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^Examples:/.test(line))
    .map((line) => line.replace(/^ {2}/, ''));
}
