// Several RADIUS servers for one purpose: the first that answers. One that is dead is passed over
// while another lives, and asked last of all when none does.
import type { RadiusServer as RadiusServerName } from '../../core/ipc/auth.ts';
import type { Packet } from '../../core/radius/packet.ts';
import type { SentRequest } from '../../core/radius/authenticity.ts';
import type { Milliseconds } from '../../core/units.ts';
import { RadiusServer } from './radius_server.ts';
import type { RadiusServerComponents } from './radius_server.ts';

export interface RadiusClientOptions {
  readonly servers: readonly RadiusServerName[];
  /** Per server. */
  readonly timeoutMs: Milliseconds;
  readonly requireMessageAuthenticator: boolean;
}

export type Answer =
  | { readonly kind: 'reply'; readonly packet: Packet; readonly server: RadiusServer }
  | { readonly kind: 'silent' }
  | { readonly kind: 'busy' };

export class RadiusClient {
  readonly #servers: readonly RadiusServer[];

  constructor(
    components: RadiusServerComponents,
    { servers, timeoutMs, requireMessageAuthenticator }: RadiusClientOptions,
  ) {
    this.#servers = servers.map(
      (name) => new RadiusServer(components, { name, timeoutMs, requireMessageAuthenticator }),
    );
  }

  /**
   * Never rejects. `make` is called once for each server that is asked. `only`: the server that
   * began a conversation, since others know nothing of it.
   */
  async ask(
    make: (identifier: number) => SentRequest,
    secret: Uint8Array,
    { signal, only }: { readonly signal: AbortSignal; readonly only?: RadiusServer | undefined },
  ): Promise<Answer> {
    let silence: Answer = { kind: 'silent' };
    for (const server of only === undefined ? this.#inOrder() : [only]) {
      if (signal.aborted) break;
      const packet = await server.exchange(make, secret, signal);
      if (typeof packet === 'object') return { kind: 'reply', packet, server };
      silence = { kind: packet };
    }
    return silence;
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }

  #inOrder(): RadiusServer[] {
    const isDead = this.#servers.map((server) => server.isDead);
    const alive = this.#servers.filter((_, index) => isDead[index] === false);
    const dead = this.#servers.filter((_, index) => isDead[index] === true);
    return [...alive, ...dead];
  }
}
