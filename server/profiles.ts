// The AnyConnect profiles of [policy] user_profile [oc 4.11]: read at start and on reload, so that a
// file that is missing or no profile is the operator's problem then, and not a client's later.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { readNamedBytes } from '../certs/files.ts';
import { policyLayers } from '../config/policy_layers.ts';
import type { Config } from '../config/schema.ts';
import { dotted } from '../config/toml_text.ts';
import { WolfguardError } from '../core/error.ts';
import type { ProfileNotice } from '../core/ipc/messages.ts';
import { findProfileMistake } from '../core/policy/profile.ts';

export interface Profile extends ProfileNotice {
  readonly xml: string;
}

/** By their paths. */
export type Profiles = ReadonlyMap<string, Profile>;

/** Every profile that a section names; throws WolfguardError. */
export const readProfiles = (config: Config): Profiles =>
  new Map(
    policyLayers(config).flatMap(({ path, policy: { user_profile: file } }) =>
      file === null || file === undefined
        ? []
        : [[file, readProfile(file, dotted([...path, 'user_profile']))] as const],
    ),
  );

function readProfile(file: string, key: string): Profile {
  const bytes = readNamedBytes(file, `profile of ${key}`);
  const mistake = findProfileMistake(bytes);
  if (mistake !== undefined) throw new WolfguardError('PROFILE', `${key}: ${file} ${mistake}`);
  return {
    // Clients keep it under this name; what a URL or a cookie could not hold is left out.
    name: basename(file).replace(/[^\w.-]/g, '_'),
    sha1: createHash('sha1').update(bytes).digest('hex').toUpperCase(),
    xml: Buffer.from(bytes).toString('utf8'),
  };
}

/** Whether a file has another content than before, under the same name. */
export const haveChanged = (before: Profiles, after: Profiles): boolean =>
  [...before].some(([path, { sha1 }]) => (after.get(path)?.sha1 ?? sha1) !== sha1);
