// The configuration of the RADIUS library that ocserv uses: where the servers are and their secret.
// Two files: "name value" lines, and "host secret" lines of which the first names.

export interface RadiusClient {
  /** "host:port", in the order in which they are asked. */
  readonly servers: readonly string[];
  readonly accountingServers: readonly string[];
  /** Path of the file with the secrets; '' = none is named. */
  readonly secretsFile: string;
  readonly nasIdentifier: string;
  readonly timeoutSeconds: number | undefined;
}

const AUTHENTICATION_PORT = 1812;
const ACCOUNTING_PORT = 1813;

export function parseRadiusClient(text: string): RadiusClient {
  const lines = wordsOf(text);
  const all = (name: string): string[] =>
    lines.filter(([first]) => first === name).flatMap(([, ...rest]) => rest);
  const seconds = Number(all('radius_timeout').at(-1));
  return {
    servers: all('authserver').map((server) => withPort(server, AUTHENTICATION_PORT)),
    accountingServers: all('acctserver').map((server) => withPort(server, ACCOUNTING_PORT)),
    secretsFile: all('servers').at(-1) ?? '',
    nasIdentifier: all('nas-identifier').at(-1) ?? '',
    timeoutSeconds: Number.isInteger(seconds) && seconds > 0 ? seconds : undefined,
  };
}

/** By host. */
export const parseRadiusSecrets = (text: string): ReadonlyMap<string, string> =>
  new Map(
    wordsOf(text).flatMap(([host, secret]) =>
      host === undefined || secret === undefined ? [] : [[hostOf(host), secret] as const],
    ),
  );

/** "[::1]:1812" without its port and brackets. */
export const hostOf = (server: string): string =>
  server.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^([^:]+):\d+$/, '$1');

const wordsOf = (text: string): string[][] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));

function withPort(server: string, port: number): string {
  if (/\]:\d+$/.test(server) || /^[^:]+:\d+$/.test(server)) return server;
  return server.includes(':') && !server.startsWith('[')
    ? `[${server}]:${port}`
    : `${server}:${port}`;
}
