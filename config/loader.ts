// From the text of wolfguard.toml to a Config, or to every mistake in it. A pure function over the
// text: no file is opened here; what only the disk knows is in disk.ts.
import { buildConfig } from './build.ts';
import type { Path } from './kind.ts';
import { locate } from './positions.ts';
import { inOrder, renderProblems } from './problems.ts';
import type { Finding, Problem } from './problems.ts';
import { findContradictions } from './contradictions.ts';
import type { Config } from './schema.ts';
import { findStrangers } from './strangers.ts';
import { parseDocument } from './syntax.ts';

export type LoadResult =
  | ({ readonly ok: true } & WrittenConfig)
  | {
      readonly ok: false;
      /** In the order of the file, never empty. */
      readonly problems: readonly Problem[];
      /** The problems with source lines and carets, for people. */
      readonly output: string;
    };

/** Checks the whole text; `fileName` only names it in the output. Never throws. */
export function loadConfig(text: string, fileName: string): LoadResult {
  const { written, problems } = examine(text);
  if (problems.length === 0 && written !== undefined) return { ok: true, ...written };
  return { ok: false, problems, output: renderProblems(problems, text, fileName) };
}

/** A configuration, and the tables of the file that it was made from. */
export interface WrittenConfig {
  readonly config: Config;
  /** null = there was no such file, and values cannot be shown as somebody wrote them. */
  readonly root: Readonly<Record<string, unknown>> | null;
}

export interface Examination {
  /** Holds defaults where values are wrong; undefined when the syntax is too broken to tell. */
  readonly written: WrittenConfig | undefined;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** Gives findings about `config` their places. */
  readonly locate: (findings: readonly Finding[]) => Problem[];
}

/** The same for those who look further, as `wolfguard check` does. */
export function examine(fileText: string): Examination {
  const document = parseDocument(fileText.replace(/^\uFEFF/, ''));
  const { root } = document;
  if (root === undefined)
    return { written: undefined, problems: inOrder(document.problems), locate: () => [] };
  const findings = findStrangers(root);
  const config = buildConfig(root, findings);
  findings.push(...crossCheck(config, findings));
  const place = (found: readonly Finding[]): Problem[] => locate(found, document.text);
  const problems = inOrder([...document.problems, ...place(findings)]);
  return { written: { config, root }, problems, locate: place };
}

/** The path of a key that stands in a plain table, for findings. */
export const pathOf = (key: string): Path => key.split('.');

/** What no single value shows. */
function crossCheck(config: Config, findings: readonly Finding[]): Finding[] {
  const doubtful = new Set(findings.map(({ key }) => key));
  return findContradictions(config).filter(
    ({ key, also }) => !doubtful.has(key) && !also.some((other) => doubtful.has(other)),
  );
}
