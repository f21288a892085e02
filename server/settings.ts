// From the configuration file to what each process is told.
import type { Config } from '../config/schema.ts';
import type { AuthSettings, WorkerSettings } from '../core/ipc/messages.ts';
import type { SessionLimits } from '../core/session/requests.ts';
import type { TlsFiles } from './tls_files.ts';

/** What Ethernet carries, and so what nearly every path outside does. */
const USUAL_MTU = 1500;
/** Below this the kernel gives a device no IPv6 address [rfc8200 5]. */
const SMALLEST_IPV6_MTU = 1280;

export function workerSettings(config: Config, tls: TlsFiles): WorkerSettings {
  return {
    tls: {
      certificateChainPem: tls.certificateChainPem,
      privateKeyPem: tls.privateKeyPem,
      minVersion: config.tls.min_version,
      groups: config.tls.groups,
      ciphers: config.tls.ciphers,
    },
    udpPort: config.listen.udp[0]?.port ?? null,
    dtlsLegacy: config.dtls.legacy,
    authTimeoutMs: config.auth.timeout,
    cookieLifetimeMs: config.limits.cookie_lifetime,
    extraHeaders: config.http.headers,
    tunMtu: tunMtu(config),
    logLevel: config.log.level,
  };
}

export function authSettings({ auth, log }: Config): AuthSettings {
  return {
    chains: auth.chain.map(({ steps }) => steps),
    maxAttempts: auth.max_attempts,
    timeoutMs: auth.timeout,
    file: { path: auth.file.path },
    logLevel: log.level,
  };
}

export function sessionLimits({ limits }: Config): SessionLimits {
  return {
    cookieLifetimeMs: limits.cookie_lifetime,
    persistentCookies: limits.persistent_cookies,
    denyRoaming: limits.deny_roaming,
    maxClients: limits.max_clients,
  };
}

/** MTU of the TUN device: the upper bound of what a tunnel may carry [oc 5.5]. */
export function tunMtu({ policy, network }: Config): number {
  const mtu = policy.mtu === 0 ? USUAL_MTU : policy.mtu;
  return network.ipv6 === null ? mtu : Math.max(mtu, SMALLEST_IPV6_MTU);
}
