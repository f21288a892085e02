// A registry with a clock that only moves by hand, and the shorthand that the session tests share.
import assert from 'node:assert/strict';
import type { ClientFacts, TunnelCounters, TunnelEnd } from '../../../../core/ipc/messages.ts';
import { bitsOf, formatCidr, formatIp, parseCidr } from '../../../../core/net/address.ts';
import type { Cidr } from '../../../../core/net/address.ts';
import { NO_ATTRIBUTES } from '../../../../core/policy/attributes.ts';
import type { SessionPolicy } from '../../../../core/policy/policy.ts';
import type { SessionEffect } from '../../../../core/session/effects.ts';
import { SessionRegistry } from '../../../../core/session/registry.ts';
import type {
  Login,
  LoginOutcome,
  Open,
  OpenOutcome,
  RegistryOptions,
  SessionLimits,
} from '../../../../core/session/requests.ts';
import type { Session } from '../../../../core/session/session.ts';

export const MINUTE = 60_000;
export const START = 1_700_000_000_000;

export const limits: SessionLimits = {
  cookieLifetimeMs: 5 * MINUTE,
  persistentCookies: false,
  denyRoaming: false,
  maxClients: 0,
};

export const policy: SessionPolicy = {
  routes: [],
  no_routes: [],
  enforce_routes: false,
  allow: [],
  deny: [],
  client_to_client: true,
  dns: [],
  nbns: [],
  search_domains: [],
  split_dns: [],
  banner: '',
  mtu: 0,
  address: null,
  address6: null,
  address6_prefix: 0,
  iroutes: [],
  rx_limit: null,
  dscp: null,
  compression: false,
  tx_limit: null,
  quota: null,
  hours: null,
  expires: null,
  tunnel_all_dns: false,
  client_bypass: false,
  keepalive: 0,
  dpd: 0,
  mobile_dpd: 0,
  idle_timeout: 0,
  mobile_idle_timeout: 0,
  session_timeout: 0,
  rekey: 0,
  rekey_method: 'new-tunnel',
  switch_to_tcp: 0,
  udp: true,
  max_sessions: 0,
  proxy_pac_url: '',
  headers: {},
  user_profile: null,
};

export const client: ClientFacts = {
  userAgent: 'Open AnyConnect VPN Agent v9.01',
  kind: 'openconnect',
  mobile: false,
  hostname: 'laptop',
  platform: 'linux-64',
  deviceType: '',
};

export const counters = (bytes: number): TunnelCounters => ({
  rxBytes: bytes,
  rxPackets: 1,
  txBytes: 2 * bytes,
  txPackets: 2,
  spoofedPackets: 0,
  droppedPackets: 0,
  deniedPackets: 0,
});

export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed.network;
}

export class Bench {
  now = START;
  readonly registry: SessionRegistry;
  #tunnels = 0;

  constructor(options: Partial<RegistryOptions> = {}, changed: Partial<SessionLimits> = {}) {
    this.registry = new SessionRegistry({
      pool4: cidr('10.77.0.0/16'),
      pool6: cidr('fd00:77::/64'),
      predictable: true,
      limits: { ...limits, ...changed },
      ...options,
    });
  }

  tryLogin(user: string, facts: Partial<Login> = {}): LoginOutcome {
    const login: Login = {
      vhost: '',
      attributes: NO_ATTRIBUTES,
      user,
      groups: ['staff'],
      peer: { address: '192.0.2.1', port: 40000 },
      client,
      policy,
      cookieHash: `hash of ${user}`,
      ...facts,
    };
    return this.registry.login(login, this.now);
  }

  login(user: string, facts: Partial<Login> = {}): Session {
    const outcome = this.tryLogin(user, facts);
    assert.equal(outcome.kind, 'accepted');
    return outcome.session;
  }

  tryOpen(user: string, facts: Partial<Open> = {}): OpenOutcome {
    const open: Open = {
      cookieHash: `hash of ${user}`,
      worker: 0,
      tunnel: ++this.#tunnels,
      peer: { address: '192.0.2.1', port: 40001 },
      client,
      localAddress: '198.51.100.1',
      wantsIpv6: true,
      tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
      random: 0,
      ...facts,
    };
    return this.registry.open(open, this.now);
  }

  open(user: string, facts: Partial<Open> = {}): Extract<OpenOutcome, { kind: 'granted' }> {
    const outcome = this.tryOpen(user, facts);
    assert.equal(outcome.kind, 'granted');
    return outcome;
  }

  refusal(user: string, facts: Partial<Open> = {}): [number, string] {
    const outcome = this.tryOpen(user, facts);
    assert.equal(outcome.kind, 'refused');
    return [outcome.status, outcome.reason];
  }

  /** The session's tunnel ends for that reason after having moved that many bytes. */
  closed(session: number, end: TunnelEnd, bytes = 0): SessionEffect[] {
    const state = this.registry.get(session)?.state;
    assert.equal(state?.kind, 'connected');
    const { worker, tunnel } = state;
    const message = { session, worker, tunnel, end, counters: counters(bytes) };
    return this.registry.tunnelClosed(message, this.now);
  }

  address4(session: number): string {
    const inside4 = this.registry.get(session)?.inside4;
    assert.ok(inside4);
    return formatIp(inside4);
  }
}

/** Effects in one line each, without what every save and delete carries. */
export const told = (effects: readonly SessionEffect[]): string[] =>
  effects.map((effect) => {
    if (effect.kind === 'set-owner') return `own ${nameOf(effect.network)} ${effect.worker}`;
    if (effect.kind === 'save') return `save ${effect.session.session}`;
    if (effect.kind === 'delete') return `delete ${effect.session.session} ${effect.end}`;
    const { worker, tunnel, end, tellClient } = effect;
    return `close ${worker}/${tunnel} ${end}${tellClient ? ' aloud' : ''}`;
  });

const nameOf = (network: Cidr): string =>
  network.prefix === bitsOf(network.address.family)
    ? formatIp(network.address)
    : formatCidr(network);
