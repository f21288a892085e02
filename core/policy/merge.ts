// What a session is given, from all that speaks about it. Each layer lies over those before it:
//
//   default < [policy] < [[vhost]] policy < [group.NAME.policy] < [user.NAME.policy] < back end
//
// A key that a layer has takes the place of the one below it, lists as a whole. While `append_routes`
// is true - it is inherited like every key - a layer's routes are added to those below instead.
import { formatCidr } from '../net/address.ts';
import type { SessionPolicy } from './policy.ts';

/** Every key of [policy]: those of a session's policy, and those that the merge uses up. */
export interface PolicyKeys extends SessionPolicy {
  readonly append_routes: boolean;
  /** Files with more networks; null = none. */
  readonly routes_file?: string | null;
  readonly no_routes_file?: string | null;
}

/** Who may speak about policy. */
export type PolicySource =
  | { readonly kind: 'policy' }
  | { readonly kind: 'vhost'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'user'; readonly name: string }
  /** What the login's back end says of this session, such as RADIUS attributes. */
  | { readonly kind: 'backend' };

export interface PolicyLayer {
  readonly source: PolicySource;
  /** The keys that it has something to say about. */
  readonly values: Partial<PolicyKeys>;
}

export interface MergedPolicy {
  readonly policy: SessionPolicy;
  /** Whether a further layer would add its routes. */
  readonly append_routes: boolean;
  /** Files whose networks belong to `policy.routes` and `policy.no_routes`. */
  readonly files: RouteFiles;
  /** Where each value came from, lowest first; more than one only for routes that were added up. */
  readonly sources: ReadonlyMap<keyof PolicyKeys, readonly PolicySource[]>;
}

export interface RouteFiles {
  readonly routes_file: readonly string[];
  readonly no_routes_file: readonly string[];
}

/** `base`: the lowest layer, which has every key. Nothing that it is given is changed. */
export function mergePolicy(
  base: PolicyLayer & { readonly values: PolicyKeys },
  layers: readonly PolicyLayer[],
): MergedPolicy {
  let values: Values = { routes_file: [], no_routes_file: [], ...listed(base.values) };
  const sources = new Map(keysOf(base.values).map((key) => [key, [base.source]]));
  for (const layer of layers) {
    const own = listed(layer.values);
    const append = own.append_routes ?? values.append_routes;
    for (const key of keysOf(layer.values)) {
      const below = append && isAppended(key) && values[key].length > 0 ? sources.get(key) : [];
      sources.set(key, [...(below ?? []), layer.source]);
    }
    values = { ...values, ...own, ...(append && appended(values, own)) };
  }
  const { append_routes, routes_file, no_routes_file, ...policy } = values;
  return { policy, append_routes, files: { routes_file, no_routes_file }, sources };
}

type Values = Omit<PolicyKeys, keyof RouteFiles> & RouteFiles;

/** Files as lists, so that there is room for those of other layers. */
function listed<V extends Partial<PolicyKeys>>({ routes_file, no_routes_file, ...values }: V) {
  return {
    ...values,
    ...(routes_file !== undefined && { routes_file: fileList(routes_file) }),
    ...(no_routes_file !== undefined && { no_routes_file: fileList(no_routes_file) }),
  };
}

const fileList = (file: string | null): readonly string[] => (file === null ? [] : [file]);

const APPENDED = ['routes', 'no_routes', 'routes_file', 'no_routes_file'] as const;

const isAppended = (key: keyof PolicyKeys): key is (typeof APPENDED)[number] =>
  (APPENDED as readonly string[]).includes(key);

/** No routes mean "everything" until somebody names one, so that there is nothing to add to. */
function appended(below: Values, own: Partial<Values>): Partial<Values> {
  const { routes, no_routes, routes_file, no_routes_file } = own;
  return {
    ...(routes && { routes: union(below.routes, routes, formatCidr) }),
    ...(no_routes && { no_routes: union(below.no_routes, no_routes, formatCidr) }),
    ...(routes_file && { routes_file: union(below.routes_file, routes_file, String) }),
    ...(no_routes_file && { no_routes_file: union(below.no_routes_file, no_routes_file, String) }),
  };
}

/** In the order of their first appearance. */
const union = <T>(below: readonly T[], own: readonly T[], name: (item: T) => string): T[] => [
  ...new Map([...below, ...own].map((item) => [name(item), item])).values(),
];

const keysOf = (values: Partial<PolicyKeys>): (keyof PolicyKeys)[] =>
  Object.keys(values) as (keyof PolicyKeys)[];
