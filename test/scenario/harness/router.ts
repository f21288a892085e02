// A router between the server and a client further away, with a way on whose MTU the test rules:
//
//      far client  203.0.113.2, 2001:db8:113::2 ──── the lab's client host ──── the server
//                                           (its MTU)
import type { Host } from './host.ts';
import { link } from './host.ts';
import { CLIENT_IPV4, CLIENT_IPV6, SERVER_IPV4, SERVER_IPV6, type Lab } from './lab.ts';

const DEVICE = 'far';
/** What the inside and the outside of the server may have learnt of an MTU. */
const ROUTE_CACHES = ['-4', '-6'] as const;

export class Router {
  readonly farClient: Host;
  readonly #router: Host;
  readonly #server: Host;

  constructor(lab: Lab) {
    this.#router = lab.client;
    this.#server = lab.server;
    this.farClient = lab.host();
    link(
      {
        host: this.#router,
        device: DEVICE,
        addresses: ['203.0.113.1/24', '2001:db8:113::1/64'],
      },
      {
        host: this.farClient,
        device: 'outside',
        addresses: ['203.0.113.2/24', '2001:db8:113::2/64'],
      },
    );
    const forwarding = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
    this.#router.run('sysctl', ['-qw', ...forwarding]);
    for (const [to, via] of [
      ['203.0.113.0/24', CLIENT_IPV4],
      ['2001:db8:113::/64', CLIENT_IPV6],
    ] as const) {
      this.#server.ip('route', 'add', to, 'via', via);
    }
    this.farClient.ip('route', 'add', `${SERVER_IPV4}/32`, 'via', '203.0.113.1');
    this.farClient.ip('route', 'add', `${SERVER_IPV6}/128`, 'via', '2001:db8:113::1');
  }

  /** How large packets between it and the client may be. */
  setMtu(bytes: number): void {
    this.#router.ip('link', 'set', DEVICE, 'mtu', `${bytes}`);
    this.farClient.ip('link', 'set', 'outside', 'mtu', `${bytes}`);
  }

  /** The server's kernel forgets what routers have told it, as it does after ten minutes. */
  forgetPaths(): void {
    for (const family of ROUTE_CACHES) this.#server.ip(family, 'route', 'flush', 'cache');
  }
}
