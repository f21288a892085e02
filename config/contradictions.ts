// What no single value shows: keys that need one another.
import { formatCidr, overlaps } from '../core/net/address.ts';
import type { Cidr } from '../core/net/address.ts';
import { contradiction } from './contradiction.ts';
import type { Contradiction } from './contradiction.ts';
import { checkAddresses } from './contradictions_addresses.ts';
import type { Path } from './kind.ts';
import { schema } from './schema.ts';
import type { Config, HostConfig } from './schema.ts';
import { dotted } from './toml_text.ts';

/** All contradictions of a configuration whose values are sound one by one. */
export const findContradictions = (config: Config): Contradiction[] => [
  ...checkPools(config),
  ...checkOverlaps(config),
  ...checkAddresses(config, namedPools(config)),
  ...checkProxy(config),
  ...checkMetrics(config),
  ...checkHost(config, []),
  ...config.vhost.flatMap((vhost, index) => checkHost(vhost, ['vhost', index])),
  ...checkNames(config),
];

function checkPools({ network }: Config): Contradiction[] {
  if (network.ipv4 !== null || network.ipv6 !== null) return [];
  const message = 'network.ipv4 and network.ipv6 are both empty: clients would get no address';
  const suggestion = `for example ${schema.network.keys.ipv4.kind.example}`;
  return [contradiction(['network', 'ipv4'], message, suggestion, ['network.ipv6'])];
}

/** Two pools with an address in common would lease it twice. */
function checkOverlaps(config: Config): Contradiction[] {
  const pools = namedPools(config);
  return pools.flatMap(({ pool, path }, index) => {
    const other = pools.slice(0, index).find((before) => overlaps(pool, before.pool));
    if (other === undefined) return [];
    const message = `${dotted(path)}: ${formatCidr(pool)} overlaps ${formatCidr(other.pool)} of ${dotted(other.path)}`;
    return [
      contradiction(path, message, 'each pool has addresses of its own', [dotted(other.path)]),
    ];
  });
}

const namedPools = ({ network, vhost, group }: Config): { pool: Cidr; path: Path }[] =>
  [
    { pool: network.ipv4, path: ['network', 'ipv4'] },
    { pool: network.ipv6, path: ['network', 'ipv6'] },
    ...vhost.flatMap(({ ipv4, ipv6 }, index) => [
      { pool: ipv4, path: ['vhost', index, 'ipv4'] },
      { pool: ipv6, path: ['vhost', index, 'ipv6'] },
    ]),
    ...[...group].flatMap(([name, { ipv4, ipv6 }]) => [
      { pool: ipv4, path: ['group', name, 'ipv4'] },
      { pool: ipv6, path: ['group', name, 'ipv6'] },
    ]),
  ].flatMap(({ pool, path }) => (pool === null ? [] : [{ pool, path }]));

function checkProxy({ listen }: Config): Contradiction[] {
  if (listen.proxy_protocol === 'off' || listen.proxy_trusted.length > 0) return [];
  const message =
    'listen.proxy_trusted: with proxy_protocol on, somebody must be trusted to send it';
  const suggestion = 'for example proxy_trusted = ["192.0.2.10"], the load balancer';
  return [
    contradiction(['listen', 'proxy_trusted'], message, suggestion, ['listen.proxy_protocol']),
  ];
}

/** With the clients' own port, the kernel would deal their connections out to both. */
function checkMetrics({ listen, metrics }: Config): Contradiction[] {
  const taken = (metrics.listen ?? []).some(({ port }) =>
    listen.tcp.some((tcp) => tcp.port === port),
  );
  if (!taken) return [];
  const message = 'metrics.listen: the port is one of listen.tcp';
  const suggestion = 'clients and Prometheus need a port each, for example 127.0.0.1:9100';
  return [contradiction(['metrics', 'listen'], message, suggestion, ['listen.tcp'])];
}

/** The steps of the chains find what they need. */
function checkHost({ auth, tls }: HostConfig, prefix: Path): Contradiction[] {
  const steps = new Set(auth.chain.flatMap((chain): readonly string[] => chain.steps));
  const need = (step: string, path: readonly string[], given: boolean, example: string) => {
    if (given || !steps.has(step)) return [];
    const message = `${path.join('.')}: the step "${step}" needs it`;
    return [
      contradiction([...prefix, ...path], message, `for example ${example}`, ['auth.chain.steps']),
    ];
  };
  return [
    ...need(
      'ldap',
      ['auth', 'ldap', 'url'],
      auth.ldap.url.length > 0,
      '"ldaps://ldap.example.com"',
    ),
    ...need(
      'ldap',
      ['auth', 'ldap', 'base_dn'],
      auth.ldap.base_dn !== '',
      '"ou=people,dc=example,dc=com"',
    ),
    ...need(
      'radius',
      ['auth', 'radius', 'servers'],
      auth.radius.servers.length > 0,
      '["192.0.2.1:1812"]',
    ),
    ...need(
      'radius',
      ['auth', 'radius', 'secret_file'],
      auth.radius.secret_file !== null,
      '"/etc/wolfguard/radius.secret"',
    ),
    ...need(
      'certificate',
      ['tls', 'client_ca'],
      tls.client_ca !== null,
      '"/etc/wolfguard/client-ca.pem"',
    ),
    ...checkPairs(tls, prefix),
    ...checkLdap(auth.ldap, prefix),
    ...checkRevocations(tls, prefix),
  ];
}

function checkRevocations(tls: HostConfig['tls'], prefix: Path): Contradiction[] {
  if (tls.client_crl === null || tls.client_ca !== null) return [];
  const message =
    'tls.client_crl: without tls.client_ca nobody is asked for a certificate, and none is checked';
  const suggestion = 'for example client_ca = "/etc/wolfguard/client-ca.pem"';
  return [contradiction([...prefix, 'tls', 'client_crl'], message, suggestion, ['tls.client_ca'])];
}

function checkPairs(tls: HostConfig['tls'], prefix: Path): Contradiction[] {
  if (tls.certificate.length === tls.private_key.length) return [];
  const message = `tls.private_key: ${tls.certificate.length} certificates and ${tls.private_key.length} keys; each certificate has a key, in the same order`;
  return [
    contradiction([...prefix, 'tls', 'private_key'], message, undefined, ['tls.certificate']),
  ];
}

function checkLdap(ldap: HostConfig['auth']['ldap'], prefix: Path): Contradiction[] {
  const { url, start_tls, ca, bind_dn, bind_password_file } = ldap;
  const finding = (key: string, message: string, suggestion: string, also: readonly string[]) =>
    contradiction(
      [...prefix, 'auth', 'ldap', key],
      `auth.ldap.${key}: ${message}`,
      suggestion,
      also.map((other) => `auth.ldap.${other}`),
    );
  const found: Contradiction[] = [];
  if (start_tls && url.some(({ secure }) => secure)) {
    const suggestion = 'write ldap://, or start_tls = false';
    found.push(finding('start_tls', 'ldaps:// speaks TLS already', suggestion, ['url']));
  }
  if (ca !== null && !start_tls && url.some(({ secure }) => !secure)) {
    const suggestion = 'write ldaps://, or start_tls = true';
    found.push(
      finding('ca', 'there is no TLS with ldap:// alone', suggestion, ['url', 'start_tls']),
    );
  }
  if (bind_dn !== '' && bind_password_file === null) {
    const suggestion = 'for example "/etc/wolfguard/ldap.secret"';
    found.push(finding('bind_password_file', 'bind_dn needs a password', suggestion, ['bind_dn']));
  }
  if (bind_dn === '' && bind_password_file !== null) {
    const suggestion = 'for example "cn=vpn,ou=services,dc=example,dc=com"';
    found.push(
      finding('bind_dn', 'bind_password_file is the password of nobody', suggestion, [
        'bind_password_file',
      ]),
    );
  }
  return found;
}

function checkNames({ vhost }: Config): Contradiction[] {
  return vhost.flatMap(({ name }, index) => {
    const first = vhost.findIndex((other) => other.name === name);
    if (first === index) return [];
    const message = `vhost.name: ${JSON.stringify(name)} is the name of number ${first + 1} already`;
    return [contradiction(['vhost', index, 'name'], message, undefined, [])];
  });
}
