// From the configuration file to what each process is told.
import { policyLayers } from '../config/policy_layers.ts';
import type { Config, HostConfig } from '../config/schema.ts';
import type { AuthSettings, HostAuthSettings, RadiusServer } from '../core/ipc/auth.ts';
import type { WorkerSettings } from '../core/ipc/messages.ts';
import { formatCidr } from '../core/net/address.ts';
import { system } from '../native/system.ts';
import type { BanSettings } from './bans.ts';
import { poolsOf } from './pools.ts';
import type { SessionLimits } from '../core/session/requests.ts';
import type { TlsFiles } from './tls_files.ts';

/** What Ethernet carries, and so what nearly every path outside does. */
const USUAL_MTU = 1500;
/** Below this the kernel gives a device no IPv6 address [rfc8200 5]. */
const SMALLEST_IPV6_MTU = 1280;

export function workerSettings(config: Config, tls: TlsFiles): WorkerSettings {
  return {
    tls: tls.hosts,
    proxy: {
      mode: config.listen.proxy_protocol,
      trusted: config.listen.proxy_trusted.map(formatCidr),
    },
    camouflage: config.camouflage,
    udp: config.listen.udp,
    denyRoaming: config.limits.deny_roaming,
    dtlsLegacy: config.dtls.legacy,
    aesHardware: system().hasAesHardware(),
    acceptRate: config.limits.accept_rate,
    authTimeoutMs: config.auth.timeout,
    cookieLifetimeMs: config.limits.cookie_lifetime,
    extraHeaders: config.http.headers,
    tunMtu: tunMtu(config),
    logLevel: config.log.level,
  };
}

export const authSettings = (config: Config): AuthSettings => ({
  hosts: [
    hostAuth('', config),
    ...config.vhost.map((host) => hostAuth(host.name.toLowerCase(), host)),
  ],
  stateDir: config.state.dir,
  logLevel: config.log.level,
});

function hostAuth(vhost: string, { auth, tls }: HostConfig): HostAuthSettings {
  const { file, pam, ldap, radius } = auth;
  return {
    vhost,
    chains: auth.chain.map(({ steps }) => steps),
    maxAttempts: auth.max_attempts,
    timeoutMs: auth.timeout,
    selectGroup: auth.select_group,
    backends: {
      file: { path: file.path, otpPath: file.otp_path, renewHashes: file.renew_hashes },
      certificate: { userField: tls.user_field, groupField: tls.group_field },
      pam: { service: pam.service, gidMin: pam.gid_min, accounting: pam.accounting },
      ldap: {
        servers: ldap.url,
        startTls: ldap.start_tls,
        ca: ldap.ca,
        bindPasswordFile: ldap.bind_password_file,
        bindDn: ldap.bind_dn,
        baseDn: ldap.base_dn,
        userFilter: ldap.user_filter,
        groupBaseDn: ldap.group_base_dn,
        groupFilter: ldap.group_filter,
        groupAttribute: ldap.group_attribute,
      },
      radius: {
        servers: radius.servers,
        accountingServers: accountingServers(radius),
        secretFile: radius.secret_file,
        timeoutMs: radius.timeout,
        requireMessageAuthenticator: radius.require_message_authenticator,
        nasIdentifier: radius.nas_identifier,
        accounting: radius.accounting,
        interimIntervalMs: radius.interim_interval,
      },
    },
  };
}

/** The two services of a server are neighbours wherever nobody says otherwise. */
const accountingServers = ({
  servers,
  accounting_servers: named,
}: HostConfig['auth']['radius']): readonly RadiusServer[] =>
  named.length > 0 ? named : servers.map(({ host, port }) => ({ host, port: port + 1 }));

export function sessionLimits({ limits }: Config): SessionLimits {
  return {
    cookieLifetimeMs: limits.cookie_lifetime,
    persistentCookies: limits.persistent_cookies,
    denyRoaming: limits.deny_roaming,
    maxClients: limits.max_clients,
  };
}

/**
 * Never banned, besides ban.allow: the pools, whose addresses are somebody else's tomorrow, and the
 * load balancers, from which everybody comes.
 */
export function banSettings(config: Config): BanSettings {
  const { ban, listen } = config;
  const proxies = listen.proxy_protocol === 'off' ? [] : listen.proxy_trusted;
  return {
    maxScore: ban.max_score,
    durationMs: ban.duration,
    resetAfterMs: ban.reset_after,
    exempt: [...ban.allow, ...poolsOf(config), ...proxies],
    points: { wrongPassword: ban.wrong_password, failedConnect: ban.failed_connect },
  };
}

/** MTU of the TUN device: the upper bound of what any tunnel may carry [oc 5.5]. */
export function tunMtu(config: Config): number {
  const bounds = policyLayers(config).flatMap(({ policy: { mtu } }) => mtu ?? []);
  const mtu = Math.max(...bounds.map((bound) => (bound === 0 ? USUAL_MTU : bound)));
  const ipv6 = poolsOf(config).some(({ address }) => address.family === 6);
  return ipv6 ? Math.max(mtu, SMALLEST_IPV6_MTU) : mtu;
}
