// How findings look: lines for people, JSON for programs.
import type { Finding, Level } from './finding.ts';

/** SGR codes: green, yellow, red, grey. */
const COLOURS: Readonly<Record<Level, number>> = {
  ok: 32,
  warning: 33,
  problem: 31,
  unchecked: 90,
};

/** Finding by finding, what is to be done below it; a last line counts. */
export function renderFindings(findings: readonly Finding[], colour: boolean): string {
  const idWidth = Math.max(0, ...findings.map(({ id }) => id.length));
  const levelWidth = 'unchecked'.length;
  const indent = ' '.repeat(levelWidth + idWidth + 4);
  const lines = findings.flatMap(({ id, level, what, mend }) => {
    const word = paint(level.padEnd(levelWidth), COLOURS[level], colour);
    const head = `${word}  ${id.padEnd(idWidth)}  ${printable(what)}`;
    return mend === null ? [head] : [head, `${indent}→ ${printable(mend)}`];
  });
  return `${[...lines, '', renderCounts(findings)].join('\n')}\n`;
}

/** The document of `--json`. */
export const renderJson = (
  findings: readonly Finding[],
  facts: Readonly<Record<string, string>>,
): string => `${JSON.stringify({ ...facts, counts: countLevels(findings), findings }, null, 2)}\n`;

/** 1 when something is wrong that keeps clients from being served, else 0. */
export const exitCodeOf = (findings: readonly Finding[]): 0 | 1 =>
  findings.some(({ level }) => level === 'problem') ? 1 : 0;

function countLevels(findings: readonly Finding[]): Readonly<Record<Level, number>> {
  const count = (level: Level): number =>
    findings.filter((finding) => finding.level === level).length;
  return {
    ok: count('ok'),
    warning: count('warning'),
    problem: count('problem'),
    unchecked: count('unchecked'),
  };
}

function renderCounts(findings: readonly Finding[]): string {
  const { ok, warning, problem, unchecked } = countLevels(findings);
  const plural = (count: number, word: string): string =>
    `${count} ${word}${count === 1 ? '' : 's'}`;
  const parts = [`${ok} ok`, plural(warning, 'warning'), plural(problem, 'problem')];
  return [...parts, ...(unchecked > 0 ? [`${unchecked} not checked`] : [])].join(', ');
}

const paint = (text: string, code: number, colour: boolean): string =>
  colour ? `\u001b[${code}m${text}\u001b[0m` : text;

/** Names of programs, devices and files may hold anything; none of it steers a terminal. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
