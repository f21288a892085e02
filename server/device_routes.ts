// Routes to the TUN device that come and go with tunnels: fixed addresses outside of the pools, and
// networks behind clients. The kernel forgets them with the device, so nothing is left behind even
// when the server is killed.
import type { Logger } from '../core/log/logger.ts';
import { contains, encodeIp, formatCidr } from '../core/net/address.ts';
import type { Cidr } from '../core/net/address.ts';
import type { System } from '../native/system.ts';

export interface DeviceRoutesComponents {
  readonly system: Pick<System, 'changeRoute'>;
  readonly logger: Pick<Logger, 'warn'>;
}

export class DeviceRoutes {
  readonly #components: DeviceRoutesComponents;
  readonly #device: string;
  readonly #pools: readonly Cidr[];
  /** Those that we have made: another's is never taken away. */
  readonly #made = new Set<string>();

  /** `pools`: have their route by the addresses of the device. */
  constructor(components: DeviceRoutesComponents, device: string, pools: readonly Cidr[]) {
    this.#components = components;
    this.#device = device;
    this.#pools = pools;
  }

  /** Makes the route of the network or takes it away; idempotent, and nothing for what a pool holds. */
  set(network: Cidr, present: boolean): void {
    if (this.#pools.some((pool) => contains(pool, network.address))) return;
    const name = formatCidr(network);
    if (this.#made.has(name) === present) return;
    if (present) {
      if (this.#change(network, true)) this.#made.add(name);
    } else {
      this.#made.delete(name);
      this.#change(network, false);
    }
  }

  #change(network: Cidr, present: boolean): boolean {
    const { system, logger } = this.#components;
    const destination = { address: encodeIp(network.address), prefix: network.prefix };
    try {
      system.changeRoute(this.#device, destination, present);
      return true;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // ESRCH, ENETDOWN: the operator has taken the route or the device away.
      if (!['EEXIST', 'ESRCH', 'ENETDOWN'].includes(code ?? '')) throw error;
      if (present) {
        logger.warn(
          { event: 'route.not_made', network: formatCidr(network), reason: message },
          code === 'EEXIST'
            ? 'another route for this network exists: packets for it go there and not to the client'
            : 'no route for this network could be made: packets for it do not reach the client',
        );
      }
      return false;
    }
  }
}
