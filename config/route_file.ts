// policy.routes_file and policy.no_routes_file: a network a line, "#" and what follows is a remark.
import type { Cidr } from '../core/net/address.ts';
import { MISTAKE } from './kind.ts';
import { network } from './kinds_net.ts';

/** The first line that is none: counted from 1. */
export interface RouteFileMistake {
  readonly line: number;
  readonly message: string;
  readonly hint: string | undefined;
}

/** All networks of the world's routing tables are fewer; a wrong file is not read to its end. */
export const MOST_NETWORKS = 1_000_000;

/** The networks as they stand there, or the first mistake. */
export function parseRouteFile(text: string): readonly Cidr[] | RouteFileMistake {
  const networks: Cidr[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const word = line.replace(/#.*/, '').trim();
    if (word === '') continue;
    let said: Pick<RouteFileMistake, 'message' | 'hint'> = { message: '', hint: undefined };
    const parsed = network.parse(word, (message, hint) => {
      said = { message, hint };
      return MISTAKE;
    });
    if (parsed === MISTAKE) return { line: index + 1, ...said };
    if (networks.length === MOST_NETWORKS)
      return { line: index + 1, message: `more than ${MOST_NETWORKS} networks`, hint: undefined };
    networks.push(parsed);
  }
  return networks;
}

/** "PATH:LINE: what is wrong (hint)". */
export const describeMistake = (path: string, { line, message, hint }: RouteFileMistake): string =>
  `${path}:${line}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
