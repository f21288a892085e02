// Everything that a tunnel is from its first packet on, decided from the grant, the client's
// headers and the path. No I/O here.
import type { ConnectFacts } from '../core/connect/connect_request.ts';
import { dpdOf, renderConnectAnswer } from '../core/connect/connect_answer.ts';
import { chooseCompression } from '../core/connect/compression.ts';
import { chooseDtls } from '../core/connect/dtls_mode.ts';
import { IPV6_MINIMUM, tunnelMtu } from '../core/connect/mtu.ts';
import { planRekey } from '../core/connect/rekey.ts';
import { chooseUdpPort } from '../core/connect/udp_port.ts';
import type { ClientFacts, TunnelGrant, WorkerSettings } from '../core/ipc/messages.ts';
import { encodeIp, parseIp } from '../core/net/address.ts';
import type { Cidr } from '../core/net/address.ts';
import type { EpochMs } from '../core/units.ts';
import type { ConnectionInfo, TunnelParams } from '../native/engine.ts';
import type { TunnelLists } from './policy_shelf.ts';

export interface TunnelPlanInput {
  readonly facts: ConnectFacts;
  readonly client: ClientFacts;
  readonly grant: TunnelGrant;
  readonly lists: TunnelLists;
  readonly info: ConnectionInfo;
  readonly settings: Pick<
    WorkerSettings,
    'udp' | 'proxy' | 'dtlsLegacy' | 'denyRoaming' | 'aesHardware' | 'tunMtu'
  >;
  /** 32 bytes, byte 0 the worker's number. */
  readonly appId: Uint8Array;
  readonly now: EpochMs;
  readonly rekeyJitterSeconds: number;
}

/** What the engine needs, but for the early bytes; undefined when no address is left to use. */
export function planTunnel(input: TunnelPlanInput): Omit<TunnelParams, 'early'> | undefined {
  const { client, facts, info, settings } = input;
  const { policy } = input.grant;
  const asked = mayUseIpv6(facts, client) ? input.grant : { ...input.grant, inside6: null };
  const { dtlsLegacy: legacy, aesHardware } = settings;
  const udpPort = chooseUdpPort({
    listeners: settings.udp,
    local: { address: info.localAddress, port: info.localPort },
    proxied: settings.proxy.mode !== 'off',
  });
  const allowed = { udp: udpPort !== null && policy.udp, legacy, aesHardware };
  const dtls = chooseDtls(facts, allowed, info.tlsCipher);
  const mtu = tunnelMtu({
    policyMtu: policy.mtu,
    tunMtu: settings.tunMtu,
    baseMtu: facts.baseMtu,
    cstpMtu: facts.cstpMtu,
    pathMtu: info.pathMtu,
    outside: parseIp(info.peerAddress)?.family ?? 4,
    insideIpv6: asked.inside6 !== null,
    // Which one a negotiation will choose is not known before it: the largest overhead then.
    suite: dtls.kind === 'legacy' ? dtls.records : 'aes-gcm',
  });
  const grant = mtu.data < IPV6_MINIMUM ? { ...asked, inside6: null } : asked;
  const { inside4, inside6 } = grant;
  if (inside4 === null && inside6 === null) return undefined;

  const compression = chooseCompression(facts.compression, policy.compression);
  const rekey = planRekey(policy, info.tlsVersion, input.rekeyJitterSeconds);
  return {
    connection: info.connection,
    answer: renderConnectAnswer({
      client,
      fullIpv6: facts.fullIpv6,
      grant,
      routeLines: input.lists.routeLines(client, grant.inside6 !== null),
      mtu,
      dtls,
      udpPort: udpPort ?? 0,
      compression,
      appId: input.appId,
      now: input.now,
      rekey,
    }),
    inside4: inside4 === null ? NOTHING : encodeIp(inside4.address),
    inside6: inside6 === null ? NOTHING : encodeIp(inside6.address),
    inside6Prefix: inside6?.prefix ?? 128,
    mtu: mtu.data,
    appId: dtls.kind === 'off' ? NOTHING : input.appId,
    masterSecret: dtls.kind === 'legacy' ? dtls.masterSecret : NOTHING,
    dtlsSuite: dtls.kind === 'legacy' ? dtls.number : 0,
    dpdMs: dpdOf(policy, client),
    keepaliveMs: policy.keepalive,
    idleTimeoutMs: client.mobile ? policy.mobile_idle_timeout : policy.idle_timeout,
    switchToTcpMs: policy.switch_to_tcp,
    rxLimit: bytesPerSecond(policy.rx_limit),
    txLimit: bytesPerSecond(policy.tx_limit),
    networks: encodeNetworks(
      policy.iroutes.filter(({ address }) => grant[`inside${address.family}`] !== null),
    ),
    tlsCompression: compression.tls ?? '',
    dtlsCompression: compression.dtls ?? '',
    dscp: policy.dscp ?? 0,
    denyRoaming: settings.denyRoaming,
    rekeyMs: rekey.newTunnelMs,
    keyUpdateMs: rekey.keyUpdateMs,
    acl: input.lists.acl(),
    isolated: !policy.client_to_client,
  };
}

/** As TunnelParams.networks wants them. */
function encodeNetworks(networks: readonly Cidr[]): Uint8Array {
  const bytes = new Uint8Array(networks.length * ENCODED_NETWORK_BYTES);
  for (const [index, { address, prefix }] of networks.entries()) {
    const at = index * ENCODED_NETWORK_BYTES;
    const ipv4 = address.family === 4;
    bytes.set([...(ipv4 ? IPV4_MAPPED : []), ...encodeIp(address)], at);
    bytes[at + 16] = ipv4 ? 96 + prefix : prefix;
  }
  return bytes;
}

const ENCODED_NETWORK_BYTES = 17;
/** ::ffff:0:0, ahead of the four bytes. */
const IPV4_MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** From bits a second; a limit of nearly nothing is a limit all the same. */
const bytesPerSecond = (bits: number | null): number =>
  bits === null ? 0 : Math.max(1, Math.floor(bits / 8));

/** The oldest clients know no IPv6, whatever their headers say [oc 2.3]. */
export const mayUseIpv6 = (facts: ConnectFacts, client: ClientFacts): boolean =>
  facts.wantsIpv6 && client.kind !== 'openconnect-v3';

const NOTHING = new Uint8Array(0);
