// The sources that the primary has banned. The engine closes them at accept; this is for connections
// that were on their way when the ban fell.
import { sourceOfPeer } from '../core/ban/source.ts';

export class Banned {
  readonly #sources = new Set<string>();

  update(add: readonly string[], remove: readonly string[]): void {
    for (const source of remove) this.#sources.delete(source);
    for (const source of add) this.#sources.add(source);
  }

  has(peerAddress: string): boolean {
    return this.#sources.size > 0 && this.#sources.has(sourceOfPeer(peerAddress) ?? '');
  }
}
