// The pools, and from which of them a session leases: those of its group, of its virtual host, of
// the main server, for each family the first that there is.
import type { Cidr } from '../net/address.ts';
import { AddressPool } from '../net/pool.ts';
import { groupWithSection } from '../policy/groups.ts';
import type { Pools } from './leases.ts';
import type { RegistryOptions } from './requests.ts';
import type { Session } from './session.ts';

type OpenPools = Pools<AddressPool>;

export class SessionPools {
  readonly #main: OpenPools;
  readonly #hosts: ReadonlyMap<string, OpenPools>;
  readonly #groups: ReadonlyMap<string, OpenPools>;

  constructor(options: RegistryOptions) {
    const open = ({ pool4, pool6 }: Pools<Cidr>): OpenPools => ({
      pool4: pool4 && new AddressPool(pool4),
      pool6: pool6 && new AddressPool(pool6, options.clientPrefix6),
    });
    const openAll = (named: ReadonlyMap<string, Pools<Cidr>> = new Map()) =>
      new Map([...named].map(([name, own]) => [name, open(own)]));
    this.#main = open(options);
    this.#hosts = openAll(options.hosts);
    this.#groups = openAll(options.groups);
  }

  /** Every pool once. */
  get all(): readonly AddressPool[] {
    return [this.#main, ...this.#hosts.values(), ...this.#groups.values()].flatMap(
      ({ pool4, pool6 }) => [pool4 ?? [], pool6 ?? []].flat(),
    );
  }

  /** Of several groups, the first that the configuration knows counts, as for the policy. */
  of({ vhost, groups }: Pick<Session, 'vhost' | 'groups'>): OpenPools {
    const ofHost = this.#hosts.get(vhost);
    const ofGroup = this.#groups.get(groupWithSection(groups, this.#groups));
    return {
      pool4: ofGroup?.pool4 ?? ofHost?.pool4 ?? this.#main.pool4,
      pool6: ofGroup?.pool6 ?? ofHost?.pool6 ?? this.#main.pool6,
    };
  }
}
