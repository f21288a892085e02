// From a CONNECT to its answer: at once, or behind the checks that concern its session. While those
// run the session is what it was, with its addresses leased; whatever happens to it meanwhile, a
// logout, its end, another CONNECT, is found out when it is opened at last.
import type { OpenTunnelReply } from '../core/ipc/messages.ts';
import type { Logger } from '../core/log/logger.ts';
import { formatCidr } from '../core/net/address.ts';
import type { Closed } from '../core/policy/closing.ts';
import type { NetworkConflict } from '../core/session/address_space.ts';
import type { SessionEffect } from '../core/session/effects.ts';
import type { SessionRegistry } from '../core/session/registry.ts';
import type { Open, OpenRefusal, OpenRefused } from '../core/session/requests.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import type { Gate } from './gate.ts';
import { reasonOfClosed } from './refusals.ts';

export interface OpeningComponents {
  readonly registry: Pick<SessionRegistry, 'ofCookie' | 'find' | 'prepare' | 'open' | 'refuse'>;
  readonly carryOut: (effects: readonly SessionEffect[]) => void;
  /** Absent: nothing is ever waited for. */
  readonly gate: Pick<Gate, 'concerns' | 'pass'> | undefined;
  /** Why the session of this cookie is over, where that is worth a word. */
  readonly obituary: (cookieHash: string) => Closed | undefined;
  readonly now: () => EpochMs;
  readonly log: Pick<Logger, 'info'>;
}

/** Longer than checks may take: meanwhile no cookie runs out. */
const HOLD_MS: Milliseconds = 5 * 60_000;

export class Opening {
  readonly #components: OpeningComponents;
  #closed = false;

  constructor(components: OpeningComponents) {
    this.#components = components;
  }

  /** `isThere`: whether the process that asks still lives. */
  open(open: Open, isThere: () => boolean): OpenTunnelReply | Promise<OpenTunnelReply> {
    const { registry, gate } = this.#components;
    const session = registry.ofCookie(open.cookieHash);
    const waits = session !== undefined && gate?.concerns(session) === true;
    return waits ? this.#openChecked(open, gate, isThere) : this.#grant(open);
  }

  /** Those that still wait are refused when their checks are done. */
  close(): void {
    this.#closed = true;
  }

  async #openChecked(
    open: Open,
    gate: Pick<Gate, 'pass'>,
    isThere: () => boolean,
  ): Promise<OpenTunnelReply> {
    const { registry, carryOut, now } = this.#components;
    const prepared = registry.prepare(open, HOLD_MS, now());
    carryOut(prepared.effects);
    if (prepared.kind === 'refused') return this.#refuse(open, prepared);
    const { session } = prepared.session;
    const result = await gate.pass(prepared.session);
    if (this.#closed) return unavailable('The server is stopping');
    if (result.kind === 'refused') return this.#endRefused(open, session, result.reason);
    // A tunnel of a dead worker would never be closed. Nobody hears this answer.
    return isThere() ? this.#grant(open) : unavailable('Try again');
  }

  #endRefused({ worker, tunnel }: Open, id: number, reason: string): OpenTunnelReply {
    const { registry, carryOut, log } = this.#components;
    log.info(
      { event: 'tunnel.refused', session: id, worker, tunnel, reason: 'check' },
      'tunnel refused by a check',
    );
    for (const session of registry.find({ id })) carryOut(registry.refuse(session));
    return unavailable(reason);
  }

  #grant(open: Open): OpenTunnelReply {
    const { registry, carryOut, now, log } = this.#components;
    const outcome = registry.open(open, now());
    carryOut(outcome.effects);
    if (outcome.kind === 'refused') return this.#refuse(open, outcome);
    const { worker, tunnel } = open;
    log.info(
      { event: 'tunnel.granted', session: outcome.grant.session, worker, tunnel },
      'tunnel granted',
    );
    return { kind: 'granted', grant: outcome.grant };
  }

  #refuse({ worker, tunnel, cookieHash }: Open, refused: OpenRefused): OpenTunnelReply {
    const { status, reason, conflict } = refused;
    const closed = this.#components.obituary(cookieHash);
    const because = conflict && explain(conflict);
    this.#components.log.info(
      { event: 'tunnel.refused', worker, tunnel, reason: closed?.end ?? reason, ...because },
      'tunnel refused',
    );
    // Not 401, which would end the client's loop without a word [oc 5.2].
    if (closed !== undefined) return unavailable(reasonOfClosed(closed));
    return { kind: 'refused', status, reason: OPEN_REFUSALS[reason] };
  }
}

const unavailable = (reason: string): OpenTunnelReply => ({ kind: 'refused', status: 503, reason });

/** What the client is told; the log has more. */
const OPEN_REFUSALS: Readonly<Record<OpenRefusal, string>> = {
  'unknown-cookie': 'The session is over: log in again',
  'roaming-denied': 'The session is over: log in again',
  'pool-full': 'No address is free: try again later',
  'address-taken': 'Your address is in use by another session: disconnect there first',
  'address-unusable': 'Your address cannot be used here: ask your administrator',
  'network-taken': 'A network behind you is in use by another session: disconnect there first',
  'network-unusable': 'A network behind you cannot be reached from here: ask your administrator',
  'no-common-family': 'The server has addresses only of a kind that the client does not want',
};

/** Whose the network is that a client cannot have behind it. */
const explain = (conflict: NetworkConflict): object => ({
  network: formatCidr(conflict.network),
  with: conflict.with,
  ...(conflict.with === 'session'
    ? { session: conflict.session }
    : { other: formatCidr(conflict.other) }),
});
