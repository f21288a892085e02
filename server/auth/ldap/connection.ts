// One connection to a directory, for one login.
//
// The sockets are ours and ldapts speaks over them. A client of ldapts that loses its connection
// opens another one by itself, without TLS and unbound: here it has nothing to open. And what came
// in clear before StartTLS must not be read together with what comes after: the clear half is spoken
// by a client of its own.
import { once } from 'node:events';
import net from 'node:net';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Client, Entry } from 'ldapts';
import type { LdapServerAddress } from '../../../core/ipc/auth.ts';
import type { Milliseconds } from '../../../core/units.ts';
import type { BindAnswer, LdapAnswer } from './answer.ts';
import { SUCCESS, renderAnswer } from './answer.ts';
import { LdapTrouble } from './trouble.ts';

// Enough for a SYN that is lost twice (1 s, 3 s) on its way to a server that is there.
const CONNECT_TIMEOUT_MS = 5_000;
// Directories answer in milliseconds, replicas behind slow lines in a second.
const ANSWER_TIMEOUT_MS = 5_000;
// Of everything that one login hears: 10,000 groups.
const MAX_BYTES = 1024 * 1024;

const START_TLS = '1.3.6.1.4.1.1466.20037';
// Of the password policy control.
const PASSWORD_EXPIRED = 0;
const CHANGE_AFTER_RESET = 2;

export interface LdapConnectionOptions {
  readonly server: LdapServerAddress;
  readonly startTls: boolean;
  /** Whose certificates are believed; null = no TLS. */
  readonly trust: SecureContext | null;
  readonly timeoutMs?: Milliseconds;
}

export interface LdapEntry {
  readonly dn: string;
  /** The values that are text; capitals in the name of an attribute do not matter. */
  readonly values: (attribute: string) => readonly string[];
}

export interface Search {
  readonly base: string;
  readonly filter: string;
  readonly attributes: readonly string[];
  /** Stop after so many entries; 0 = all. */
  readonly atMost: number;
}

/** All methods but close() throw LdapTrouble, or the error of a socket. */
export class LdapConnection {
  readonly #options: LdapConnectionOptions;
  readonly #signal: AbortSignal;
  /** Rejects when the connection is given up; every operation is raced against it. */
  readonly #givenUp = Promise.withResolvers<never>();
  readonly #onAbort = (): void => this.#giveUp(new LdapTrouble('server', 'the login was given up'));
  #sockets: Socket[] = [];
  #bytes = 0;
  #client: Client | null = null;

  private constructor(options: LdapConnectionOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#givenUp.promise.catch(() => undefined);
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** Connects, with TLS where that is asked for; it is closed when `signal` aborts. */
  static async open(options: LdapConnectionOptions, signal: AbortSignal): Promise<LdapConnection> {
    const connection = new LdapConnection(options, signal);
    try {
      await connection.#open();
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async bind(dn: string, password: string): Promise<BindAnswer> {
    const { PasswordPolicyControl } = await import('ldapts');
    const policy = new PasswordPolicyControl();
    const answer = await this.#ask((client) => client.bind(dn, password, policy));
    const { error, graceAuthNsRemaining } = policy.value ?? {};
    const changeDue =
      error === PASSWORD_EXPIRED ||
      error === CHANGE_AFTER_RESET ||
      graceAuthNsRemaining !== undefined;
    return { code: answer.code, text: answer.text, changeDue };
  }

  /** Referrals are not followed: what lies on other servers is not found. */
  async search(search: Search): Promise<LdapAnswer & { readonly entries: readonly LdapEntry[] }> {
    const { base, filter, attributes, atMost } = search;
    const { value, code, text } = await this.#ask((client) =>
      client.search(base, {
        filter,
        // None of its own: an entry may hold a photograph.
        attributes: attributes.length === 0 ? ['1.1'] : [...attributes],
        sizeLimit: atMost,
        timeLimit: Math.ceil(this.#timeoutMs / 1000),
      }),
    );
    return { code, text, entries: (value?.searchEntries ?? []).map(readEntry) };
  }

  /** Idempotent. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    const client = this.#client;
    this.#client = null;
    // Says goodbye and destroys the socket when that has been written.
    if (client?.isConnected === true) client.unbind().catch(() => undefined);
    else this.#destroy();
  }

  get #timeoutMs(): Milliseconds {
    return this.#options.timeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  async #open(): Promise<void> {
    const { server, startTls, trust, timeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    const { host, port, secure } = server;
    let socket: Socket;
    if (secure) {
      socket = this.#keep(tls.connect({ host, port, ...this.#tlsOptions(trust) }));
      await this.#within(timeoutMs, 'it does not answer', once(socket, 'secureConnect'));
    } else {
      socket = this.#keep(net.connect({ host, port }));
      await this.#within(timeoutMs, 'it does not answer', once(socket, 'connect'));
      if (startTls) socket = await this.#startTls(socket, trust);
    }
    this.#client = await this.#newClient(socket);
  }

  async #startTls(clear: Socket, trust: SecureContext | null): Promise<Socket> {
    this.#client = await this.#newClient(clear);
    const answer = await this.#ask((client) => client.exop(START_TLS));
    if (answer.code !== SUCCESS) {
      throw new LdapTrouble('server', `it refuses StartTLS: ${renderAnswer(answer)}`);
    }
    this.#client = null;
    clear.removeAllListeners('data');
    const { host } = this.#options.server;
    const socket = this.#keep(tls.connect({ socket: clear, host, ...this.#tlsOptions(trust) }));
    await this.#within(this.#timeoutMs, 'TLS does not begin', once(socket, 'secureConnect'));
    return socket;
  }

  #tlsOptions(trust: SecureContext | null): tls.ConnectionOptions {
    const { host } = this.#options.server;
    return {
      ...(trust !== null && { secureContext: trust }),
      // Addresses have no place in SNI; the certificate is compared with them all the same.
      ...(net.isIP(host) === 0 && { servername: host }),
    };
  }

  /** A client that speaks over this very socket and can open no other. */
  async #newClient(socket: Socket): Promise<Client> {
    const { Client } = await import('ldapts');
    let given = false;
    return new Client({
      url: 'ldap://directory',
      createConnection: () => {
        if (given || socket.destroyed) throw new LdapTrouble('server', 'it hung up');
        given = true;
        socket.on('data', this.#count);
        return socket;
      },
    });
  }

  readonly #count = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes <= MAX_BYTES) return;
    this.#giveUp(new LdapTrouble('server', `it answers with more than ${MAX_BYTES} bytes`));
  };

  /** A result that is not success is a value; that there is none is an error. */
  async #ask<T>(
    ask: (client: Client) => Promise<T>,
  ): Promise<LdapAnswer & { readonly value: T | null }> {
    const { ResultCodeError } = await import('ldapts');
    const client = this.#client;
    if (client === null) throw new LdapTrouble('server', 'the connection is closed');
    try {
      const value = await this.#within(this.#timeoutMs, 'it does not answer', ask(client));
      return { code: SUCCESS, text: '', value };
    } catch (error) {
      if (error instanceof ResultCodeError) {
        return { code: error.code, text: oneLine(error.message), value: null };
      }
      throw error;
    }
  }

  async #within<T>(timeoutMs: Milliseconds, complaint: string, work: Promise<T>): Promise<T> {
    const timer = setTimeout(
      () => this.#giveUp(new LdapTrouble('server', `${complaint} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      return await Promise.race([work, this.#givenUp.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #giveUp(trouble: LdapTrouble): void {
    this.#givenUp.reject(trouble);
    this.#destroy();
  }

  #keep<S extends Socket>(socket: S): S {
    // Errors count where somebody waits for the socket.
    socket.on('error', () => undefined);
    this.#sockets.push(socket);
    if (this.#signal.aborted) socket.destroy();
    return socket;
  }

  #destroy(): void {
    for (const socket of this.#sockets.splice(0).reverse()) socket.destroy();
  }
}

function readEntry(entry: Entry): LdapEntry {
  const values = new Map<string, readonly string[]>();
  for (const [attribute, value] of Object.entries(entry)) {
    // One value comes alone, none as an empty list, and what is not UTF-8 as a Buffer.
    const all: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (attribute === 'dn') continue;
    values.set(
      attribute.toLowerCase(),
      all.filter((one) => typeof one === 'string'),
    );
  }
  return { dn: entry.dn, values: (attribute) => values.get(attribute.toLowerCase()) ?? [] };
}

// Windows writes a NUL at the end.
const oneLine = (text: string): string =>
  text
    .replace(/\s*Code: 0x[0-9a-f]+$/, '')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
