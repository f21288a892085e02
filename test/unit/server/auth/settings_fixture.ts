// What an auth process is told in tests, unless a test says otherwise.
import type { AuthSettings, BackendSettings, HostAuthSettings } from '../../../../core/ipc/auth.ts';
import type { LoginRequest } from '../../../../core/ipc/messages.ts';

export const BACKEND_SETTINGS: BackendSettings = {
  file: { path: '/dev/null', otpPath: '/dev/null', renewHashes: true },
  certificate: { userField: 'CN', groupField: 'OU' },
  pam: { service: 'wolfguard', gidMin: 0, accounting: false },
  ldap: {
    servers: [],
    startTls: false,
    ca: null,
    bindPasswordFile: null,
    bindDn: '',
    baseDn: '',
    userFilter: '(uid={user})',
    groupBaseDn: '',
    groupFilter: '(member={dn})',
    groupAttribute: 'cn',
  },
  radius: {
    servers: [],
    accountingServers: [],
    secretFile: null,
    timeoutMs: 1000,
    requireMessageAuthenticator: true,
    nasIdentifier: 'wolfguard',
    accounting: false,
    interimIntervalMs: 600_000,
  },
};

/** One host, the main server, with the step "file". */
export const authSettings = (host: Partial<HostAuthSettings> = {}): AuthSettings => ({
  hosts: [
    {
      vhost: '',
      chains: [['file']],
      maxAttempts: 3,
      timeoutMs: 60_000,
      selectGroup: [],
      backends: BACKEND_SETTINGS,
      ...host,
    },
  ],
  // Nothing can be made there, as root either.
  stateDir: '/dev/null/state',
  logLevel: 'warn',
});

/** Somebody without a certificate begins a login at the main server. */
export const LOGIN: LoginRequest = {
  dialogue: null,
  step: { kind: 'start', group: null, urlGroup: null },
  client: {
    userAgent: '',
    kind: 'unknown',
    mobile: false,
    hostname: '',
    platform: '',
    deviceType: '',
  },
  peer: { address: '192.0.2.1', port: 1 },
  vhost: '',
  certificate: null,
};
