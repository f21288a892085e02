// Loads the compiled addon once. WOLFGUARD_ADDON names another build (the sanitized one in tests).
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

type Addon = Record<string, (...args: unknown[]) => unknown> & {
  createEngine: (options: unknown, onEvent: unknown) => unknown;
};

let addon: Addon | undefined;

export function loadAddon(): Addon {
  addon ??= createRequire(import.meta.url)(addonPath()) as Addon;
  return addon;
}

/** The folder that holds the addon and the helper programs, in a checkout and in a package. */
export function nativeBuildDirectory(): string {
  const here = import.meta.dirname;
  for (const base of [here, path.join(here, '..', '..', 'native')]) {
    const directory = path.join(base, 'build', 'Release');
    if (existsSync(directory)) return directory;
  }
  return path.join(here, 'build', 'Release');
}

const addonPath = (): string =>
  process.env['WOLFGUARD_ADDON'] ?? path.join(nativeBuildDirectory(), 'wolfguard.node');
