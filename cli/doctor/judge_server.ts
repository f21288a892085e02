// The configuration, the server that may run on it, its ports and its limits.
import type { Problem } from '../../config/problems.ts';
import type { AdminStatus } from '../../core/ipc/admin.ts';
import { descriptorShortage, tunnelRoom } from '../../server/descriptors.ts';
import type { DescriptorNeeds } from '../../server/descriptors.ts';
import { ok, problem, splitSentence, unchecked, warning } from './finding.ts';
import type { CheckId, Finding } from './finding.ts';

export interface ConfigurationFacts {
  readonly path: string;
  /** Why the file cannot be read, or what is wrong in it. */
  readonly state:
    | { readonly kind: 'unreadable'; readonly reason: string }
    | { readonly kind: 'read'; readonly problems: readonly Problem[] };
}

export function judgeConfiguration({ path, state }: ConfigurationFacts): Finding[] {
  if (state.kind === 'unreadable') {
    const mend = state.reason.includes('permission denied')
      ? 'run wolfguard doctor as root'
      : 'name it with -c, or make one: wolfguard sample > wolfguard.toml';
    return [problem('configuration', state.reason, mend)];
  }
  const found = state.problems.map((mistake) => judgeMistake(mistake, path));
  return found.some(({ id }) => id === 'configuration')
    ? found
    : [ok('configuration', `${path} has no mistakes`), ...found];
}

/** What others than root may not read is no mistake. */
function judgeMistake({ key, line, message, suggestion }: Problem, path: string): Finding {
  const id = checkOf(key);
  const where = line === 0 ? path : `${path}:${line}`;
  if (message.endsWith('permission denied')) return unchecked(id, message);
  return problem(
    id,
    `${where}: ${message}`,
    suggestion ?? `correct ${key === '' ? 'the line' : key}: wolfguard check -c ${path}`,
  );
}

function checkOf(key: string): CheckId {
  if (key === 'tls.client_crl') return 'revocation-list';
  if (key === 'tls.ocsp_response') return 'ocsp-response';
  return key === 'tls.certificate' || key === 'tls.private_key' ? 'certificate' : 'configuration';
}

export interface ServerFacts {
  /** What it says of itself over admin.socket; null = nobody answers; 'forbidden' = not to us. */
  readonly status: AdminStatus | 'forbidden' | null;
  /** Of this program. */
  readonly version: string;
}

export function judgeServer({ status, version }: ServerFacts): Finding[] {
  if (status === null) return [ok('server', 'no server is running on this configuration')];
  if (status === 'forbidden') {
    return [unchecked('server', 'a server may be running; its admin socket is not for this user')];
  }
  const dead = status.workerPids.flatMap((pid, worker) =>
    pid === null ? [`worker ${worker}`] : [],
  );
  const missing = [...(status.authPid === null ? ['the auth process'] : []), ...dead];
  if (missing.length > 0) {
    return [
      problem(
        'server',
        `the server with pid ${status.pid} is just replacing ${missing.join(' and ')}`,
        'if it goes on, its log says why the process ends',
      ),
    ];
  }
  if (status.version !== version) {
    return [
      warning(
        'server',
        `the server with pid ${status.pid} is version ${status.version}, installed is ${version}`,
        'restart it',
      ),
    ];
  }
  return [ok('server', `running with pid ${status.pid}, ${status.sessions} sessions`)];
}

export interface PortFacts {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** 'ours' = by the server that runs; a sentence of server/preflight.ts when it cannot be opened. */
  readonly state:
    | { readonly kind: 'free' }
    | { readonly kind: 'ours' }
    /** Not root: no socket of anybody was seen there. */
    | { readonly kind: 'seems-free' }
    | { readonly kind: 'failed'; readonly sentence: string }
    /** Empty = the programs are hidden from this user. */
    | { readonly kind: 'taken'; readonly holders: readonly Holder[] };
}

export interface Holder {
  readonly pid: number;
  readonly name: string;
}

export const judgePorts = (ports: readonly PortFacts[]): Finding[] =>
  ports.map(({ protocol, address, port, state }): Finding => {
    const host = address.includes(':') ? `[${address}]` : address;
    const where = `${protocol.toUpperCase()} ${host}:${port}`;
    switch (state.kind) {
      case 'free':
        return ok('port', `${where} is free`);
      case 'ours':
        return ok('port', `${where} is the running server's`);
      case 'seems-free':
        return unchecked('port', `${where} has no listener; only root may try it`);
      case 'failed': {
        const { what, mend } = splitSentence(state.sentence);
        return problem('port', what, mend);
      }
      case 'taken': {
        const by = state.holders.map(({ pid, name }) => `${name} (pid ${pid})`).join(', ');
        const [first] = state.holders;
        return problem(
          'port',
          `${where} is taken by ${by === '' ? 'a program that only root may see' : by}`,
          first === undefined
            ? `sudo ss -lnp shows it; or choose another port in listen.${protocol}`
            : `stop ${first.name} (kill ${first.pid}), or choose another port in listen.${protocol}`,
        );
      }
    }
  });

export interface DescriptorFacts extends DescriptorNeeds {
  readonly limit: number;
  /** The limit is that of the running server's workers, and not of this shell. */
  readonly running: boolean;
}

export function judgeDescriptors({ limit, running, ...needs }: DescriptorFacts): Finding[] {
  const shortage = descriptorShortage(limit, needs);
  if (shortage !== undefined) {
    const { what, mend } = splitSentence(shortage);
    return [problem('nofile', what, mend)];
  }
  const whose = running ? "the server's workers" : 'a server started from here';
  const room = tunnelRoom(limit, needs);
  const clients = Number.isFinite(room) ? `${room} clients` : 'any number of clients';
  return [ok('nofile', `${whose} may hold ${limit} descriptors: room for ${clients}`)];
}
