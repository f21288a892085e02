// The files that policies name, in every section that may.
import { attempt, Mismatch, readBytes } from './disk_files.ts';
import type { Path } from './kind.ts';
import { quote } from './kind.ts';
import { policyLayers } from './policy_layers.ts';
import type { Finding } from './problems.ts';
import type { Config } from './schema.ts';
import { dotted, header } from './toml_text.ts';
import { findProfileMistake } from '../core/policy/profile.ts';

/** Profiles that are missing or are none. */
export const findPolicyFileMistakes = (config: Config): Finding[] =>
  policyLayers(config).flatMap(({ path, policy: { user_profile: file } }) =>
    file === undefined || file === null
      ? []
      : inFile([...path, 'user_profile'], () => {
          const mistake = findProfileMistake(readBytes(file));
          if (mistake !== undefined) throw new Mismatch(`${quote(file)} ${mistake}`);
        }),
  );

function inFile(path: Path, action: () => void): Finding[] {
  const title = path.length === 2 ? dotted(path) : `${header(path.slice(0, -1))} ${path.at(-1)}`;
  const result = attempt(title, action);
  return result.ok ? [] : [{ ...result.finding, path, key: dotted(path) }];
}
