// What the files of the RADIUS library say, for the main server and for each virtual host that names
// some of its own.
import path from 'node:path';
import { parseMethod } from './conf_file.ts';
import type { ConfLine } from './conf_file.ts';
import type { DraftTable } from './draft.ts';
import type { Note } from './option.ts';
import { hostOf, parseRadiusClient, parseRadiusSecrets } from './radius_files.ts';
import { tableOfHost, tryRead } from './named_files.ts';
import type { FindPath } from './translate.ts';

/** A file that is still to be written, with the one line that it holds. */
export interface Secret {
  readonly path: string;
  readonly text: string;
}

export interface RadiusTask {
  readonly draft: DraftTable;
  readonly lines: readonly ConfLine[];
  readonly find: FindPath;
  /** Of the secrets. */
  readonly folder: string;
  readonly notes: Note[];
  readonly file: string;
}

/** Completes the draft, and returns the secrets that it names. */
export function takeRadius(task: RadiusTask): Secret[] {
  const hosts = new Set(['', ...task.lines.map(({ vhost }) => vhost)]);
  return [...hosts].flatMap((vhost) => {
    const line = task.lines.find(
      ({ name, value, vhost: own }) =>
        own === vhost &&
        ['auth', 'enable-auth', 'acct'].includes(name) &&
        parseMethod(value).name === 'radius',
    );
    return line === undefined ? [] : takeOne(task, line);
  });
}

function takeOne({ draft, find, folder, notes, file }: RadiusTask, line: ConfLine): Secret[] {
  const note = (text: string): void =>
    void notes.push({ file, line: line.line, option: line.name, fate: 'lost', text });
  const { options } = parseMethod(line.value);
  const config = options.get('config') ?? options.get('');
  const client = config === undefined ? undefined : tryRead(find(config, line.name));
  if (client === undefined) {
    note(`${config ?? 'its file'} cannot be read: set auth.radius.servers and secret_file`);
    return [];
  }
  const parsed = parseRadiusClient(client);
  const radius = tableOfHost(draft, line.vhost).table('auth', 'radius');
  if (parsed.servers.length > 0) radius.set('servers', parsed.servers);
  if (parsed.accountingServers.length > 0) {
    radius.set('accounting_servers', parsed.accountingServers);
  }
  if (parsed.timeoutSeconds !== undefined) radius.set('timeout', `${parsed.timeoutSeconds}s`);
  if (parsed.nasIdentifier !== '' && !radius.values.has('nas_identifier')) {
    radius.set('nas_identifier', parsed.nasIdentifier);
  }
  // The library of old does not sign what it sends, and servers beside it often do not either.
  radius.set('require_message_authenticator', false);
  const known = parseRadiusSecrets(tryRead(find(parsed.secretsFile, line.name)) ?? '');
  const wanted = [...new Set(parsed.servers.map((server) => known.get(hostOf(server))))];
  const [secret, ...others] = wanted;
  if (secret === undefined) {
    note('no secret is known for its servers: write it into a file, auth.radius.secret_file');
    return [];
  }
  if (others.length > 0) note('its servers have different secrets: only the first is used');
  const name = line.vhost === '' ? 'radius.secret' : `radius.${line.vhost}.secret`;
  const secretFile = path.join(folder, name);
  radius.set('secret_file', secretFile);
  return [{ path: secretFile, text: `${secret}\n` }];
}
