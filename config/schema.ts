// The one table of the configuration: types, sample, manual and checks all come from it. A feature
// that arrives turns its `later(…)` into `key(…)` and nothing else changes here.
import { optional } from './kinds.ts';
import { domain, pool } from './kinds_net.ts';
import { auth, chain, file, ldap, oidc, pam, radius } from './schema_auth.ts';
import { policy } from './schema_policy.ts';
import * as operation from './schema_operation.ts';
import * as server from './schema_server.ts';
import { acme, dtls, tls } from './schema_tls.ts';
import { key, list, named } from './table.ts';
import type { ConfigOf, Key, Section, Values } from './table.ts';

const ownPools = {
  ipv4: key(optional(pool(4, 8, 30)), '', 'its own address pool; "" = that of [network]'),
  ipv6: key(optional(pool(6, 16, 126)), '', 'its own address pool; "" = that of [network]'),
};

const vhost = list(
  {
    about:
      'Another name on the same port, with its own certificate, login and policy. Every key of [tls], [auth], [auth.…] and [policy] may be set again in vhost.tls, vhost.auth and vhost.policy; what is not set is as for the main server',
    example: [
      '[[vhost]]',
      'name = "partners.example.com"',
      'tls = { certificate = "/etc/wolfguard/partners.pem", private_key = "/etc/wolfguard/partners.key" }',
      'auth = { chain = [{ steps = ["file", "totp"] }], file = { path = "/etc/wolfguard/partners" } }',
      'policy = { routes = ["10.20.0.0/16"] }',
      'ipv4 = "10.78.0.0/16"',
    ],
    required: ['name'],
    overrides: ['tls', 'auth'],
    layers: ['policy'],
  },
  {
    name: key(domain, 'partners.example.com', 'the server name that clients ask for'),
    ...ownPools,
  },
);

const group = named(
  {
    about:
      'What the members of a group have of their own. [group.NAME.policy] takes any key of [policy], and a reload counts for new sessions: [policy] < [[vhost]] policy < [group.NAME.policy] < [user.NAME.policy]. Lists replace lists unless append_routes says otherwise. A user in several groups has the section of the first one that has any. Names with dots, blanks or other letters than ASCII stand in quotes',
    example: [
      '[group.staff.policy]',
      'routes = ["10.99.0.0/16"]',
      '[group."contractors.example"]',
      'ipv4 = "10.79.0.0/16"',
      'policy = { routes = ["10.20.1.0/24"], session_timeout = "8h" }',
    ],
    layers: ['policy'],
  },
  ownPools,
);

const user = named(
  {
    about:
      'What one user has of their own, over everything else in this file: [user.NAME.policy] takes any key of [policy], and a reload counts for new sessions. The name is compared as "wolfctl show users" prints it',
    example: [
      '[user.alice.policy]',
      'address = "10.77.0.10"',
      '[user."bob.jones@example.com".policy]',
      'append_routes = true',
      'routes = ["192.168.40.0/24"]',
    ],
    layers: ['policy'],
  },
  {},
);

/** Every section by its name in the file. */
export const schema = {
  listen: server.listen,
  workers: server.workers,
  engine: server.engine,
  state: server.state,
  tls,
  'tls.acme': acme,
  dtls,
  auth,
  'auth.chain': chain,
  'auth.file': file,
  'auth.pam': pam,
  'auth.ldap': ldap,
  'auth.radius': radius,
  'auth.oidc': oidc,
  network: server.networkSection,
  policy,
  limits: server.limits,
  ban: operation.ban,
  camouflage: operation.camouflage,
  http: operation.http,
  hooks: operation.hooks,
  admin: operation.admin,
  web: operation.web,
  metrics: operation.metrics,
  log: operation.log,
  cluster: operation.cluster,
  vhost,
  group,
  user,
} as const;

/** What one server name has of its own, or as the main server has it. */
export type HostConfig = Pick<ConfigOf<typeof schema>, 'tls' | 'auth'>;

/** What one place in the file says about policy: only the keys that are written there. */
export interface PolicyLayer {
  readonly policy: Partial<Values<typeof policy>>;
}

export type GroupConfig = Values<typeof group> & PolicyLayer;
export type UserConfig = PolicyLayer;

/** A checked wolfguard.toml: the names are the file's; keys still to come are not in it. */
export type Config = Omit<ConfigOf<typeof schema>, 'vhost' | 'group' | 'user'> & {
  readonly vhost: readonly (ConfigOf<typeof schema>['vhost'] & HostConfig & PolicyLayer)[];
  readonly group: ReadonlyMap<string, GroupConfig>;
  readonly user: ReadonlyMap<string, UserConfig>;
};

/** The same table for lookups by names that people wrote. */
export const sections: ReadonlyMap<string, Section> = new Map<string, Section>(
  Object.entries(schema),
);

/** undefined when the section has no such key. */
export function keyOf(section: string, name: string): Key<unknown> | undefined {
  const keys = sections.get(section)?.keys;
  return keys !== undefined && Object.hasOwn(keys, name) ? keys[name] : undefined;
}

/** Whether anything in the section works yet. */
export const isAvailable = (section: Section): boolean =>
  section.layers.length > 0 || Object.values(section.keys).some((spec) => spec.available);
