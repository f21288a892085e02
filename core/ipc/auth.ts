// What the primary and the auth process say to each other: settings, logins, accounts.
import type { AliveMessage } from './alive.ts';
import type { MeasuresMessage } from './measures.ts';
import type { SessionAttributes } from '../policy/attributes.ts';
import type { EpochMs, Milliseconds } from '../units.ts';
import type {
  Peer,
  LoginRequest,
  SelectableGroup,
  AuthOutcome,
  TunnelEnd,
  TunnelCounters,
} from './messages.ts';

/** Settings of the auth process; the primary has checked them. */
export interface AuthSettings {
  /** The main server first, then the virtual hosts. */
  readonly hosts: readonly HostAuthSettings[];
  /** Where a backend may keep what must outlive the process (used codes, spooled records). */
  readonly stateDir: string;
  readonly logLevel: string;
}

/** Who may come in at one server name. */
export interface HostAuthSettings {
  /** '' = the main server. */
  readonly vhost: string;
  readonly chains: readonly (readonly string[])[];
  readonly maxAttempts: number;
  readonly timeoutMs: Milliseconds;
  readonly selectGroup: readonly SelectableGroup[];
  readonly backends: BackendSettings;
}

/** What the steps of a chain work with; each backend takes its own part. */
export interface BackendSettings {
  readonly file: {
    readonly path: string;
    readonly otpPath: string;
    readonly renewHashes: boolean;
  };
  readonly certificate: { readonly userField: string; readonly groupField: string };
  readonly pam: {
    readonly service: string;
    readonly gidMin: number;
    readonly accounting: boolean;
  };
  readonly ldap: LdapSettings;
  readonly radius: RadiusSettings;
}

/** As in [auth.ldap]. */
export interface LdapSettings {
  /** From the url; asked in order. */
  readonly servers: readonly LdapServerAddress[];
  readonly startTls: boolean;
  /** Paths; null = none. */
  readonly ca: string | null;
  readonly bindPasswordFile: string | null;
  readonly bindDn: string;
  readonly baseDn: string;
  readonly userFilter: string;
  readonly groupBaseDn: string;
  readonly groupFilter: string;
  readonly groupAttribute: string;
}

/** One server of a directory. */
export interface LdapServerAddress {
  /** TLS from the first byte (ldaps). */
  readonly secure: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface RadiusServer {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** As in [auth.radius]. */
export interface RadiusSettings {
  readonly servers: readonly RadiusServer[];
  readonly accountingServers: readonly RadiusServer[];
  readonly secretFile: string | null;
  readonly timeoutMs: Milliseconds;
  readonly requireMessageAuthenticator: boolean;
  readonly nasIdentifier: string;
  readonly accounting: boolean;
  readonly interimIntervalMs: Milliseconds;
}

export type PrimaryToAuth =
  /** `measure`: say 'measures' every second. */
  | { readonly kind: 'start'; readonly settings: AuthSettings; readonly measure: boolean }
  /** Could it live with these? Nothing changes. */
  | { readonly kind: 'try-settings'; readonly id: number; readonly settings: AuthSettings }
  | { readonly kind: 'configure'; readonly settings: AuthSettings }
  | { readonly kind: 'login'; readonly id: number; readonly request: LoginRequest }
  | { readonly kind: 'accounting'; readonly id: number; readonly record: AccountingRecord };

/** News of a session for backends that keep accounts. */
export interface AccountingRecord {
  readonly event: 'start' | 'interim' | 'stop';
  readonly at: EpochMs;
  /** Unique among all sessions of all runs. */
  readonly id: string;
  readonly vhost: string;
  readonly user: string;
  readonly group: string;
  readonly peer: Peer;
  readonly userAgent: string;
  /** Text; null = none. */
  readonly inside4: string | null;
  readonly inside6: string | null;
  readonly durationMs: Milliseconds;
  /** rx is from the client. */
  readonly traffic: Pick<TunnelCounters, 'rxBytes' | 'rxPackets' | 'txBytes' | 'txPackets'>;
  /** Why it ended; null but for a stop. */
  readonly cause: TunnelEnd | 'expired' | 'logout' | 'displaced' | 'refused' | null;
  readonly attributes: SessionAttributes['accounting'];
}

export type AuthToPrimary =
  | { readonly kind: 'ready' }
  | AliveMessage
  | MeasuresMessage
  /** What 'try-settings' would have come to; null = all is well. */
  | { readonly kind: 'settings-tried'; readonly id: number; readonly problem: string | null }
  | { readonly kind: 'outcome'; readonly id: number; readonly outcome: AuthOutcome }
  /** These records outlive the auth process from now on. */
  | { readonly kind: 'accounting-kept'; readonly ids: readonly number[] };
