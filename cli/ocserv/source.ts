// An ocserv.conf as the configuration of a running server: translated in memory at the start and at
// each reload. Nothing is written but secrets, and those into the folder of this run.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { examineText } from '../../config/check.ts';
import type { ConfigReading } from '../../config/check.ts';
import { loadConfig } from '../../config/loader.ts';
import type { Config } from '../../config/schema.ts';
import { WolfguardError } from '../../core/error.ts';
import { freeDevice } from './device_name.ts';
import { originOf, renderDraft } from './draft.ts';
import type { DraftTable } from './draft.ts';
import { readOcservFiles } from './import_files.ts';
import type { OcservFiles } from './import_files.ts';
import { fatalNotes, missingOptions } from './judgement.ts';
import type { Note } from './option.ts';
import { levelOf } from './options_server.ts';
import { asOcserv } from './paths.ts';
import type { InstanceFolders } from './instance_folders.ts';

export interface SourceOptions {
  /** The ocserv.conf, absolute. */
  readonly file: string;
  readonly folders: InstanceFolders;
  /** What relative paths count from. */
  readonly base: string;
  /** From the command line; undefined = as the file says. */
  readonly debugLevel: number | undefined;
  readonly log: { readonly destination: 'stdout' | 'syslog'; readonly format: 'json' | 'pretty' };
}

/** What became of the file. */
export interface SourceReading {
  /** null: an error stands in the way. */
  readonly config: Config | null;
  readonly notes: readonly Note[];
  /** "FILE:LINE: OPTION: what is wrong", one a line. */
  readonly errors: readonly string[];
  /** What a start gets over. */
  readonly warnings: readonly string[];
  /** As the file says; '' = none. */
  readonly pidFile: string;
}

/** Where ocserv's occtl looks when nobody names a socket. */
const OCCTL_SOCKET = '/var/run/occtl.socket';

export class OcservSource {
  readonly #options: SourceOptions;
  #device: string | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /** Reads it all anew and looks at what it names on the disk; writes nothing. Never throws. */
  read(): SourceReading {
    return this.#read().reading;
  }

  /** For the server: as `read`, and secrets are where they belong. */
  readForServer(): ConfigReading {
    const { reading, files } = this.#read();
    const { config, errors } = reading;
    if (config === null || files === null) return { ok: false, output: errors.join('\n') };
    this.#writeSecrets(files);
    return { ok: true, config };
  }

  /** At the end of the server. */
  removeSecrets(): void {
    rmSync(this.#options.folders.secrets, { recursive: true, force: true });
  }

  #read(): { readonly reading: SourceReading; readonly files: OcservFiles | null } {
    const { file, base, folders } = this.#options;
    try {
      const pathsOf = (lines: OcservFiles['lines']) => asOcserv(base, lines);
      const files = readOcservFiles({ source: file, folder: folders.secrets, pathsOf });
      this.#settle(files.draft);
      return { reading: this.#judge(files), files };
    } catch (error) {
      if (!(error instanceof WolfguardError)) throw error;
      const nothing = { config: null, notes: [], warnings: [], pidFile: '' };
      return { reading: { ...nothing, errors: [error.message] }, files: null };
    }
  }

  /** What ocserv has beside its file: on its command line, and by its habits. */
  #settle(draft: DraftTable): void {
    const { folders, debugLevel, log } = this.#options;
    draft.table('state').set('dir', folders.state);
    draft.table('state').set('runtime_dir', folders.runtime);
    const admin = draft.table('admin');
    if (!admin.values.has('socket')) admin.set('socket', OCCTL_SOCKET);
    const network = draft.table('network');
    const wanted = network.values.get('device');
    if (typeof wanted === 'string') network.set('device', (this.#device ??= freeDevice(wanted)));
    draft.table('log').set('destination', log.destination);
    draft.table('log').set('format', log.format);
    if (debugLevel !== undefined) draft.table('log').set('level', levelOf(debugLevel));
  }

  #judge({ file, lines, draft, notes, secrets }: OcservFiles): SourceReading {
    const text = renderDraft(draft);
    const inText = loadConfig(text, file);
    const { config = null, problems } = examineText(text);
    const missing = missingOptions(file, draft);
    const errors = [...missing, ...fatalNotes(notes)];
    const warnings: string[] = [];
    for (const { line, key, message, suggestion } of problems) {
      // The only file that is missing because nobody has written it yet.
      if (secrets.length > 0 && key.endsWith('radius.secret_file')) continue;
      // A default that does not work is no news where the option itself is missing.
      if (line === 0 && missing.length > 0) continue;
      const place = line === 0 ? '' : originOf(draft, line);
      const said = `${place === '' ? file : place}: ${message}`;
      // A value that cannot be read would be the default in silence.
      if (inText.ok && COMES_LATER.test(key)) warnings.push(said);
      else errors.push(suggestion === undefined ? said : `${said} (${suggestion})`);
    }
    const pidFile = lines.findLast(({ name, vhost }) => name === 'pid-file' && vhost === '')?.value;
    return {
      config: errors.length === 0 ? config : null,
      // Which it is needed for here.
      notes: notes.filter(({ option }) => option !== 'pid-file'),
      errors,
      warnings,
      pidFile: pidFile ?? '',
    };
  }

  #writeSecrets({ secrets }: OcservFiles): void {
    if (secrets.length === 0) return;
    mkdirSync(this.#options.folders.secrets, { recursive: true, mode: 0o700 });
    for (const secret of secrets) {
      // A file that is there is not opened: it would keep its mode.
      rmSync(secret.path, { force: true });
      writeFileSync(secret.path, secret.text, { mode: 0o600, flag: 'wx' });
    }
  }
}

/** What ocserv looks at when somebody logs in: a server without it starts. */
const COMES_LATER = /(^|\.)(auth\.file|auth\.pam|hooks|policy)\./;

/** Absolute, as ocserv would have opened it. */
export const absolute = (base: string, written: string): string => path.resolve(base, written);
