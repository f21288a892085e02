// `wolfguard acl`: the verdict on one packet by the configuration as it is on the disk, with the rule
// or the route that decides. core/policy/acl.ts judges; the engine's program is tested against it.
import { readConfig } from '../config/check.ts';
import { policyLayers } from '../config/policy_layers.ts';
import type { Config } from '../config/schema.ts';
import { WolfguardError } from '../core/error.ts';
import { formatCidr, formatIp } from '../core/net/address.ts';
import type { IpAddress } from '../core/net/address.ts';
import { serverAddress } from '../core/net/pool.ts';
import { judge } from '../core/policy/acl.ts';
import type { AclReason, AclVerdict, ClientNetworks } from '../core/policy/acl.ts';
import { ACL_PROTOCOLS, formatAclRule, PROTOCOLS_WITH_PORTS } from '../core/policy/acl_rule.ts';
import type { AclProtocol } from '../core/policy/acl_rule.ts';
import { hasDefaultRoute } from '../core/policy/policy.ts';
import { mergePolicy } from '../core/policy/merge.ts';
import type { PolicySource } from '../core/policy/merge.ts';
import type { SessionPolicy } from '../core/policy/policy.ts';
import { layersFor } from '../server/policies.ts';
import { loadRouteFiles } from '../server/policy_lists.ts';
import { poolsOf } from '../server/pools.ts';

export interface AclQuestion {
  readonly configPath: string;
  readonly who: { readonly user: string; readonly group: string; readonly vhost: string };
  readonly destination: IpAddress;
  /** undefined: TCP with a port, else ICMP. */
  readonly protocol: AclProtocol | undefined;
  readonly port: number | undefined;
}

/** Throws WolfguardError for a question that makes no sense, or a configuration with mistakes. */
export function askAcl(question: AclQuestion): {
  readonly allowed: boolean;
  readonly text: string;
} {
  const result = readConfig(question.configPath);
  if (!result.ok)
    throw new WolfguardError('CONFIG', `the configuration cannot be used:\n${result.output}`);
  const { destination, who } = question;
  const protocol = protocolOf(question);
  const { policy, sourceOf } = policyFor(result.config, who);
  const packet = { destination, protocol: ACL_PROTOCOLS[protocol], port: question.port ?? null };
  const verdict = judge(policy, clientNetworks(result.config), packet);
  const port = question.port === undefined ? '' : ` port ${question.port}`;
  const lines = [
    `${who.user} to ${formatIp(destination)} ${protocol}${port}: ${verdict.allowed ? 'allowed' : 'denied'}`,
    `  why:   ${explain(verdict.reason, sourceOf)}`,
    `  route: ${explainRoute(policy, verdict, sourceOf)}`,
  ];
  return { allowed: verdict.allowed, text: `${lines.join('\n')}\n` };
}

/** The section that a value of the policy comes from. */
type SourceOf = (key: keyof SessionPolicy) => string;

function policyFor(
  config: Config,
  { vhost, user, group }: AclQuestion['who'],
): { readonly policy: SessionPolicy; readonly sourceOf: SourceOf } {
  if (vhost !== '' && !config.vhost.some(({ name }) => name.toLowerCase() === vhost))
    throw new WolfguardError('USAGE', `there is no virtual host ${JSON.stringify(vhost)}`);
  const groups = group === '' ? [] : [group];
  const base = { source: { kind: 'policy' } as const, values: config.policy };
  const merged = mergePolicy(base, layersFor(config, { vhost, user, groups }));
  return {
    policy: loadRouteFiles(config).complete(merged),
    sourceOf: (key) => (merged.sources.get(key) ?? [base.source]).map(nameOfSource).join(' and '),
  };
}

function nameOfSource(source: PolicySource): string {
  switch (source.kind) {
    case 'policy':
      return '[policy]';
    case 'vhost':
      return `the policy of [[vhost]] ${source.name}`;
    case 'backend':
      return 'the back end';
    case 'group':
    case 'user':
      return `[${source.kind}.${source.name}.policy]`;
  }
}

function protocolOf({ protocol, port, destination }: AclQuestion): AclProtocol {
  const icmp = destination.family === 4 ? 'icmp' : 'icmpv6';
  const asked = protocol ?? (port === undefined ? icmp : 'tcp');
  const named = asked === 'icmp' ? icmp : asked;
  const hasPorts = PROTOCOLS_WITH_PORTS.includes(named);
  if (hasPorts && port === undefined)
    throw new WolfguardError('USAGE', `${named} goes to a port: name it behind the address`);
  if (!hasPorts && port !== undefined)
    throw new WolfguardError('USAGE', `${named} has no ports: leave ${port} out`);
  return named;
}

/** What may be a client's: the pools, all but the server's own addresses, and what lies behind them. */
function clientNetworks(config: Config): ClientNetworks {
  const pools = poolsOf(config);
  const behind = policyLayers(config).flatMap(({ policy }) => policy.iroutes ?? []);
  return { networks: [...pools, ...behind], servers: pools.map(serverAddress) };
}

function explain(reason: AclReason, sourceOf: SourceOf): string {
  switch (reason.kind) {
    case 'client':
      return `client_to_client = false of ${sourceOf('client_to_client')}, and ${formatCidr(reason.network)} belongs to clients`;
    case 'no-route':
      return `enforce_routes of ${sourceOf('enforce_routes')}, and ${formatCidr(reason.network)} is in no_routes of ${sourceOf('no_routes')}`;
    case 'outside-routes':
      return `enforce_routes of ${sourceOf('enforce_routes')}, and no route of ${sourceOf('routes')} leads there`;
    case 'denied-by':
      return `deny = "${formatAclRule(reason.rule)}" of ${sourceOf('deny')}`;
    case 'allowed-by':
      return `allow = "${formatAclRule(reason.rule)}" of ${sourceOf('allow')}`;
    case 'not-allowed':
      return `no rule in allow of ${sourceOf('allow')} lets it pass`;
    case 'no-rules':
      return 'no rule forbids it, and allow is empty';
  }
}

function explainRoute(
  policy: SessionPolicy,
  { route, reason }: AclVerdict,
  sourceOf: SourceOf,
): string {
  if (reason.kind === 'no-route') return 'the client is told to send it beside the tunnel';
  if (hasDefaultRoute(policy)) return 'the client sends everything into the tunnel but no_routes';
  return route === null
    ? 'none leads there: the client does not send it into the tunnel by itself'
    : `${formatCidr(route)} of ${sourceOf('routes')}`;
}
