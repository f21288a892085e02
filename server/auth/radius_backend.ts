// The step "radius": a server is asked with user and password (PAP), may ask back in any number of
// rounds, and says what the session is given. It may keep the accounts of the session too.
import { randomBytes } from 'node:crypto';
import type { AccountingRecord, RadiusSettings } from '../../core/ipc/auth.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { SessionAttributes } from '../../core/policy/attributes.ts';
import { accessRequest, isExpressible } from '../../core/radius/access_request.ts';
import type { Caller } from '../../core/radius/access_request.ts';
import { accountingRequest } from '../../core/radius/accounting_request.ts';
import { NAME, readInteger, valuesOf } from '../../core/radius/attributes.ts';
import { signAccessRequest, signAccountingRequest } from '../../core/radius/authenticity.ts';
import type { SentRequest } from '../../core/radius/authenticity.ts';
import { authorizationOf, replyMessage } from '../../core/radius/authorization.ts';
import { CODE } from '../../core/radius/packet.ts';
import type { Packet } from '../../core/radius/packet.ts';
import { hidePassword } from '../../core/radius/user_password.ts';
import type { EpochMs } from '../../core/units.ts';
import type { Backend, Conversation, Credentials, Round } from './backend.ts';
import { RadiusClient } from './radius_client.ts';
import type { Answer } from './radius_client.ts';
import { DIGESTS } from './radius_digests.ts';
import { RadiusSecret } from './radius_secret.ts';
import type { RadiusServer } from './radius_server.ts';

export interface RadiusBackendComponents {
  readonly logger: Logger;
  readonly now: () => EpochMs;
}

/** A challenge that a server has made. */
interface Challenge {
  readonly server: RadiusServer;
  readonly state: Uint8Array | null;
}

const AUTHENTICATOR_BYTES = 16;
const SESSION_ID_BYTES = 8;
/** Prompt: the answer may be seen [rfc2869 5.10]. */
const ECHO = 1;
/** Oftener than once a minute is more than servers want to hear [rfc2869 5.16]. */
const LEAST_INTERIM_MS = 60_000;

export class RadiusBackend implements Backend {
  readonly name = 'radius';
  readonly #components: RadiusBackendComponents;
  readonly #settings: RadiusSettings;
  readonly #secret: RadiusSecret;
  readonly #access: RadiusClient;
  readonly #accounting: RadiusClient;

  constructor(components: RadiusBackendComponents, settings: RadiusSettings) {
    const { timeoutMs, requireMessageAuthenticator } = settings;
    const access = { servers: settings.servers, timeoutMs, requireMessageAuthenticator };
    // The authenticator of an accounting reply hangs on a digest that no forger knows beforehand.
    const accounting = {
      servers: settings.accountingServers,
      timeoutMs,
      requireMessageAuthenticator: false,
    };
    this.#components = components;
    this.#settings = settings;
    this.#secret = new RadiusSecret(components.logger, settings.secretFile ?? '');
    this.#access = new RadiusClient(components, access);
    this.#accounting = new RadiusClient(components, accounting);
  }

  async verify({ user, password, peer, client }: Credentials, signal: AbortSignal): Promise<Round> {
    if (signal.aborted) return unavailable('The login took too long');
    // Some servers take it for "no login at all" and say yes.
    if (password === '') return { kind: 'refused' };
    const caller: Caller = {
      user,
      nasIdentifier: this.#settings.nasIdentifier,
      callingStation: peer.address,
      userAgent: client.userAgent,
      sessionId: randomBytes(SESSION_ID_BYTES).toString('hex'),
    };
    return this.#ask(caller, password, null, signal);
  }

  /** Sends one record of a session; false = no server has taken it, try again later. */
  async account(record: AccountingRecord, signal: AbortSignal): Promise<boolean> {
    const secret = await this.#secret.read();
    const { now } = this.#components;
    const make = (identifier: number): SentRequest => {
      const attributes = accountingRequest(record, this.#settings.nasIdentifier, now());
      return signAccountingRequest({ identifier, attributes }, secret, DIGESTS);
    };
    const answer = await this.#accounting.ask(make, secret, { signal });
    return answer.kind === 'reply' && answer.packet.code === CODE.accountingResponse;
  }

  close(): Promise<void> {
    this.#access.close();
    this.#accounting.close();
    return Promise.resolve();
  }

  async #ask(
    caller: Caller,
    password: string,
    challenge: Challenge | null,
    signal: AbortSignal,
  ): Promise<Round> {
    if (!isExpressible(caller.user, password)) return { kind: 'refused' };
    const secret = await this.#secret.read();
    const clear = new TextEncoder().encode(password);
    const make = (identifier: number): SentRequest => {
      const authenticator = randomBytes(AUTHENTICATOR_BYTES);
      const hidden = hidePassword(clear, { secret, authenticator }, DIGESTS);
      const attributes = accessRequest(caller, hidden, challenge?.state ?? null);
      return signAccessRequest({ identifier, authenticator, attributes }, secret, DIGESTS);
    };
    const only = challenge?.server;
    return this.#read(await this.#access.ask(make, secret, { signal, only }), caller);
  }

  #read(answer: Answer, caller: Caller): Round {
    if (answer.kind === 'busy') return unavailable('Too many logins at once');
    if (answer.kind === 'silent') return unavailable('No RADIUS server answers');
    const { packet, server } = answer;
    switch (packet.code) {
      case CODE.accessAccept:
        return this.#accept(packet, caller);
      case CODE.accessChallenge:
        return this.#challenge(packet, server, caller);
      case CODE.accessReject: {
        // What the server says may tell an unknown name from a wrong password: for the log only.
        const message = replyMessage(packet.attributes);
        this.#components.logger.debug({ user: caller.user, message }, 'RADIUS server rejects');
        return { kind: 'refused' };
      }
      default:
        return unavailable('The RADIUS server answers something else than was asked');
    }
  }

  #accept({ attributes }: Packet, { sessionId }: Caller): Round {
    const { groups, policy, interimSeconds, classes } = authorizationOf(attributes);
    const { accounting, interimIntervalMs } = this.#settings;
    const asked = interimSeconds === null ? null : interimSeconds * 1000;
    const interimMs = asked === null ? interimIntervalMs : Math.max(asked, LEAST_INTERIM_MS);
    const given: SessionAttributes = {
      policy,
      accounting: accounting ? { backend: this.name, id: sessionId, interimMs, classes } : null,
    };
    const says = accounting || Object.keys(policy).length > 0;
    return { kind: 'accepted', groups, ...(says && { attributes: given }) };
  }

  #challenge({ attributes }: Packet, server: RadiusServer, caller: Caller): Round {
    const [state = null] = valuesOf(attributes, NAME.state);
    const [prompt] = valuesOf(attributes, NAME.prompt);
    const conversation: Conversation = {
      respond: (answer, signal) => this.#ask(caller, answer, { server, state }, signal),
      // The server forgets a challenge that nobody answers.
      cancel: () => undefined,
    };
    return {
      kind: 'challenge',
      message: replyMessage(attributes) || 'One more answer is needed',
      label: 'Answer:',
      echo: prompt !== undefined && readInteger(prompt) === ECHO,
      conversation,
    };
  }
}

const unavailable = (reason: string): Round => ({ kind: 'unavailable', reason });
