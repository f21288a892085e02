// The step "ldap": people of a directory. One login is one connection:
//
//   1. bind as auth.ldap.bind_dn          4. bind as that account again
//   2. search the person                  5. search the person's groups
//   3. bind as the person
//
// A name that nobody has goes the same way as far as 3, with an entry that does not exist, and a
// refusal takes as long as the answer to a right password.
import { randomBytes } from 'node:crypto';
import type { LdapServerAddress, LdapSettings } from '../../core/ipc/auth.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { Backend, Credentials, Round } from './backend.ts';
import { CheckQueue, laneOf } from './check_queue.ts';
import { SUCCESS, isOutage, judgeBind, renderAnswer } from './ldap/answer.ts';
import { LdapConnection } from './ldap/connection.ts';
import type { LdapEntry, Search } from './ldap/connection.ts';
import { LdapTrust, readBindPassword } from './ldap/files.ts';
import { fillFilter, isPresentable, nameOf, nameRuleOf } from './ldap/filter.ts';
import type { NameRule } from './ldap/filter.ts';
import { RefusalClock } from './ldap/refusal_clock.ts';
import { LdapServers, isLoopback, urlOf } from './ldap/servers.ts';
import { LdapTrouble, troubleOf } from './ldap/trouble.ts';

// Connections at once: more do not make a directory quicker, and some allow few.
const MAX_CONNECTIONS = 32;
// At some milliseconds a login the last of them waits for a second.
const MAX_WAITING = 1_000;
// A directory that answers nobody keeps the first ones for 5 s; people behind them hear of it soon.
const MAX_WAIT_MS = 15_000;

export interface LdapBackendComponents {
  readonly logger: Logger;
  readonly now: () => EpochMs;
}

export interface LdapBackendOptions extends LdapSettings {
  /** For tests: instead of the usual time-outs of connections and answers. */
  readonly timeoutMs?: Milliseconds;
  /** For tests: instead of 15 s of waiting for a connection. */
  readonly maxWaitMs?: Milliseconds;
}

interface Person {
  readonly dn: string;
  readonly name: string;
}

export class LdapBackend implements Backend {
  readonly name = 'ldap';
  readonly #logger: Logger;
  readonly #options: LdapBackendOptions;
  readonly #servers: LdapServers;
  readonly #trust: LdapTrust;
  readonly #nameRule: NameRule | null;
  readonly #refusals = new RefusalClock();
  readonly #queue = new CheckQueue({ running: MAX_CONNECTIONS, waiting: MAX_WAITING });
  #saidAmbiguous = false;

  constructor(components: LdapBackendComponents, options: LdapBackendOptions) {
    this.#logger = components.logger;
    this.#options = options;
    this.#servers = new LdapServers(components, options.servers);
    this.#trust = new LdapTrust(options.ca);
    this.#nameRule = nameRuleOf(options.userFilter);
    this.#warnOfClearText();
  }

  async verify(credentials: Credentials, signal: AbortSignal): Promise<Round> {
    const { user, password } = credentials;
    // A bind with an empty password is one as nobody, and succeeds. Some directories read no further
    // than a NUL.
    if (user === '' || password === '' || password.includes('\0')) return { kind: 'refused' };
    const turn = AbortSignal.any([
      signal,
      AbortSignal.timeout(this.#options.maxWaitMs ?? MAX_WAIT_MS),
    ]);
    const ask = (): Promise<Round> => this.#ask(user, password, signal);
    const ran = await this.#queue.run(turn, ask, laneOf(credentials));
    if (ran.kind === 'done') return ran.value;
    return unavailable(signal.aborted ? 'The login took too long' : 'Too many logins at once');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Asks one server after the other until one has an answer. */
  async #ask(user: string, password: string, signal: AbortSignal): Promise<Round> {
    for (const server of this.#servers.inOrder()) {
      try {
        const round = await this.#login(server, user, password, signal);
        this.#servers.worked(server);
        return round;
      } catch (error) {
        if (signal.aborted) return unavailable('The login took too long');
        const trouble = troubleOf(error);
        this.#servers.failed(server, trouble);
        if (trouble.fault === 'setup') break;
      }
    }
    // The client reads this; what is wrong is the log's.
    return unavailable('The directory cannot be asked');
  }

  async #login(
    server: LdapServerAddress,
    user: string,
    password: string,
    signal: AbortSignal,
  ): Promise<Round> {
    const { startTls, timeoutMs } = this.#options;
    const trust = server.secure || startTls ? this.#trust.context() : null;
    const connection = await LdapConnection.open(
      { server, startTls, trust, ...(timeoutMs !== undefined && { timeoutMs }) },
      signal,
    );
    try {
      if (this.#options.bindDn !== '') await this.#bindAsService(connection);
      const person = await this.#find(connection, user);
      const began = performance.now();
      const accepted = await this.#bindAsPerson(connection, person, password);
      const tookMs = performance.now() - began;
      if (!accepted || person === null) {
        connection.close();
        await this.#refusals.settle(tookMs, signal);
        return { kind: 'refused' };
      }
      this.#refusals.accepted(tookMs);
      const groups = await this.#groupsOf(connection, person);
      return {
        kind: 'accepted',
        groups,
        ...(person.name !== user && { user: person.name }),
      };
    } finally {
      connection.close();
    }
  }

  /** As nobody, where no account is set. */
  async #bindAsService(connection: LdapConnection): Promise<void> {
    const { bindDn, bindPasswordFile } = this.#options;
    const password = bindPasswordFile === null ? '' : readBindPassword(bindPasswordFile);
    const answer = await connection.bind(bindDn, password);
    if (answer.code === SUCCESS && !answer.changeDue) return;
    const why = answer.changeDue ? 'its password must be changed' : renderAnswer(answer);
    throw new LdapTrouble(
      isOutage(answer.code) ? 'server' : 'setup',
      `cannot bind as auth.ldap.bind_dn: ${why}`,
    );
  }

  /** null = nobody, or more than one. */
  async #find(connection: LdapConnection, user: string): Promise<Person | null> {
    const { baseDn, userFilter } = this.#options;
    const entries = await this.#search(connection, 'auth.ldap.base_dn', {
      base: baseDn,
      filter: fillFilter(userFilter, { user }),
      attributes: this.#nameRule === null ? [] : [this.#nameRule.attribute],
      // More than one is enough to know.
      atMost: 2,
    });
    const [entry] = entries;
    if (entries.length > 1) this.#sayAmbiguous(user, entries);
    if (entry === undefined || entries.length > 1 || !isBindable(entry)) return null;
    const names = this.#nameRule === null ? [] : entry.values(this.#nameRule.attribute);
    return { dn: entry.dn, name: nameOf(this.#nameRule, names, user) };
  }

  async #bindAsPerson(
    connection: LdapConnection,
    person: Person | null,
    password: string,
  ): Promise<boolean> {
    const decoy = { dn: `cn=${randomBytes(8).toString('hex')},${this.#options.baseDn}` };
    const { dn } = person ?? decoy;
    const answer = await connection.bind(
      dn,
      person === null ? randomBytes(8).toString('hex') : password,
    );
    if (person === null) return false;
    const judgement = judgeBind(answer);
    if (judgement === 'unavailable') {
      throw new LdapTrouble('server', `cannot check a password: ${renderAnswer(answer)}`);
    }
    if (judgement === 'refused') {
      const { code, text, changeDue } = answer;
      this.#logger.debug({ dn, code, text, changeDue }, 'the directory refuses a person');
    }
    return judgement === 'accepted';
  }

  async #groupsOf(connection: LdapConnection, { dn, name }: Person): Promise<readonly string[]> {
    const { groupBaseDn, groupFilter, groupAttribute } = this.#options;
    if (groupBaseDn === '') return [];
    // The person may not be allowed to search.
    await this.#bindAsService(connection);
    const entries = await this.#search(connection, 'auth.ldap.group_base_dn', {
      base: groupBaseDn,
      filter: fillFilter(groupFilter, { user: name, dn }),
      attributes: [groupAttribute],
      atMost: 0,
    });
    const names = entries.flatMap((entry) => entry.values(groupAttribute));
    // Directories have no order; the first group is the session's.
    return [...new Set(names.filter(isPresentable))].sort();
  }

  async #search(
    connection: LdapConnection,
    key: string,
    search: Search,
  ): Promise<readonly LdapEntry[]> {
    const answer = await connection.search(search);
    if (answer.code === SUCCESS) return answer.entries;
    throw new LdapTrouble(
      isOutage(answer.code) ? 'server' : 'setup',
      `cannot search under ${key}: ${renderAnswer(answer)}`,
    );
  }

  /** Once: strangers choose the names. */
  #sayAmbiguous(user: string, entries: readonly LdapEntry[]): void {
    this.#logger.debug({ user, dns: entries.map(({ dn }) => dn) }, 'several people for one name');
    if (this.#saidAmbiguous) return;
    this.#saidAmbiguous = true;
    this.#logger.error(
      { event: 'ldap.ambiguous_name' },
      'auth.ldap.user_filter finds several people for one name: with such a name nobody may log in',
    );
  }

  #warnOfClearText(): void {
    const { servers, startTls } = this.#options;
    for (const server of startTls ? [] : servers) {
      if (server.secure || isLoopback(server.host)) continue;
      this.#logger.warn(
        { event: 'ldap.clear_text', server: urlOf(server) },
        'every password goes to the directory in CLEAR TEXT: use ldaps://, or auth.ldap.start_tls = true',
      );
    }
  }
}

/** Something that a name with a password can be bound as; the root of a directory is nobody. */
const isBindable = ({ dn }: LdapEntry): boolean => dn.includes('=');

const unavailable = (reason: string): Round => ({ kind: 'unavailable', reason });
