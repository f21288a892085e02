// Which server is asked first: the order of the operator, but those that have just failed last, so
// that a dead one does not slow every login down.
import type { LdapServerAddress } from '../../../core/ipc/auth.ts';
import type { Logger } from '../../../core/log/logger.ts';
import type { EpochMs } from '../../../core/units.ts';
import type { LdapTrouble } from './trouble.ts';

// A login that tries a dead server again waits for seconds; one in 30 s does so for all.
const REST_MS = 30_000;

interface State {
  readonly address: LdapServerAddress;
  readonly url: string;
  restsUntil: EpochMs;
}

export class LdapServers {
  readonly #logger: Logger;
  readonly #now: () => EpochMs;
  readonly #states: readonly State[];
  /** What was said already about a server ('' = about our own setup), until it is over. */
  readonly #said = new Map<string, string>();

  constructor(
    { logger, now }: { readonly logger: Logger; readonly now: () => EpochMs },
    servers: readonly LdapServerAddress[],
  ) {
    this.#logger = logger;
    this.#now = now;
    this.#states = servers.map((address) => ({ address, url: urlOf(address), restsUntil: 0 }));
  }

  /** All of them, in the order in which a login that begins now should try. */
  inOrder(): readonly LdapServerAddress[] {
    const now = this.#now();
    const rests = ({ restsUntil }: State): EpochMs => Math.max(restsUntil, now);
    return [...this.#states].sort((a, b) => rests(a) - rests(b)).map(({ address }) => address);
  }

  worked(server: LdapServerAddress): void {
    const state = this.#stateOf(server);
    state.restsUntil = 0;
    this.#said.delete('');
    if (this.#said.delete(state.url)) {
      this.#logger.warn(
        { event: 'ldap.server_up', server: state.url },
        'the directory answers again',
      );
    }
  }

  /** Said once, until it changes or the server works again. */
  failed(server: LdapServerAddress, { fault, message }: LdapTrouble): void {
    const state = this.#stateOf(server);
    if (fault === 'server') state.restsUntil = this.#now() + REST_MS;
    const key = fault === 'server' ? state.url : '';
    if (this.#said.get(key) === message) return;
    this.#said.set(key, message);
    const fields = { server: state.url, reason: message };
    if (fault === 'server') {
      this.#logger.warn({ event: 'ldap.server_down', ...fields }, 'the directory cannot be asked');
      return;
    }
    this.#logger.error(
      { event: 'ldap.misconfigured', ...fields },
      'the step "ldap" cannot work as it is set up',
    );
  }

  #stateOf(server: LdapServerAddress): State {
    const state = this.#states.find(({ address }) => address === server);
    if (state === undefined) throw new Error('a server of somebody else');
    return state;
  }
}

/** A host whose traffic never leaves this machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);

/** As in the configuration. */
export function urlOf({ secure, host, port }: LdapServerAddress): string {
  return `${secure ? 'ldaps' : 'ldap'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
