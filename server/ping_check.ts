// network.ping_before_lease: nobody gets an address from which somebody answers. Asked for the first
// tunnel of a session; afterwards its addresses are its own.
import type { Config } from '../config/schema.ts';
import type { Logger } from '../core/log/logger.ts';
import { formatIp, sameIp } from '../core/net/address.ts';
import type { IpAddress } from '../core/net/address.ts';
import type { Session } from '../core/session/session.ts';
import { Echo } from './echo.ts';
import type { CheckResult, OpenCheck } from './gate.ts';

export interface PingCheckComponents {
  /** Whether anybody answers; bounds its own time and never rejects. */
  readonly answers: (address: IpAddress) => Promise<boolean>;
  /** undefined: no other address is free, or the session is over. */
  readonly exchange: (session: Session, unwanted: readonly IpAddress[]) => Session | undefined;
  /** What was exchanged is free again. */
  readonly giveBack: (addresses: readonly IpAddress[]) => void;
  readonly log: Pick<Logger, 'warn'>;
}

/** None unless the configuration wants it. */
export function pingChecks(
  { network }: Pick<Config, 'network'>,
  components: Omit<PingCheckComponents, 'answers'>,
): OpenCheck[] {
  if (!network.ping_before_lease) return [];
  const echo = new Echo({
    device: network.device,
    onFailure: (reason) =>
      components.log.warn(
        { event: 'address.ping_failed', reason },
        'network.ping_before_lease: the program ping cannot be run, so that addresses are leased ' +
          'unasked: install the package iputils-ping',
      ),
  });
  return [new PingCheck({ ...components, answers: (address) => echo.answers(address) })];
}

/**
 * Others are tried at random: with half of a pool in the hands of strangers, one session of 250 gets
 * no address.
 */
const MAX_TRIES = 8;

export class PingCheck implements OpenCheck {
  readonly #components: PingCheckComponents;

  constructor(components: PingCheckComponents) {
    this.#components = components;
  }

  concerns({ openedAt }: Session): boolean {
    return openedAt === null;
  }

  async run(session: Session): Promise<CheckResult> {
    // Not given back one by one, or it would be tried again.
    const skipped: IpAddress[] = [];
    const result = await this.#search(session, skipped);
    this.#components.giveBack(skipped);
    return result;
  }

  async #search(session: Session, skipped: IpAddress[]): Promise<CheckResult> {
    const { exchange, log } = this.#components;
    let current = session;
    for (let tries = 1; ; tries++) {
      const taken = await this.#answering(current);
      if (taken.length === 0) return { kind: 'passed', session: current };
      log.warn(
        { event: 'address.in_use', session: session.session, addresses: taken.map(formatIp) },
        'an address that nobody has leased answers: it is not given to a client',
      );
      const { address, address6 } = session.policy;
      const isFixed = (ip: IpAddress): boolean =>
        [address, address6].some((fixed) => fixed !== null && sameIp(fixed, ip));
      if (taken.some(isFixed)) return refused('Your address is in use by another machine');
      const next = tries < MAX_TRIES ? exchange(current, taken) : undefined;
      if (next === undefined) return refused('No address is free: try again later');
      skipped.push(...taken);
      current = next;
    }
  }

  async #answering({ inside4, inside6 }: Session): Promise<IpAddress[]> {
    const addresses = [inside4, inside6].filter((address) => address !== null);
    const answered = await Promise.all(addresses.map(this.#components.answers));
    return addresses.filter((_, index) => answered[index]);
  }
}

const refused = (reason: string): CheckResult => ({ kind: 'refused', reason });
