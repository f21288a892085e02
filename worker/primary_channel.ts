// The worker's end of the channel to the primary: questions with their answers, and the rest.
import type {
  LoginReply,
  LoginRequest,
  OpenTunnelReply,
  OpenTunnelRequest,
  PrimaryToWorker,
  ProfileReply,
  WorkerToPrimary,
} from '../core/ipc/messages.ts';

export interface PrimaryChannelComponents {
  /** Hands a message to the channel; false when it is closed. */
  readonly send: (message: WorkerToPrimary) => boolean;
}

type Reply = Extract<
  PrimaryToWorker,
  { kind: 'login-reply' | 'open-tunnel-reply' | 'cookie-checked' | 'profile-reply' }
>;

/** Why nobody can be let in while the primary is gone. */
const GONE = 'The server is restarting, please try again';

export class PrimaryChannel {
  readonly #send: PrimaryChannelComponents['send'];
  readonly #logins = new Map<number, (reply: LoginReply) => void>();
  readonly #tunnels = new Map<number, (reply: OpenTunnelReply) => void>();
  readonly #cookies = new Map<number, (known: boolean) => void>();
  readonly #profiles = new Map<number, (reply: ProfileReply) => void>();
  #nextId = 1;
  #open = true;

  constructor({ send }: PrimaryChannelComponents) {
    this.#send = send;
  }

  /** Never rejects: without a primary the answer is 'unavailable'. */
  login(request: LoginRequest): Promise<LoginReply> {
    const { promise, resolve } = Promise.withResolvers<LoginReply>();
    const id = this.#nextId++;
    this.#logins.set(id, resolve);
    if (!this.tell({ kind: 'login', id, request })) this.close();
    return promise;
  }

  /** Never rejects: without a primary the answer is a refusal with 503. */
  openTunnel(request: OpenTunnelRequest): Promise<OpenTunnelReply> {
    const { promise, resolve } = Promise.withResolvers<OpenTunnelReply>();
    const id = this.#nextId++;
    this.#tunnels.set(id, resolve);
    if (!this.tell({ kind: 'open-tunnel', id, request })) this.close();
    return promise;
  }

  /** Whether it is the cookie of a session. Never rejects: without a primary nobody is known. */
  checkCookie(cookie: string): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const id = this.#nextId++;
    this.#cookies.set(id, resolve);
    if (!this.tell({ kind: 'check-cookie', id, cookie })) this.close();
    return promise;
  }

  /** The profile for the session of a cookie. Never rejects: without a primary there is none. */
  profile(cookie: string): Promise<ProfileReply> {
    const { promise, resolve } = Promise.withResolvers<ProfileReply>();
    const id = this.#nextId++;
    this.#profiles.set(id, resolve);
    if (!this.tell({ kind: 'profile', id, cookie })) this.close();
    return promise;
  }

  /** Sends what needs no answer; false when nobody is there to hear it. */
  tell(message: WorkerToPrimary): boolean {
    return this.#open && this.#send(message);
  }

  /** Gives an answer to who asked. */
  handleReply(message: Reply): void {
    switch (message.kind) {
      case 'login-reply':
        take(this.#logins, message.id)?.(message.reply);
        break;
      case 'open-tunnel-reply':
        take(this.#tunnels, message.id)?.(message.reply);
        break;
      case 'cookie-checked':
        take(this.#cookies, message.id)?.(message.known);
        break;
      case 'profile-reply':
        take(this.#profiles, message.id)?.(message.reply);
        break;
    }
  }

  /** The primary is gone: answers every open question, and every later one. Idempotent. */
  close(): void {
    this.#open = false;
    for (const answer of this.#logins.values()) answer({ kind: 'unavailable', reason: GONE });
    for (const answer of this.#tunnels.values())
      answer({ kind: 'refused', status: 503, reason: GONE });
    for (const answer of this.#cookies.values()) answer(false);
    for (const answer of this.#profiles.values()) answer({ kind: 'none' });
    this.#logins.clear();
    this.#tunnels.clear();
    this.#cookies.clear();
    this.#profiles.clear();
  }
}

function take<T>(map: Map<number, T>, id: number): T | undefined {
  const value = map.get(id);
  map.delete(id);
  return value;
}
