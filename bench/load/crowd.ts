// All sessions of a run: begins logins at a rate and with a bounded number under way, holds each
// dialogue, and knows who is up.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientEvent, NativeClient } from './client.ts';
import { Login, type Credentials } from './login.ts';
import type { LoadOptions } from './options.ts';
import { gatewayOf, parseTerms, type TunnelTerms } from './terms.ts';

/** The first number that the native half leaves to sessions. */
const FIRST_SESSION = 8;
/** The UDP handshake is given up after 15 s by the native half. */
const DTLS_PATIENCE_MS = 20_000;

export interface Member {
  readonly id: number;
  readonly terms: TunnelTerms;
}

export interface CrowdTimes {
  /** Milliseconds from the TCP connection's start to the answer to CONNECT. */
  readonly login: number[];
  /** The same until the server has answered by DTLS. */
  readonly dtls: number[];
}

interface Entering {
  readonly login: Login;
  readonly began: number;
  readonly settle: (member: Member | string) => void;
  terms?: TunnelTerms;
  overdue?: NodeJS.Timeout;
}

export class Crowd {
  readonly members = new Map<number, Member>();
  readonly times: CrowdTimes = { login: [], dtls: [] };
  /** How often each reason ended a session or a login that should have gone on. */
  readonly failures = new Map<string, number>();
  /** Where echo requests go: the option, or what the first answer suggests. */
  target: string;
  readonly #client: NativeClient;
  readonly #options: LoadOptions;
  readonly #entering = new Map<number, Entering>();
  readonly #leaving = new Map<number, (how: string) => void>();
  #started = 0;
  #nextLogin = 0;
  #stopped = false;

  constructor(client: NativeClient, options: LoadOptions) {
    this.#client = client;
    this.#options = options;
    this.target = options.target;
  }

  /** Logins that have been begun and have neither succeeded nor failed. */
  get underWay(): number {
    return this.#entering.size;
  }

  /** Begins no further login; those under way go on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Connects that many sessions; resolves when each is up or has failed. */
  async connect(count: number): Promise<void> {
    let begun = 0;
    const lane = async (): Promise<void> => {
      while (begun < count && !this.#stopped) {
        begun += 1;
        await this.pace();
        await this.enter();
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#options.parallel, count) }, lane));
  }

  /** Waits for the moment at which the next login may begin by --rate. */
  async pace(): Promise<void> {
    if (this.#options.rate === 0) return;
    const now = performance.now();
    this.#nextLogin = Math.max(this.#nextLogin, now) + 1000 / this.#options.rate;
    await sleep(this.#nextLogin - now);
  }

  /** One login, CONNECT and DTLS handshake; undefined when it failed. */
  async enter(): Promise<Member | undefined> {
    const id = FIRST_SESSION + this.#started;
    const login = new Login(this.#credentials(this.#started));
    const outcome = await new Promise<Member | string>((settle) => {
      this.#entering.set(id, { login, began: performance.now(), settle });
      this.#client.start(id, this.#started, login.begin());
      this.#started += 1;
    });
    clearTimeout(this.#entering.get(id)?.overdue);
    this.#entering.delete(id);
    if (typeof outcome === 'string') {
      this.#countFailure(outcome);
      this.#client.leave(id, false);
      return undefined;
    }
    this.members.set(id, outcome);
    return outcome;
  }

  /** Ends a session; resolves with how, when the server has closed the connection. */
  leave(id: number): Promise<string> {
    this.members.delete(id);
    return new Promise((resolve) => {
      this.#leaving.set(id, resolve);
      this.#client.leave(id, this.#options.end === 'logout');
    });
  }

  /** Ends all that are up. */
  async leaveAll(): Promise<void> {
    this.stop();
    await Promise.all([...this.members.keys()].map((id) => this.leave(id)));
  }

  onEvent(event: ClientEvent): void {
    const entering = this.#entering.get(event.id);
    switch (event.type) {
      case 'reply':
        if (entering !== undefined) this.#onReply(event.id, entering, event.text);
        break;
      case 'dtls':
        if (entering?.terms === undefined) break;
        this.times.dtls.push(performance.now() - entering.began);
        entering.settle({ id: event.id, terms: entering.terms });
        break;
      case 'closed':
        this.#onClosed(event.id, entering, event.text);
        break;
      case 'probes':
        break;
    }
  }

  #onClosed(id: number, entering: Entering | undefined, how: string): void {
    const leaving = this.#leaving.get(id);
    if (leaving !== undefined) {
      this.#leaving.delete(id);
      leaving(how);
    } else if (entering !== undefined) {
      entering.settle(how);
    } else if (this.members.delete(id)) {
      this.#countFailure(`while up: ${how}`);
    }
  }

  #onReply(id: number, entering: Entering, text: string): void {
    const step = entering.login.onAnswer(text);
    if (step.say !== 'nothing') {
      this.#client.send(id, step.text, step.say === 'connect');
      return;
    }
    if ('failed' in step) {
      entering.settle(step.failed);
      return;
    }
    const terms = parseTerms(step.connected);
    if (typeof terms === 'string') {
      entering.settle(terms);
      return;
    }
    if (this.target === '') this.target = gatewayOf(step.connected);
    this.times.login.push(performance.now() - entering.began);
    entering.terms = this.#options.dpd ? terms : { ...terms, dpdMs: 0, keepaliveMs: 0 };
    this.#client.openTunnel(id, entering.terms);
    if (terms.appId === undefined) {
      entering.settle(this.#options.dtls ? 'no DTLS offered' : { id, terms });
    } else {
      entering.overdue = setTimeout(() => entering.settle('no DTLS'), DTLS_PATIENCE_MS);
    }
  }

  #credentials(n: number): Credentials {
    const { server, user, users, password, group, dtls } = this.#options;
    const address = server.address.includes(':') ? `[${server.address}]` : server.address;
    return {
      host: `${address}:${server.port}`,
      user: user.replace('%', String(n % users)),
      password,
      group,
      dtls,
    };
  }

  #countFailure(reason: string): void {
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }
}
