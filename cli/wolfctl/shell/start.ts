// wolfctl without a command: the shell, made of the command line that wolfctl is.
import { setTimeout as sleep } from 'node:timers/promises';
import { WolfguardError } from '../../../core/error.ts';
import { describeCommand } from '../../completion/tree.ts';
import { printable } from '../../terminal/cells.ts';
import { LiveValues } from '../live_values.ts';
import { buildWolfctl } from '../program.ts';
import type { GlobalOptions, WolfctlComponents } from '../program.ts';
import { argumentsOf, runWolfctl, styleOf } from '../run.ts';
import type { WolfctlRun } from '../run.ts';
import { shellTree } from './builtins.ts';
import { historyFile } from './history.ts';
import type { InterpreterComponents } from './interpreter.ts';
import { runScript, runShell } from './shell.ts';

/** `options`: those that were given, for every command. Resolves with the exit code. */
export async function startShell(options: readonly string[], run: WolfctlRun): Promise<number> {
  const style = styleOf(run);
  const program = buildWolfctl(run);
  program.parseOptions(argumentsOf(options, style));
  const { socket, socketFile } = program.opts<GlobalOptions>();
  const socketPath = socket ?? socketFile ?? run.defaultSocketPath();
  const { write, complain, columns = () => Infinity } = run;
  const components: InterpreterComponents = {
    tree: shellTree(describeCommand(program)),
    run: async (args, signal) => {
      process.exitCode = 0;
      try {
        return await runWolfctl([...options, ...args], {
          ...run,
          ask: untilAborted(run.ask, signal),
          interruption: () => signal,
        });
      } catch (error) {
        complain(`${style}: ${printable(String(error))}\n`);
        return 1;
      }
    },
    ...{ write, complain, columns },
  };
  const { stdin: input, stdout: output } = process;
  if (!input.isTTY || !output.isTTY) return runScript({ ...components, input });
  return runShell({
    ...components,
    greeting: `wolfctl ${run.version}: help or ? lists the commands, exit leaves.\n`,
    prompt: style === 'occtl' ? '> ' : 'wolfctl> ',
    ...{ input, output },
    live: new LiveValues({
      ask: (command) => run.ask(socketPath, command),
      now: Date.now,
      sleep: (durationMs) => sleep(durationMs),
    }),
    history: historyFile(process.env),
  });
}

/** Nobody waits for an answer any more once `signal` is aborted. */
const untilAborted =
  (ask: WolfctlComponents['ask'], signal: AbortSignal): WolfctlComponents['ask'] =>
  (socketPath, command) =>
    Promise.race([
      ask(socketPath, command),
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () =>
          reject(new WolfguardError('INTERRUPTED', 'interrupted')),
        );
      }),
    ]);
