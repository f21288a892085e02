// wolfctl from its arguments to its exit code, by whichever of its two names.
import path from 'node:path';
import type { WolfguardError } from '../../core/error.ts';
import { runProgram } from '../run_program.ts';
import { Answered, NothingFound } from './commands/context.ts';
import { translateOcctl } from './occtl/arguments.ts';
import { buildWolfctl } from './program.ts';
import type { GlobalOptions, WolfctlComponents } from './program.ts';

export interface WolfctlRun extends Omit<WolfctlComponents, 'style'> {
  /** What the program was called as: the path of a link counts. */
  readonly calledAs: string;
  readonly complain: (text: string) => void;
}

type Style = 'wolfctl' | 'occtl';

export const styleOf = ({ calledAs }: Pick<WolfctlRun, 'calledAs'>): Style =>
  path.basename(calledAs) === 'occtl' ? 'occtl' : 'wolfctl';

/** In wolfctl's words, whichever name they were meant for. */
export const argumentsOf = (args: readonly string[], style: Style): string[] =>
  style === 'occtl' ? translateOcctl(args) : [...args];

/** 0 done, 1 not done, 2 show found nothing by that name: occtl's codes. */
export async function runWolfctl(args: readonly string[], run: WolfctlRun): Promise<number> {
  const style = styleOf(run);
  const program = buildWolfctl({ ...run, style });
  return runProgram(program, ['node', style, ...argumentsOf(args, style)], {
    name: style,
    usageExitCode: 1,
    complain: run.complain,
    onProblem: (error) => {
      const { json } = program.opts<GlobalOptions>();
      if (json === true && !(error instanceof Answered)) run.write(documentOf(error));
      if (!(error instanceof NothingFound)) run.complain(`${style}: ${error.message}\n`);
      else if (style === 'wolfctl') run.complain(`wolfctl: ${error.message}\n`);
      else if (json !== true) run.write('user, ID or session not found\n');
      return error instanceof NothingFound ? 2 : 1;
    },
  });
}

/** With --json there is always one document: an empty list where that is the answer. */
const documentOf = (error: WolfguardError): string =>
  error instanceof NothingFound
    ? '[]\n'
    : `${JSON.stringify({ Error: error.code, Message: error.message }, undefined, 2)}\n`;
