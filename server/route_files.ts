// The files of policy.routes_file and no_routes_file, each read once however many policies name it,
// and the lists that policies make with them.
import { readFileSync } from 'node:fs';
import { describeMistake, parseRouteFile } from '../config/route_file.ts';
import { readFailure } from '../config/disk_files.ts';
import { WolfguardError } from '../core/error.ts';
import { formatCidr } from '../core/net/address.ts';
import type { Cidr } from '../core/net/address.ts';
import { aggregate } from '../core/net/aggregate.ts';
import type { MergedPolicy } from '../core/policy/merge.ts';
import type { SessionPolicy } from '../core/policy/policy.ts';

/** Lists that different sessions have are kept so many at a time: those of all configured policies. */
const MOST_LISTS = 256;

export class RouteFiles {
  readonly #files: ReadonlyMap<string, readonly Cidr[]>;
  readonly #lists = new Map<string, readonly Cidr[]>();

  private constructor(files: ReadonlyMap<string, readonly Cidr[]>) {
    this.#files = files;
  }

  /** Reads them all; throws WolfguardError with file and line. */
  static read(paths: Iterable<string>): RouteFiles {
    return new RouteFiles(new Map([...new Set(paths)].map((path) => [path, readRoutes(path)])));
  }

  /** What stands in a file that was read, aggregated. */
  networks(path: string): readonly Cidr[] {
    const networks = this.#files.get(path);
    if (networks === undefined) throw new Error(`${path} was not read`);
    return networks;
  }

  /**
   * Networks of a policy and those of its files, aggregated. The same question is answered with the
   * same array, so that sessions share it; a list of a policy without files stays as it is written.
   */
  together(networks: readonly Cidr[], paths: readonly string[]): readonly Cidr[] {
    if (paths.length === 0) return networks;
    const [only] = paths;
    if (networks.length === 0 && only !== undefined && paths.length === 1)
      return this.networks(only);
    const key = [...networks.map(formatCidr), ...paths].join('\n');
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    if (this.#lists.size >= MOST_LISTS) this.#lists.clear();
    const all = aggregate([...networks, ...paths.flatMap((path) => this.networks(path))]);
    this.#lists.set(key, all);
    return all;
  }

  /** A merged policy with the networks of its files in its lists. */
  complete({ policy, files }: Pick<MergedPolicy, 'policy' | 'files'>): SessionPolicy {
    return {
      ...policy,
      routes: this.together(policy.routes, files.routes_file),
      no_routes: this.together(policy.no_routes, files.no_routes_file),
    };
  }

  /** Whether another reading has found the same. */
  equals(other: RouteFiles): boolean {
    return (
      this.#files.size === other.#files.size &&
      [...this.#files.keys()].every((path) => other.#files.has(path)) &&
      this.changed(other).length === 0
    );
  }

  /** The files that another reading has read too, and with another result. */
  changed(other: RouteFiles): string[] {
    return [...this.#files].flatMap(([path, networks]) => {
      const others = other.#files.get(path);
      const same = others?.map(formatCidr).join() === networks.map(formatCidr).join();
      return others === undefined || same ? [] : [path];
    });
  }
}

function readRoutes(path: string): readonly Cidr[] {
  const parsed = parseRouteFile(readText(path));
  if ('line' in parsed) throw new WolfguardError('ROUTES_FILE', describeMistake(path, parsed));
  return Object.freeze(aggregate(parsed));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = readFailure(code, message);
    throw new WolfguardError('ROUTES_FILE', `cannot read ${path}, a file of routes: ${why}`);
  }
}
