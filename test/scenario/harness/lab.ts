// The scene of a scenario: a server's machine, a client's machine, a cable, a folder for files.
//
//      client  198.51.100.2, 2001:db8:51::2 ──── 198.51.100.1, 2001:db8:51::1  server
//
// The addresses are those set aside for documentation; they exist in the namespaces only.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate, type Certificate } from './certificate.ts';
import { Host, link } from './host.ts';

export const SERVER_IPV4 = '198.51.100.1';
export const SERVER_IPV6 = '2001:db8:51::1';
export const CLIENT_IPV4 = '198.51.100.2';
export const CLIENT_IPV6 = '2001:db8:51::2';
/** The port of both TCP and UDP. */
export const PORT = 443;

export class Lab {
  readonly server: Host;
  readonly client: Host;
  readonly directory: string;
  readonly certificate: Certificate;
  readonly #closers: (() => unknown)[] = [];
  #neighbours = 0;

  constructor() {
    this.directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-scenario-'));
    // Servers' unprivileged processes reach their sockets through it.
    chmodSync(this.directory, 0o711);
    this.onClose(() => rmSync(this.directory, { recursive: true, force: true }));
    this.certificate = makeCertificate(this.directory, [SERVER_IPV4, SERVER_IPV6]);
    this.server = this.host();
    this.client = this.host();
    link(
      {
        host: this.server,
        device: 'outside',
        addresses: [`${SERVER_IPV4}/24`, `${SERVER_IPV6}/64`],
      },
      {
        host: this.client,
        device: 'outside',
        addresses: [`${CLIENT_IPV4}/24`, `${CLIENT_IPV6}/64`],
      },
    );
  }

  /** One more machine, without a cable. */
  host(): Host {
    const host = new Host();
    this.onClose(() => host.close());
    return host;
  }

  /** A client's machine with a cable of its own to the server, and the server's address there. */
  neighbour(): { readonly host: Host; readonly server: string } {
    const n = this.#neighbours++;
    const host = this.host();
    const server = `192.0.2.${4 * n + 1}`;
    link(
      { host: this.server, device: `lan${n}`, addresses: [`${server}/30`] },
      { host, device: 'outside', addresses: [`192.0.2.${4 * n + 2}/30`] },
    );
    return { host, server };
  }

  /** A path in the lab's own folder. */
  file(name: string): string {
    return path.join(this.directory, name);
  }

  /** Called by close(), last registered first. */
  onClose(closer: () => unknown): void {
    this.#closers.push(closer);
  }

  async close(): Promise<void> {
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      await closer();
    }
  }
}
